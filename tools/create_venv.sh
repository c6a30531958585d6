#!/bin/sh
# Make the virtual environment, unless it is there: tools/create_venv.sh PYTHON FOLDER
set -eu
python=$1
folder=$2

fail() {
    echo "$*" >&2
    exit 1
}

test -x "$folder/bin/python" && exit 0
command -v "$python" >/dev/null 2>&1 ||
    fail "There is no $python here. Install Python 3.11 or newer, or name one: make PYTHON=/path/to/python3.11"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "Python 3.11 or newer is needed and $python is $("$python" -V). Name another one: make PYTHON=python3.11"
# Debian and Ubuntu keep what makes an environment in a package of its own.
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    package=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    sh "$(dirname "$0")/apt_install.sh" "$package"
fi
"$python" -m venv --clear "$folder"
