#!/bin/sh
# Fetch the sources for tests/conformance/recipes into a folder: for each recipe the
# archive of the old version, and Debian's own patch as fix.patch. Needs Debian and a
# network; what is fetched is held against the digests in the recipes by whoever runs them.
#
# tools/reproducer-sources.sh FOLDER, then FAIRLEAD_SOURCES=FOLDER python -m pytest
#   tests/conformance/test_reproducers.py
set -eu
folder=$(mkdir -p "$1" && cd "$1" && pwd)
apt=$(mktemp -d)
trap 'rm -rf "$apt"' EXIT
mkdir -p "$apt/lists/partial" "$apt/parts"
# The machine's own Debian sources, asked for source packages.
for list in $(grep -ls debian-archive-keyring /etc/apt/sources.list.d/*.sources); do
    sed 's/^Types: .*/Types: deb-src/' "$list" > "$apt/parts/$(basename "$list")"
done
apt_get() {
    apt-get -qq -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$apt/parts" \
        -o Dir::State::lists="$apt/lists" "$@"
}
apt_get update
while read -r name patch; do
    mkdir -p "$folder/$name"
    cd "$folder/$name"
    apt_get source --download-only "$name"
    tar -xJf ./*.debian.tar.xz -O "debian/patches/$patch" > fix.patch
done <<'PATCHES'
cjson 0002-Fix-heap-buffer-overflow.patch
libcue CVE-2023-43641.patch
yajl CVE-2017-16516.patch
c-ares CVE-2022-4904.diff
libxml2 CVE-2025-6170.patch
PATCHES
