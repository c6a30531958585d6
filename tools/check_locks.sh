#!/bin/sh
# Fail if the lock files are not what pyproject.toml asks for. Pins are compared, not hashes: a file added to a
# release that is pinned already is no change of ours, and an installation checks the hashes anyway.
set -eu
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
cp requirements/*.lock "$copy"
sh requirements/compile.sh "$copy"

pins() {
    sed -e '/^ *--hash=/d' -e 's/ *\\$//' "$1"
}

stale=0
for lock in requirements/*.lock; do
    pins "$lock" >"$copy/ours"
    pins "$copy/$(basename "$lock")" >"$copy/wanted"
    diff -u --label "$lock" --label "as pyproject.toml asks" "$copy/ours" "$copy/wanted" || stale=1
done
test $stale = 0 || {
    echo "The lock files do not match pyproject.toml: run 'make lock' and commit what it wrote." >&2
    exit 1
}
echo "Lock files: up to date."
