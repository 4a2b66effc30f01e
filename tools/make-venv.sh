#!/bin/sh
# Make .venv with the newest Python that works, installing the system's venv if lacking.
set -eu
cd "$(dirname "$0")/.."
. tools/install.sh

usable() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

for name in python3.13 python3.12 python3.11 python3; do
    if usable "$name"; then
        python=$name
        break
    fi
done
if [ -z "${python:-}" ]; then
    echo "Fairlead needs Python 3.11 or later; install it and run this again." >&2
    exit 1
fi
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    echo "Python's venv is lacking; installing it through the system's package manager." >&2
    install_package python3-venv "to make an environment for Fairlead"
fi
"$python" -m venv .venv
.venv/bin/python -m pip --version
