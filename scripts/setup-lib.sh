# Shared by scripts/setup and its parts. Sourced by bash, from the repository's root.
# shellcheck shell=bash

# say TEXT: one line of what is being done.
say() {
	[ "${SETUP_QUIET:-}" ] || echo "setup: $*"
}

# die WHAT COMMAND: what is missing, and the one command that mends it.
die() {
	echo "setup: $1" >&2
	echo "setup: to mend it:  $2" >&2
	exit 1
}

# as_root COMMAND...: directly, by sudo, or not at all (status 1).
as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo DEBIAN_FRONTEND=noninteractive "$@"
	else
		return 1
	fi
}

# install_packages NAME...: installs those that are missing.
install_packages() {
	local missing=() name
	if ! command -v dpkg-query >/dev/null; then
		[ "${CUFLIGHT_SKIP_PACKAGES:-}" ] && return
		die "no Debian packages here; wanted are: $*" \
			"install their like, then CUFLIGHT_SKIP_PACKAGES=1 scripts/setup"
	fi
	for name; do
		# A line for each architecture that is known of it.
		# shellcheck disable=SC2016
		case " $(dpkg-query -W -f '${db:Status-Status} ' "$name" 2>/dev/null)" in
		*" installed "*) ;;
		*) missing+=("$name") ;;
		esac
	done
	[ ${#missing[@]} -gt 0 ] || return 0
	say "installing ${missing[*]}"
	export DEBIAN_FRONTEND=noninteractive
	local apt=(apt-get -q -y --no-install-recommends -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0)
	# The lists may be absent, or older than what the mirror still has: then update, and once more.
	if ! as_root "${apt[@]}" install "${missing[@]}" >.deps/apt.log 2>&1; then
		say "updating the package lists"
		as_root "${apt[@]}" update >>.deps/apt.log 2>&1 || true
		as_root "${apt[@]}" install "${missing[@]}" >>.deps/apt.log 2>&1 || {
			grep -E '^(E|W): ' .deps/apt.log | tail -n 5 >&2
			die "packages missing: ${missing[*]} (log: .deps/apt.log)" \
				"sudo sh -c 'apt-get update && apt-get install -y ${missing[*]}'"
		}
	fi
}

# debian_mirror: the address that this machine's own apt fetches Debian from; nothing if it is no Debian.
debian_mirror() {
	# shellcheck disable=SC2016
	apt-get indextargets --format '$(ORIGIN) $(LABEL) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
		awk '$1 == "Debian" && $2 == "Debian" && !found++ { print $3 }'
}

# fetch_debs DIR SUITE PACKAGE...: unpacks Debian packages, non-free ones too, into DIR without installing
# them, from the machine's own mirror; where that has no Debian, from whatever the package sources are.
fetch_debs() {
	local dir=$1 suite=$2 mirror apt=(apt-get -q)
	shift 2
	rm -rf "$dir"
	mkdir -p "$dir/tmp/lists/partial" "$dir/tmp/debs"
	mirror=$(debian_mirror)
	if [ "$mirror" ]; then
		echo "deb $mirror $suite main contrib non-free" >"$dir/tmp/sources.list"
		apt+=(-o "Dir::Etc::sourcelist=$PWD/$dir/tmp/sources.list" -o Dir::Etc::sourceparts=-
			-o "Dir::State::Lists=$PWD/$dir/tmp/lists" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache=
			-o APT::Sandbox::User=root)
		"${apt[@]}" update >>.deps/apt.log 2>&1 || return 1
	fi
	(cd "$dir/tmp/debs" && "${apt[@]}" download "$@") >>.deps/apt.log 2>&1 || return 1
	for deb in "$dir"/tmp/debs/*.deb; do
		dpkg -x "$deb" "$dir"
	done
	rm -rf "$dir/tmp"
}

# make_venv: the Python environment of the tests exists, with pip.
make_venv() {
	[ -x .deps/venv/bin/pip ] && return
	say "making a Python environment in .deps/venv"
	rm -rf .deps/venv
	python3 -m venv .deps/venv >.deps/venv.log 2>&1 || {
		tail -n 3 .deps/venv.log >&2
		die "python3 cannot make a virtual environment" "sudo apt-get install -y python3-venv"
	}
}

# pip_install ARGUMENT...: quietly, with the log kept.
pip_install() {
	.deps/venv/bin/pip --disable-pip-version-check install -q --no-input "$@" >.deps/pip.log 2>&1
}
