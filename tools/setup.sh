#!/bin/sh
# Makes the environment: tools/setup.sh VENV LOCK
#
# Uses uv where the machine has it, venv and pip where not. The registry, proxies and caches are whatever
# pip or uv are set up for on this machine; PYTHON=/path/to/python chooses the Python.
set -eu
venv=$1
lock=$2

die() {
    echo "$1" >&2
    exit 1
}

fits() { # is this a Python that the kit runs on?
    "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null
}

find_python() { # the first Python that fits, or nothing
    for candidate in ${PYTHON:+"$PYTHON"} python3 python3.13 python3.12 python3.11 python; do
        if fits "$candidate"; then
            command -v "$candidate"
            return
        fi
        [ -z "${PYTHON:-}" ] || return 0 # whoever names a Python wants that one or none
    done
}

version_of() {
    "$1" -c 'import sys; print("Python %d.%d" % sys.version_info[:2])' 2>/dev/null || echo "no Python"
}

no_python="This kit needs Python 3.11, 3.12 or 3.13 and found $(version_of "${PYTHON:-python3}"): \
install one of them, or name it: make PYTHON=/path/to/python3.13 …"

if command -v uv >/dev/null 2>&1; then have_uv=yes; else have_uv=; fi

if ! fits "$venv/bin/python"; then
    python=$(find_python)
    if [ "$have_uv" ]; then
        if [ -n "${PYTHON:-}" ] && [ -z "$python" ]; then die "$no_python"; fi
        # Without a Python that fits, uv fetches one.
        uv venv --quiet --clear --python "${python:->=3.11,<3.14}" "$venv"
    else
        [ -n "$python" ] || die "$no_python"
        "$python" -m venv --clear "$venv" ||
            die "Python could not make $venv: on Debian and Ubuntu, install the package python3-venv first."
    fi
fi

echo "Installing $lock into $venv (the first time takes a minute or two) …"
if [ "$have_uv" ]; then
    uv pip install --quiet --python "$venv/bin/python" --compile-bytecode --require-hashes -r "$lock"
    uv pip install --quiet --python "$venv/bin/python" --no-deps --editable .
else
    export PIP_DISABLE_PIP_VERSION_CHECK=1
    "$venv/bin/python" -m pip install --quiet --require-hashes -r "$lock"
    "$venv/bin/python" -m pip install --quiet --no-deps --editable .
fi

# Jupyter's settings, for this environment only.
"$venv/bin/python" tools/jupyter_settings.py
