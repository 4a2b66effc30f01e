#!/bin/sh
# Renew the pinned requirement files: universal, by hash, nothing younger than 7 days.
set -eu
cd "$(dirname "$0")/.."
older=$(python3 -c 'import datetime as d; print(d.date.today() - d.timedelta(days=7))')
compile() {
    output=$1
    shift
    unpinned=$(mktemp)
    uv pip compile --quiet --universal --generate-hashes --python-version 3.11 \
        --exclude-newer "$older" --constraint requirements/bounds.in --no-header \
        --no-annotate --no-emit-index-url "$@" \
        --output-file "$unpinned"
    {
        echo "# Made by 'make pins'; nothing here was published after $older."
        cat "$unpinned"
    } >"$output"
    rm "$unpinned"
}
compile requirements/run.txt pyproject.toml --group build
compile requirements/dev.txt pyproject.toml --all-extras --group build --group dev \
    --constraint requirements/run.txt
