#!/usr/bin/env bash
# Runs a command with a Docker engine of its own, at the usual socket.
#   scripts/engine.sh DIR COMMAND…
# Network, mounts and processes are in namespaces of their own: what the machine
# has of Docker is neither seen nor touched, and with the command all of it ends,
# containers, bridges and firewall rules included, however it ends. There is no
# network outside. What builds cache stays in DIR for the next time.
set -euo pipefail

cgroups=hc-stack # where containers are, in each hierarchy

fail() {
  echo "engine.sh: $*" >&2
  exit 1
}

# outside makes the namespaces, and tidies up what the kernel keeps of them.
outside() {
  [ "$(id -u)" -eq 0 ] || fail "a Docker engine wants root: run this as root"
  mkdir -p "$1"
  exec 9>"$1/lock"
  flock -n 9 || fail "another run uses $1: wait for its end"
  trap forget EXIT
  trap 'kill -KILL "$inside"; exit 1' INT TERM
  setpriv --pdeathsig KILL \
    unshare --net --pid --mount --mount-proc --fork --kill-child "$0" --inside "$@" 9>&- &
  inside=$!
  wait "$inside"
}

# forget removes the groups that containers were in. They are empty, or become so
# within moments where everything was killed.
forget() {
  for _ in {1..20}; do
    find /sys/fs/cgroup -depth -type d -path "*/$cgroups*" -exec rmdir {} + 2>/dev/null && break
    sleep 0.1
  done
}

# inside is process 1: what it leaves ends with it.
inside() {
  local dir=$1
  shift
  busybox ip link set lo up
  mount -t tmpfs tmpfs /run # sockets and locks of the machine's own engine
  mkdir -p /var/lib/docker "$dir/data"
  mount --bind "$dir/data" /var/lib/docker
  mkdir /run/bin # Debian's own first: a client from elsewhere may lack BuildKit
  ln -s /usr/bin/docker /usr/bin/docker-compose /run/bin/
  export DOCKER_HOST=unix:///run/docker.sock DOCKER_CONFIG=/run/docker-config PATH=/run/bin:$PATH:/usr/sbin
  echo '{}' >/run/docker.json
  dockerd --config-file /run/docker.json --cgroup-parent "/$cgroups" >"$dir/log" 2>&1 &
  for _ in {1..300}; do
    docker version >/dev/null 2>&1 && break
    kill -0 $! 2>/dev/null || break
    sleep 0.1
  done
  docker version >/dev/null 2>&1 || {
    tail -5 "$dir/log" >&2
    fail "no Docker engine can be started here, see above and $dir/log"
  }
  # What a run that was killed has left.
  docker ps -aq | xargs -r docker rm -fv >/dev/null
  docker network prune -f >/dev/null
  docker volume prune -f >/dev/null
  docker image prune -af >/dev/null
  "$@"
}

case ${1-} in
  --inside) shift && inside "$@" ;;
  *) outside "$@" ;;
esac
