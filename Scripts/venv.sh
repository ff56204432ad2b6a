#!/bin/sh
# venv.sh [DIRECTORY]: makes it ($CAUSEWAY_VENV or .build/venv by default) with the Python packages that the interop tests talk to.
# Does nothing if it is there and current. Takes Python 3.13 where there is one, by itself or from pyenv, as libdatachannel wants it.
# fastecdsa, which libp2p needs, has no wheel and is compiled: Debian and Ubuntu need python3-venv python3-dev libgmp-dev build-essential.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
wanted=$root/Tests/Interop/requirements.txt
venv=${1:-${CAUSEWAY_VENV:-$root/.build/venv}}
if cmp -s "$wanted" "$venv/installed.txt"; then
    exit 0
fi
python=python3
for one in "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.13.*/bin/python3.13 python3.13; do
    # A shim of pyenv may stand for none.
    if "$one" -m venv --help >/dev/null 2>&1; then python=$one; fi
done
echo "venv.sh: installing $(grep -v '^#' "$wanted" | tr '\n' ' ')into $venv, $("$python" --version)" >&2
"$python" -m venv --clear "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$wanted"
cp "$wanted" "$venv/installed.txt"
