#!/usr/bin/env bash
# The Go code of each proto directory. Its tools are pinned, here and in
# buf.gen.yaml, and come from the Go module proxy; the first run compiles them,
# which takes some minutes.
#   scripts/proto.sh            format, lint, generate
#   scripts/proto.sh check      fails where that would change something, or where
#                               callers of the schema in published.yaml would
#                               break
#   scripts/proto.sh publish    makes published.yaml what the schema is now: with
#                               each release
# internal/rpc/published.yaml stands in the tree, since a clone may have no history.
set -euo pipefail
cd "$(dirname "$0")/.."

# Where a proto directory, its buf.yaml and what is generated of it are.
homes=(internal/rpc bench/peers/straight)

buf() { go run github.com/bufbuild/buf/cmd/buf@v1.75.0 "$@"; }

case ${1-} in
  '')
    for home in "${homes[@]}"; do
      (cd "$home" && buf format -w && buf lint && buf generate)
    done
    ;;
  check)
    fresh=$(mktemp -d)
    trap 'rm -rf "$fresh"' EXIT
    for home in "${homes[@]}"; do
      (
        cd "$home"
        buf format --diff --exit-code
        buf lint
        buf generate -o "$fresh/$home"
        for made in "$fresh/$home"/*; do
          diff -r "$made" "${made##*/}" || {
            echo "proto.sh: $home/${made##*/} is not what its proto says: run make proto and commit" >&2
            exit 1
          }
        done
      )
    done
    cd internal/rpc
    buf breaking --against published.yaml
    ;;
  publish)
    cd internal/rpc
    buf build --exclude-source-info -o published.yaml
    ;;
  *)
    echo 'usage: scripts/proto.sh [check | publish]' >&2
    exit 2
    ;;
esac
