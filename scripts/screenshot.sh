#!/usr/bin/env bash
# Runs `hc demo` in a real terminal and makes docs/demo.svg of its last screen; has
# a batch checked on the gateway's page and makes docs/page.png of what it shows.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/deps.sh tmux chromium
screen=$(mktemp)
pictures=$(mktemp -d)
trap 'tmux -L hc-screenshot kill-server 2>/dev/null || true; rm -rf "$screen" "$pictures"' EXIT

go build -o bin/hc ./cmd/hc
tmux -L hc-screenshot new-session -d -x 122 -y 34 \
  "PATH=$PWD/bin:\$PATH; hc demo; tmux -L hc-screenshot wait-for -S finished; sleep 10"
tmux -L hc-screenshot wait-for finished
tmux -L hc-screenshot capture-pane -e -p >"$screen"
go run github.com/charmbracelet/freeze@v0.2.2 --language ansi --window --padding 20 --font.family monospace --output docs/demo.svg <"$screen"

(cd internal/gateway/browsertest && go test -count=1 -run TestThePageFitsAndCanBeRead -pictures "$pictures" .)
cp "$pictures/page-1000-light.png" docs/page.png
