#!/usr/bin/env bash
# Runs every fuzz target of the module, one after the other, since `go test
# -fuzz` takes one at a time. Goes on past a failure and ends with it.
#   scripts/fuzz.sh 100000x     with so many inputs each
#   scripts/fuzz.sh 30s         for so long each; before Go 1.27 a target may then
#                               fail with "context deadline exceeded" and nothing
#                               wrong (golang/go#75804)
set -euo pipefail

each=${1:?how much each target runs: 100000x or 30s}
found=0
failed=()
for package in $(go list ./...); do
  targets=$(go test -list '^Fuzz' "$package" | grep '^Fuzz' || true)
  for target in $targets; do
    found=$((found + 1))
    echo "== $package $target"
    go test -run '^$' -fuzz "^$target\$" -fuzztime "$each" "$package" || failed+=("$target")
  done
done
[ "$found" -gt 0 ] || { echo "fuzz.sh: no fuzz target found" >&2; exit 1; }
echo "$found fuzz targets, $each each; failed: ${failed[*]:-none}"
[ ${#failed[@]} -eq 0 ]
