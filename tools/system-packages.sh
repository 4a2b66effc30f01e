#!/bin/sh
# Install what the tests need of the system: a Chromium for the pages. Where that cannot
# be, the tests of the pages say so and are skipped, but in CI it is a failure.
set -eu
. "$(dirname "$0")/install.sh"
for name in chromium chromium-browser google-chrome; do
    if command -v "$name" >/dev/null; then
        exit 0
    fi
done
install_package "to look at the pages as a person would" chromium chromium-browser ||
    [ -z "${CI:-}" ]
