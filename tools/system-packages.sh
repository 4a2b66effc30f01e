#!/bin/sh
# Install what the tests need of the system: a Chromium for the pages.
set -eu
. "$(dirname "$0")/install.sh"
for name in chromium chromium-browser google-chrome; do
    if command -v "$name" >/dev/null; then
        exit 0
    fi
done
install_package chromium "to look at the pages as a person would"
