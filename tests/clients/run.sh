#!/usr/bin/env bash
# Real clients against the real binary. Extra arguments go to pytest: `tests/clients/run.sh -k browser`.
#
#   STAVES_BIN      the binary to test (default: target/release/staves, which is built when it is missing)
#   STAVES_FULL     1: the memory test with its full sizes, 16 uploads of 1 GiB
#   STAVES_BROWSER  required: without Chromium the browser test fails instead of being skipped
#   STAVES_CLIENTS  required: without Go, Maven or rclone their tests fail instead of being skipped
set -euo pipefail
cd "$(dirname "$0")"
root=$(cd ../.. && pwd)

if [[ -z ${STAVES_BIN:-} ]]; then
    STAVES_BIN=${CARGO_TARGET_DIR:-$root/target}/release/staves
    [[ -x $STAVES_BIN ]] || (cd "$root" && cargo build --release --locked)
fi
export STAVES_BIN

# What is pinned is installed once, and again when it changes.
if ! cmp -s requirements.txt .venv/installed.txt; then
    python3 -m venv .venv
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --requirement requirements.txt
    cp requirements.txt .venv/installed.txt
fi

# Esri's package declares far more than its upload part imports: it has a Python of its own, with just that.
if ! cmp -s esri/requirements.txt esri/.venv/installed.txt; then
    python3 -m venv esri/.venv
    esri/.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --requirement esri/requirements.txt
    cp esri/requirements.txt esri/.venv/installed.txt
fi

# s3fs wants an older botocore than boto3 does.
if ! cmp -s python/requirements.txt python/.venv/installed.txt; then
    python3 -m venv python/.venv
    python/.venv/bin/python -m pip install --quiet --disable-pip-version-check --requirement python/requirements.txt
    cp python/requirements.txt python/.venv/installed.txt
fi

exec .venv/bin/python -m pytest -p no:cacheprovider "$@"
