#!/usr/bin/env bash
# Runs every fuzz target of the module for a while, one after the other, since
# `go test -fuzz` takes one at a time. Goes on past a failure and ends with it.
#   scripts/fuzz.sh 30s
set -euo pipefail

duration=${1:?how long each target runs, e.g. 30s}
found=0
failed=()
for package in $(go list ./...); do
  targets=$(go test -list '^Fuzz' "$package" | grep '^Fuzz' || true)
  for target in $targets; do
    found=$((found + 1))
    echo "== $package $target"
    go test -run '^$' -fuzz "^$target\$" -fuzztime "$duration" "$package" || failed+=("$target")
  done
done
[ "$found" -gt 0 ] || { echo "fuzz.sh: no fuzz target found" >&2; exit 1; }
echo "$found fuzz targets, $duration each; failed: ${failed[*]:-none}"
[ ${#failed[@]} -eq 0 ]
