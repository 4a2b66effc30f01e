#!/bin/sh
# Make .venv with the newest Python that works, installing the system's venv if lacking.
set -eu
cd "$(dirname "$0")/.."
. tools/install.sh

usable() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }
complete() { "$1" -c 'import ensurepip, venv' 2>/dev/null; }

python=
for name in python3.13 python3.12 python3.11 python3; do
    usable "$name" || continue
    python=${python:-$name}
    if complete "$name"; then
        python=$name
        break
    fi
done
if [ -z "$python" ]; then
    echo "Fairlead needs Python 3.11 or later; install it and run this again." >&2
    exit 1
fi
if ! complete "$python"; then
    echo "Python's venv is lacking; installing it through the system's package manager." >&2
    install_package "to make an environment for Fairlead" "$python-venv" python3-venv
fi
"$python" -m venv .venv
