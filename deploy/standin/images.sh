#!/usr/bin/env bash
# Images by the vendors' names, made of Debian's programs, our own builds and this
# machine's Go, for an engine that can pull nothing. They show that the stack is
# wired well, not that the vendors' images are. For a throw-away engine only: they
# take the names.
#   deploy/standin/images.sh BIN GOPROXY
#     BIN      where cadvisor and target are, as built from beside this
#     GOPROXY  the modules of a build of hc, as a Go module proxy has them
set -euo pipefail
cd "$(dirname "$0")/../.."
bin=$1 goproxy=$2
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

# named IMAGE: with the tag that the Dockerfile and docker-compose.yml pin.
named() {
  grep -ohP "(image: |FROM (--platform=\S+ )?)\K\Q$1\E:\S+" Dockerfile docker-compose.yml | sed -n 1p
}

# files DIR: certificates, and who is who.
files() {
  mkdir -p "$1"/{etc/ssl/certs,tmp,proc,sys,dev}
  chmod 1777 "$1/tmp"
  cp /etc/ssl/certs/ca-certificates.crt "$1/etc/ssl/certs/"
  printf '%s\n' root:x:0:0::/root:/bin/sh nobody:x:65534:65534::/:/bin/false >"$1/etc/passwd"
  printf '%s\n' root:x:0: nobody:x:65534: >"$1/etc/group"
}

# shell DIR: busybox, by the names of all that it is.
shell() {
  mkdir -p "$1/bin"
  program "$1" /bin/busybox
  chroot "$1" /bin/busybox --install -s /bin
}

# program DIR FILE: with the libraries it wants, at the same places.
program() {
  local file
  for file in "$2" $(ldd "$2" 2>/dev/null | grep -oE '/[^ ]+'); do
    install -D "$file" "$1$file"
  done
}

# image NAME DIR CHANGE…: what is in DIR, as NAME.
image() {
  local name=$1 dir=$2 changes=()
  shift 2
  for change in "$@"; do changes+=(--change "$change"); done
  tar -C "$dir" -c . | docker import "${changes[@]}" - "$name" >/dev/null
  docker images --format '{{.Repository}}:{{.Tag}} {{.Size}}' "$name"
}

files "$root/redis"
shell "$root/redis"
program "$root/redis" /usr/bin/redis-server
program "$root/redis" /usr/bin/redis-cli
mkdir "$root/redis/data"
# Theirs is built without protected mode.
image "$(named redis)" "$root/redis" 'WORKDIR /data' 'VOLUME /data' \
  'ENTRYPOINT ["/bin/sh", "-c", "exec \"$@\" --protected-mode no", "sh"]' 'CMD ["redis-server"]'

files "$root/prometheus"
shell "$root/prometheus"
program "$root/prometheus" /usr/bin/prometheus
install -d -o 65534 -g 65534 "$root/prometheus/prometheus"
install -d "$root/prometheus/etc/prometheus"
image "$(named prom/prometheus)" "$root/prometheus" 'USER nobody' 'WORKDIR /prometheus' 'VOLUME /prometheus' \
  'ENTRYPOINT ["/usr/bin/prometheus"]'

files "$root/cadvisor"
shell "$root/cadvisor"
install -D "$bin/cadvisor" "$root/cadvisor/usr/bin/cadvisor"
image "$(named gcr.io/cadvisor/cadvisor)" "$root/cadvisor" 'ENTRYPOINT ["/usr/bin/cadvisor"]'

files "$root/target"
install -D "$bin/target" "$root/target/target"
image hc-standin/target:ci "$root/target" 'ENTRYPOINT ["/target"]'

files "$root/static"
image "$(named gcr.io/distroless/static-debian12)" "$root/static" 'USER 65532'

files "$root/golang"
shell "$root/golang"
mkdir -p "$root/golang/usr/local/go" "$root/golang/goproxy"
cp -a "$(go env GOROOT)"/{bin,pkg,src,lib,go.env,VERSION} "$root/golang/usr/local/go/"
cp -a "$goproxy/." "$root/golang/goproxy/"
image "$(named golang)" "$root/golang" 'ENV PATH=/usr/local/go/bin:/bin' 'ENV GOTOOLCHAIN=local' \
  'ENV GOPROXY=file:///goproxy' 'ENV GOSUMDB=off' 'WORKDIR /go'
