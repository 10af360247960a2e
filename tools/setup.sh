#!/usr/bin/env bash
# Everything that the program, its demo and its tests need, from a fresh machine. `make setup` runs it.
#
#   1. Debian packages       tools/system-packages.txt
#   2. .venv                 what requirements.lock names, by hash, and this project itself, editable
#   3. npm parts             tests/interop/node and page, by their locks
#   4. .venv/witness         a witness that others wrote, for the tests, by hash
#
# Each step looks first whether its work is done, so a second run costs nothing.
set -euo pipefail
cd "$(dirname "$0")/.."

digest() { # of the files given and of the text on standard input: what a finished step was made from
    cat - "$@" | sha256sum | cut -d ' ' -f 1
}

# ---- A Python of 3.11 or newer: the one named in PYTHON, else the first that fits.
fits() {
    command -v "$1" >/dev/null && "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}
python=
for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11 python3.14}; do
    if fits "$candidate"; then python=$candidate && break; fi
done
if [ -z "$python" ]; then
    echo "Python 3.11 or newer is needed; name one with PYTHON=/path/to/python make setup" >&2
    exit 1
fi

# ---- 1. System packages. Debian cuts `venv` out of its Python.
venv_package=()
"$python" -c 'import ensurepip, venv' 2>/dev/null || venv_package=(python3-venv)
bash tools/system-packages.sh tools/system-packages.txt ${venv_package[@]+"${venv_package[@]}"}

# ---- 2. The virtual environment. The folder is part of the stamp: scripts in a moved one point elsewhere.
wanted=$(printf '%s\n' "$PWD" "$("$python" -VV)" | digest requirements.lock pyproject.toml tools/setup.sh)
stamp=.venv/.made-from
if [ "$(cat "$stamp" 2>/dev/null || true)" != "$wanted" ] || ! .venv/bin/python -c '' 2>/dev/null; then
    echo "making .venv"
    rm -f "$stamp"
    "$python" -m venv --clear .venv
    # uv comes by hash from the same lock, and keeps to the index that pip was told of, if any.
    awk '/^[^ ]/ { wanted = /^uv==/ } wanted && !/^ *#/' requirements.lock >.venv/uv.lock
    .venv/bin/pip install -q --disable-pip-version-check --require-hashes --no-deps -r .venv/uv.lock
    index=$(.venv/bin/pip config get global.index-url 2>/dev/null || true)
    index=${PIP_INDEX_URL:-$index}
    if [ -n "$index" ]; then export UV_DEFAULT_INDEX="${UV_DEFAULT_INDEX:-$index}"; fi
    export UV_PYTHON_DOWNLOADS=never VIRTUAL_ENV="$PWD/.venv"
    .venv/bin/uv pip sync -q --compile-bytecode --require-hashes requirements.lock
    .venv/bin/uv pip install -q --no-deps --no-build-isolation -e .
    printf '%s\n' "$wanted" >"$stamp"
fi

# ---- 3. The npm parts. No audit: it would tell a registry what we use.
for node_part in tests/interop/node page; do
    wanted=$(node --version | digest "$node_part/package.json" "$node_part/package-lock.json")
    stamp=$node_part/node_modules/.made-from
    if [ "$(cat "$stamp" 2>/dev/null || true)" != "$wanted" ]; then
        echo "installing $node_part"
        (cd "$node_part" && npm ci --silent --no-audit --no-fund --ignore-scripts --no-update-notifier)
        printf '%s\n' "$wanted" >"$stamp"
    fi
done

# ---- 4. A witness that others wrote. Its packages ask for a newer Python than their code needs, so pip installs them
#         aside, where no import path leads; what they need themselves is in .venv.
wanted=$("$python" -VV | digest tests/interop/witness/requirements.txt)
stamp=.venv/witness/.made-from
if [ "$(cat "$stamp" 2>/dev/null || true)" != "$wanted" ]; then
    echo "installing tests/interop/witness"
    rm -rf .venv/witness
    .venv/bin/pip install -q --disable-pip-version-check --require-hashes --no-deps --ignore-requires-python \
        --no-compile --target .venv/witness -r tests/interop/witness/requirements.txt
    printf '%s\n' "$wanted" >"$stamp"
fi
