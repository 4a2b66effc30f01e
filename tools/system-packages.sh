#!/bin/sh
# Install what the tests need of the system: a Chromium for the pages, and a library of
# the program that steers it. Where no Chromium can be had, the tests of the pages say so
# and are skipped, but in CI it is a failure.
set -eu
cd "$(dirname "$0")/.."
. tools/install.sh

driver=$(.venv/bin/python -c '
from importlib.util import find_spec
from pathlib import Path
print(Path(find_spec("playwright").origin).parent / "driver" / "node")')
if ! "$driver" --version >/dev/null 2>&1; then
    install_package "which Playwright's driver needs" libatomic1 libatomic
fi

for name in chromium chromium-browser google-chrome; do
    if command -v "$name" >/dev/null; then
        exit 0
    fi
done
install_package "to look at the pages as a person would" chromium chromium-browser ||
    [ -z "${CI:-}" ]
