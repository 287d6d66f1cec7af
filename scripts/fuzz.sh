#!/usr/bin/env bash
# Runs every fuzz target of the module, two at a time on two cores: `go test
# -fuzz` takes one at a time, and with a core each they waste none while one of
# them compiles or reads its corpus. Goes on past a failure and ends with it.
#   scripts/fuzz.sh 100000x     with so many inputs each
#   scripts/fuzz.sh 30s         for so long each
# An input that brings something new is made shorter for a second at most; with
# Go's own minute a target may stand still for all of its time.
set -euo pipefail

each=${1:?how much each target runs: 100000x or 30s}
said=$(mktemp -d)
trap 'rm -rf "$said"' EXIT

# fuzz PACKAGE TARGET: one target, by itself. Its output is shown where it fails.
fuzz() {
  local package=$1 target=$2 out=$said/$2 begun=$SECONDS
  if ! go test -run '^$' -fuzz "^$target\$" -fuzztime "$each" -fuzzminimizetime 1s -parallel 1 "$package" >"$out" 2>&1; then
    # Before Go 1.27 the end of the time may be taken for a failure
    # (golang/go#75804). One that is real leaves its input behind.
    if ! grep -q 'context deadline exceeded' "$out" || grep -q 'Failing input' "$out"; then
      cat "$out"
      echo "FAILED $package $target"
      touch "$out.failed"
      return
    fi
  fi
  printf '%3d s  %s  %s\n' $((SECONDS - begun)) "$target" "$(grep -o 'execs: [0-9]*.*' "$out" | tail -1)"
}
export -f fuzz
export said each

for package in $(go list ./...); do
  go test -list '^Fuzz' "$package" | sed -n "s|^Fuzz.*|$package &|p"
done >"$said/targets"
found=$(wc -l <"$said/targets")
[ "$found" -gt 0 ] || { echo "fuzz.sh: no fuzz target found" >&2; exit 1; }
xargs -P "$(nproc)" -L 1 bash -c 'fuzz "$@"' fuzz <"$said/targets"
failed=$(find "$said" -name '*.failed' -exec basename -s .failed {} \;)
echo "$found fuzz targets, $each each, in $SECONDS s; failed: ${failed:-none}"
[ -z "$failed" ]
