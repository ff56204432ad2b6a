#!/usr/bin/env bash
# Puts the built command where shells find it, with its completions and its manual page.
#   install-command.sh PROGRAM PREFIX             under $DESTDIR$PREFIX; whatever is there of an earlier one is replaced
#   install-command.sh --remove PREFIX            removes the same files
set -euo pipefail
[ $# = 2 ] || { sed -n 2,4p "$0" >&2; exit 2; }
prefix=${DESTDIR:-}$2
program=$prefix/bin/causeway
manual=$prefix/share/man/man1/causeway.1
bash=$prefix/share/bash-completion/completions/causeway
zsh=$prefix/share/zsh/site-functions/_causeway
fish=$prefix/share/fish/vendor_completions.d/causeway.fish
if [ "$1" = --remove ]; then
  rm -fv "$program" "$manual" "$bash" "$zsh" "$fish"
  exit
fi
new=$(mktemp -d)
trap 'rm -rf "$new"' EXIT
for shell in bash zsh fish; do "$1" completions "$shell" >"$new/$shell"; done
"$1" manual >"$new/manual"
put() { # MODE FROM TO
  mkdir -p "$(dirname "$3")"
  install -m "$1" "$2" "$3"
  echo "$3"
}
put 755 "$1" "$program"
put 644 "$new/manual" "$manual"
put 644 "$new/bash" "$bash"
put 644 "$new/zsh" "$zsh"
put 644 "$new/fish" "$fish"
