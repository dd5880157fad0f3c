# Shared by the probe's scripts. Sourced by bash.
# shellcheck shell=bash

# wheel_files PATTERN: what matches PATTERN below any directory of this Python's path, a line each.
wheel_files()
{
	python3 -c 'import glob, sys
for path in sys.path:
	for found in glob.glob(path + "/" + sys.argv[1]):
		print(found)' "$1" 2>/dev/null
}
