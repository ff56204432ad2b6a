#!/usr/bin/env bash
# Scripts/dist.sh [DIRECTORY]: the browser's package in Web/dist and its examples as DIRECTORY/causeway-web-VERSION.tar.gz (.build), which
# npm can install, too. Prints its name, size and SHA-256. One commit always makes the same bytes.
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
out=$(realpath -m "${1:-$here/.build}")
version=$(sed -n 's/^  "version": "\(.*\)",$/\1/p' "$here/Web/package.json")
name=causeway-web-$version
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

mkdir -p "$out" "$folder/$name/examples"
cd "$here/Web/dist"
cp causeway.* package.json README.md NOTICE* LICENSE* "$folder/$name"
cp "$here"/Examples/web/* "$folder/$name/examples"
time=${SOURCE_DATE_EPOCH:-$(git -C "$here" log -1 --format=%ct)}
tar -C "$folder" --sort=name --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX --mtime="@$time" -cf - "$name" | gzip -9n >"$out/$name.tar.gz"
printf '%s  %d bytes  sha256 %s\n' "$out/$name.tar.gz" "$(wc -c <"$out/$name.tar.gz")" "$(sha256sum "$out/$name.tar.gz" | cut -d' ' -f1)"
