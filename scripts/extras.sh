#!/usr/bin/env bash
# Writes what goes with the program into a directory: the manual page and the
# completion scripts.
#   scripts/extras.sh DIR
set -euo pipefail
cd "$(dirname "$0")/.."

dir=$1
mkdir -p "$dir"
hc=$(mktemp)
trap 'rm -f "$hc"' EXIT
go build -o "$hc" ./cmd/hc
"$hc" man | gzip -9n >"$dir/hc.1.gz" # -n: no time in it, so that it is the same each time
for shell in bash zsh fish; do
  "$hc" completion "$shell" >"$dir/hc.$shell"
done
