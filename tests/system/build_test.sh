#!/usr/bin/env bash
# Shows that `make` looks for nothing in the working directory when it is given an empty O, and that `make demo` does
# not set up what only tests need.
set -u
cd "$CUFLIGHT_ROOT" || exit 1

out=$(make -n O= help 2>&1)
[ $? = 2 ] || { echo "make O=: not refused: $out"; exit 1; }
case $out in *"O= names no directory"*) ;; *) echo "make O=: $out"; exit 1 ;; esac

out=$(make -n O="$CUFLIGHT_BUILD" demo 2>&1) || { echo "make -n demo: $out"; exit 1; }
case $out in *"scripts/setup --demo"*) ;; *) echo "make demo sets up everything: $out"; exit 1 ;; esac
out=$(bash -x scripts/setup --demo 2>&1) || { echo "scripts/setup --demo: $out"; exit 1; }
case $out in *scripts/setup-python*) echo "scripts/setup --demo installs Python packages"; exit 1 ;; esac
exit 0
