#!/bin/sh
# Debian says "remove", RPM the number of versions that stay: 0.
set -eu
[ -d /run/systemd/system ] || exit 0
case "${1:-}" in
  remove | 0) systemctl disable --now hc-gateway.service hc-worker.service ;;
esac
