#!/bin/sh
# Install what the tests need of the system: a Chromium for the pages, a library of the
# program that steers it, bubblewrap for the sandbox, and Go with the libraries of its checksum database, by which
# others verify the record. Where Chromium or Go cannot be had, the tests that need it say
# so and are skipped, but in CI it is a failure.
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

if ! command -v go >/dev/null; then
    without_recommended=yes install_package "to verify the record with other tools" \
        golang-go golang go || [ -z "${CI:-}" ]
fi
if [ ! -d "${FAIRLEAD_GOPATH:-/usr/share/gocode}/src/golang.org/x/mod/sumdb" ]; then
    without_recommended=yes install_package "for Go to verify the record" \
        golang-golang-x-mod-dev golang-x-mod-devel || [ -z "${CI:-}" ]
fi

if ! command -v bwrap >/dev/null; then
    install_package "to run what nobody trusts behind walls" bubblewrap bubblewrap ||
        [ -z "${CI:-}" ]
fi
if ! command -v runsc >/dev/null; then
    install_package "for the second level of sandbox, gVisor" runsc gvisor || true
fi

for name in chromium chromium-browser google-chrome; do
    if command -v "$name" >/dev/null; then
        exit 0
    fi
done
install_package "to look at the pages as a person would" chromium chromium-browser ||
    [ -z "${CI:-}" ]
