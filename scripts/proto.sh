#!/usr/bin/env bash
# The Go code of internal/rpc/proto. Its tools are pinned, here and in
# buf.gen.yaml, and come from the Go module proxy; the first run compiles them,
# which takes some minutes.
#   scripts/proto.sh               format, lint, generate
#   scripts/proto.sh check [REF]   fails where the committed code is not what is
#                                  generated, or callers as of REF (HEAD) would
#                                  break
set -euo pipefail
cd "$(dirname "$0")/../internal/rpc"

buf() { go run github.com/bufbuild/buf/cmd/buf@v1.75.0 "$@"; }

case ${1-} in
  '')
    buf format -w
    buf lint
    buf generate
    ;;
  check)
    buf format --diff --exit-code
    buf lint
    fresh=$(mktemp -d)
    trap 'rm -rf "$fresh"' EXIT
    buf generate -o "$fresh"
    diff -r "$fresh/hcpb" hcpb || {
      echo 'proto.sh: internal/rpc/hcpb is not what its proto says: run scripts/proto.sh and commit' >&2
      exit 1
    }
    buf breaking --against "$(git rev-parse --path-format=absolute --git-common-dir)#ref=${2-HEAD},subdir=internal/rpc"
    ;;
  *)
    echo 'usage: scripts/proto.sh [check [REF]]' >&2
    exit 2
    ;;
esac
