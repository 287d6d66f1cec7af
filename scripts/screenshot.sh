#!/usr/bin/env bash
# Runs `hc demo` in a real terminal and makes docs/demo.svg of its last screen.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/deps.sh tmux
screen=$(mktemp)
trap 'tmux -L hc-screenshot kill-server 2>/dev/null || true; rm -f "$screen"' EXIT

go build -o bin/hc ./cmd/hc
tmux -L hc-screenshot new-session -d -x 122 -y 34 \
  "PATH=$PWD/bin:\$PATH; hc demo; tmux -L hc-screenshot wait-for -S finished; sleep 10"
tmux -L hc-screenshot wait-for finished
tmux -L hc-screenshot capture-pane -e -p >"$screen"
go run github.com/charmbracelet/freeze@v0.2.2 --language ansi --window --padding 20 --font.family monospace --output docs/demo.svg <"$screen"
