#!/usr/bin/env bash
# Installs the programs that tests and benchmarks run for real, where they are
# missing; says nothing where all are there.
#   scripts/deps.sh redis-server nginx …      (names of commands)
set -euo pipefail

# package_of COMMAND: the packages that bring it on Debian and its kin.
package_of() {
  case $1 in
    cc) echo gcc libc6-dev ;; # the race detector is built with cgo
    dockerd) echo docker.io ;;
    node) echo nodejs ;;
    busybox) echo busybox-static ;;
    ip) echo iproute2 ;;
    chromium) echo chromium fonts-liberation ;; # without a font a page is empty boxes
    nginx) echo nginx-light libnginx-mod-http-echo ;;
    *) echo "$1" ;;
  esac
}

present() {
  command -v "$1" >/dev/null || return 1
  # The slow targets of the benchmarks need a module beside nginx itself.
  [ "$1" != nginx ] || [ -e /usr/lib/nginx/modules/ngx_http_echo_module.so ]
}

missing=()
for command in "$@"; do
  present "$command" || missing+=("$command")
done
[ ${#missing[@]} -gt 0 ] || exit 0

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

echo "installing ${missing[*]}" >&2
if command -v apt-get >/dev/null; then
  packages=()
  for command in "${missing[@]}"; do
    read -ra more < <(package_of "$command")
    packages+=("${more[@]}")
  done
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
elif command -v brew >/dev/null; then
  # redis-server comes with redis; cc with Xcode's command line tools.
  brew install --quiet "${missing[@]/redis-server/redis}"
fi

for command in "${missing[@]}"; do
  present "$command" || {
    echo "deps.sh: $command is missing and could not be installed: install it with your system's package manager, then run this again" >&2
    exit 1
  }
done
