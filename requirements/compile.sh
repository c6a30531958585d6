#!/bin/sh
# Compile the lock files into the folder given; existing pins there are kept as long as pyproject.toml allows them.
set -eu
target=$1
compile() {
    .venv/bin/uv pip compile --quiet --generate-hashes --no-header --no-annotate --universal --python-version 3.11 "$@"
}
build_requirements() {
    .venv/bin/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"])'
}
compile --extra dev pyproject.toml --output-file "$target/dev.lock"
compile --constraint "$target/dev.lock" pyproject.toml --output-file "$target/runtime.lock"
build_requirements | compile --constraint "$target/dev.lock" - --output-file "$target/build.lock"
compile --constraint "$target/dev.lock" --extra bench pyproject.toml --output-file "$target/bench.lock"
