#!/usr/bin/env bash
# Installs what is missing of the system's packages, and says what.   install.sh build | web | test | browsers
set -euo pipefail

# Debian's name and Homebrew's name of each; a part after ':' names the file that proves it where pkg-config cannot.
build=(libuv1-dev=libuv libssl-dev=openssl@3 libsodium-dev=libsodium libgcrypt20=libgcrypt libc-ares-dev=c-ares pkg-config=pkgconf)
web=(binaryen=binaryen python3-pip= ca-certificates= esbuild=esbuild)
test=(iproute2= nftables= miniupnpd-nftables= python3-venv= python3-dev= libgmp-dev=gmp build-essential= openssl=openssl@3 node-typescript=typescript)
browsers=(chromium= firefox-esr=)

want=("${build[@]}")
[ "${1:-build}" = web ] && want+=("${web[@]}")
[ "${1:-build}" = test ] && want+=("${web[@]}" "${test[@]}")
[ "${1:-build}" = browsers ] && want=("${browsers[@]}")

if [ "$(uname)" = Darwin ]; then
  missing=()
  for pair in "${want[@]}"; do
    name=${pair#*=}
    [ -z "$name" ] || brew list --versions "$name" >/dev/null 2>&1 || missing+=("$name")
  done
  [ ${#missing[@]} -eq 0 ] && exit 0
  echo "installing by Homebrew: ${missing[*]}"
  exec brew install "${missing[@]}"
fi

missing=()
for pair in "${want[@]}"; do
  name=${pair%%=*}
  dpkg-query -W -f='${Status}' "$name" 2>/dev/null | grep -q 'install ok installed' || missing+=("$name")
done
[ ${#missing[@]} -eq 0 ] && exit 0
command -v apt-get >/dev/null || { echo "cannot install ${missing[*]}: no apt-get here; install them by hand" >&2; exit 1; }
sudo=()
[ "$(id -u)" = 0 ] || sudo=(sudo)
echo "installing by apt: ${missing[*]}"
apt=("${sudo[@]}" apt-get -qq -o DPkg::Lock::Timeout=300)
log=$(mktemp)
if ! { "${apt[@]}" update && DEBIAN_FRONTEND=noninteractive "${apt[@]}" install -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
  cat "$log" >&2
  echo "apt could not install: ${missing[*]}" >&2
  exit 1
fi
rm -f "$log"
