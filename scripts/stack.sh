#!/usr/bin/env bash
# The container stack, run for real: builds the image, brings up docker-compose.yml
# with stand-ins for the vendors' images, and puts it through what deploy/compose/
# accept.sh says. Grafana is left out: there is no stand-in for it.
# Wants root, for an engine in namespaces of its own (engine.sh). HC_STACK_DIR is
# what is kept for the next time, 1 GB: /var/tmp/hc-stack.
set -euo pipefail
cd "$(dirname "$0")/.."
dir=${HC_STACK_DIR:-/var/tmp/hc-stack}

scripts/deps.sh dockerd docker-compose iptables busybox redis-server prometheus jq curl
mkdir -p "$dir"

echo "== what there is no image of, built (0 s)"
CGO_ENABLED=0 go build -C deploy/standin -trimpath -ldflags '-s -w' -o "$dir/bin/" ./...

echo "== what the engine, which has no network, needs of the outside ($SECONDS s)"
# A build in a module cache of its own fetches what a build needs, and no more.
modules=$(go env GOMODCACHE)/cache/download
GOMODCACHE=$dir/modules GOFLAGS=-modcacherw GOPROXY=file://$modules,$(go env GOPROXY) go list -deps ./cmd/hc >/dev/null

go build -C deploy/verify -o /dev/null . # what asks the panels

scripts/engine.sh "$dir/engine" deploy/compose/accept.sh "$dir/bin" "$dir/modules/cache/download"
echo "== all well ($SECONDS s)"
