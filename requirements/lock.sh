#!/bin/sh
# Pins every package by hash, without the address of an index. Run it when pyproject.toml changes; needs uv.
set -eu
cd "$(dirname "$0")/.."
pin() { uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header "$@"; }
pin --group build -o requirements/build.txt
pin --extra sandbox -o requirements/runtime.txt pyproject.toml
pin --extra kubeletplugin --extra controller --extra webhook -o requirements/image.txt pyproject.toml
pin --extra sandbox --group dev --group build -o requirements/dev.txt pyproject.toml
