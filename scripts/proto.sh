#!/usr/bin/env bash
# The Go code of each proto directory. Its tools are pinned, here and in
# buf.gen.yaml, and come from the Go module proxy; the first run compiles them,
# which takes some minutes.
#   scripts/proto.sh               format, lint, generate
#   scripts/proto.sh check [REF]   fails where the committed code is not what is
#                                  generated, or callers as of REF (HEAD) would
#                                  break
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
            echo "proto.sh: $home/${made##*/} is not what its proto says: run scripts/proto.sh and commit" >&2
            exit 1
          }
        done
      )
    done
    cd internal/rpc
    buf breaking --against "$(git rev-parse --path-format=absolute --git-common-dir)#ref=${2-HEAD},subdir=internal/rpc"
    ;;
  *)
    echo 'usage: scripts/proto.sh [check [REF]]' >&2
    exit 2
    ;;
esac
