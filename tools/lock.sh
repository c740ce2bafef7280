#!/bin/sh
# Writes the locks with the given uv: one resolution each for every system and every Python of the kit,
# with hashes, and without the name of any registry.
set -eu
uv=$1

lock() { # lock FILE ARGUMENT…: the file, with a first line that says how to make it
    file=$1
    shift
    "$uv" pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
        --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
        "$@" --output-file "$file" pyproject.toml
    { echo "# Pinned on $(date -u +%F)."; cat "$file"; } >"$file.new" && mv "$file.new" "$file"
}

lock requirements.lock
# The same versions again, so that both can be installed into one environment.
lock requirements-dev.lock --constraint requirements.lock --group dev --group bench
