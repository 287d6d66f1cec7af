#!/usr/bin/env bash
# What the stack must do, done to it: up, a batch, a scrape, scaled, Redis stopped,
# a worker cut off and restarted, a gateway restarted, down. Says what it sees, and
# ends with the first thing that is not as it must be. Run by scripts/stack.sh, in
# an engine where nothing else is.
#   deploy/compose/accept.sh BIN GOPROXY     (see deploy/standin/images.sh)
# HC_PICTURES=DIR draws the dashboard Containers there before it goes down.
set -euo pipefail
cd "$(dirname "$0")/../.."
export COMPOSE_PROJECT_NAME=hc COMPOSE_DOCKER_CLI_BUILD=1 DOCKER_BUILDKIT=1
VERSION=$(git describe --tags --always 2>/dev/null || echo ci)
export VERSION
prometheus=http://127.0.0.1:9093
work=$(mktemp -d)

compose() { docker-compose -f docker-compose.yml -f deploy/compose/ci.yml "$@"; }
step() { printf '== %s (%d s)\n' "$*" "$SECONDS"; }
fail() {
  echo "accept.sh: $*" >&2
  compose ps >&2
  compose logs --tail 20 >&2
  exit 1
}

# until SECONDS COMMAND…: tries until it succeeds.
until_true() {
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    [ "$SECONDS" -lt "$end" ] || fail "in vain: $*"
    sleep 0.5
  done
}

# healthy: every container that runs is.
healthy() {
  [ -z "$(docker ps -q --filter health=starting --filter health=unhealthy)" ]
}

# batch N PATH: a request for N pages of the target, none from a cache.
batch() {
  jq -nc --argjson n "$1" --arg path "$2" \
    '{no_cache: true, timeout_ms: 40000, urls: [range($n) | "http://target\($path)?\(.)"]}'
}

# ask: posts what is on stdin.
ask() {
  curl -sS --fail-with-body -m 90 -H 'Content-Type: application/json' -d @- http://127.0.0.1:8080/check
}

# whole N FILE: an answer to N URLs that has each of them, passed.
whole() {
  jq -e --argjson n "$1" '(.results | length == $n and all(.outcome == "pass")) and .summary.total == $n' "$2" >/dev/null
}

# asked N PATH: a batch, whose answer is whole and goes to stdout by worker.
asked() {
  batch "$1" "$2" | ask >"$work/answer" || fail "no answer: $(cat "$work/answer")"
  whole "$1" "$work/answer" || fail "not whole: $(jq -c '.summary, (.results | map(select(.outcome != "pass")) | .[:3])' "$work/answer")"
  by_worker "$work/answer"
}
by_worker() { jq -c '.results | group_by(.worker) | map({(.[0].worker): length}) | add' "$1"; }

# value QUERY: what Prometheus answers, a number per line.
value() { curl -sS "$prometheus/api/v1/query" --data-urlencode "query=$1" | jq -r '.data.result[].value[1]'; }
value_is() { [ "$(value "$1")" = "$2" ]; }

# workers: containers, the oldest first.
workers() { compose ps -q health-worker; }

# workers_answer N: N workers have a part in a batch.
workers_answer() { [ "$(asked 900 /delay/10 | jq length)" -eq "$1" ]; }

# stream FILE: batches of 20 one after the other, "ok" or why not a line, until
# FILE.stop is there.
stream() {
  local code
  until [ -e "$1.stop" ]; do
    code=0
    batch 20 / | ask >"$1.answer" 2>"$1.error" || code=$?
    if [ "$code" -ne 0 ]; then
      echo "refused: curl says $code"
    elif whole 20 "$1.answer"; then
      echo ok
    else
      echo "cut: $(jq -c .summary "$1.answer")"
    fi
    sleep 0.05
  done >"$1"
}

# traffic SECONDS: what the dashboards are about, pages asked again and again and
# one that may not be asked.
traffic() {
  local end=$((SECONDS + $1))
  while [ "$SECONDS" -lt "$end" ]; do
    jq -nc '{urls: ([range(50) | "http://target/?\(.)"] + ["http://redis:6379/"])}' | ask >/dev/null
    sleep 0.5
  done
}

# during COMMAND…: what becomes of requests meanwhile, by kind, on stdout.
during() {
  local file pid
  file=$(mktemp -p "$work")
  stream "$file" &
  pid=$!
  sleep 1
  "$@" >/dev/null 2>&1 || fail "$*"
  sleep 1
  touch "$file.stop"
  wait "$pid"
  sort "$file" | uniq -c
}

# at_most LIMIT FIGURE WHAT
at_most() {
  echo "$3: $2, at most $1"
  [ "$2" -le "$1" ] || fail "$3 is $2, more than $1"
}

# resident SERVICE: KiB of memory of its process.
resident() {
  awk '/^VmRSS/ { print $2 }' "/proc/$(docker inspect -f '{{.State.Pid}}' "$(compose ps -q "$1")")/status"
}

step "stand-ins for the images that cannot be pulled"
deploy/standin/images.sh "$@"

step "the image, by the Dockerfile as it is"
docker build -q --build-arg "VERSION=$VERSION" -t "hc:$VERSION" .
at_most 40000000 "$(docker image inspect -f '{{.Size}}' "hc:$VERSION")" "bytes of the image"
said=$(docker run --rm --read-only --cap-drop ALL --network none "hc:$VERSION" version)
echo "it says: $said"
[[ $said == "hc $VERSION "* ]] || fail "the image is not stamped with $VERSION"

step "up, all but Grafana"
begun=$SECONDS
compose up -d --no-build redis health-worker api-gateway prometheus cadvisor target
until_true 60 healthy
at_most 30 $((SECONDS - begun)) "seconds until all is healthy"
docker ps --format '{{.Names}}: {{.Status}}'
at_most 40960 "$(resident api-gateway)" "KiB of the idle gateway"
at_most 40960 "$(resident health-worker)" "KiB of the idle worker"

step "what may be reached from this machine"
busybox netstat -tln | awk '/LISTEN/ { print $4 }'
! busybox netstat -tln | awk '/LISTEN/ { print $4 }' | grep -v '^127\.' || fail "something listens beyond 127.0.0.1"

step "a batch"
asked 50 /
refused=$(echo '{"urls": ["http://redis:6379/", "http://prometheus:9090/"]}' | ask | jq -r '.results[].reason' | sort -u)
echo "of the inside: $refused"
[ "$refused" = blocked_address ] || fail "the inside may be asked"

step "every scrape target is up"
until_true 60 value_is 'count(up == 1)' 6
value_is 'count(up == 0) or vector(0)' 0 || fail "not all targets are up"
curl -sS "$prometheus/api/v1/targets" | jq -r '.data.activeTargets[] | "\(.labels.job) \(.labels.instance): \(.health)"'

step "every panel of the dashboards has something to show"
traffic 20
make --no-print-directory dashboards-live "PROM=$prometheus"

step "three workers, each with its share"
compose up -d --no-build --no-recreate --scale health-worker=3 health-worker
until_true 60 healthy
until_true 30 workers_answer 3
shares=$(asked 900 /delay/10)
echo "of 900: $shares"
jq -e 'length == 3 and all(. >= 90)' <<<"$shares" >/dev/null || fail "one has less than a tenth"

step "Redis stops: service goes on"
compose stop redis
asked 100 /
until_true 30 value_is 'max(hc_cache_up{job="health-worker"})' 0
asked 100 /
compose start redis
until_true 30 value_is 'min(hc_cache_up{job="health-worker"})' 1

step "a worker is cut off in the middle of a batch: nothing is lost"
cut=$(workers | sed -n 1p)
batch 600 /delay/300 | ask >"$work/cut" &
asking=$!
sleep 2
docker network disconnect hc_inside "$cut"
wait "$asking" || fail "no answer: $(cat "$work/cut")"
whole 600 "$work/cut" || fail "not whole: $(jq -c .summary "$work/cut")"
echo "600 of 600, by worker: $(by_worker "$work/cut"); cut off: ${cut::12}"
docker network connect --alias health-worker hc_inside "$cut"
until_true 60 workers_answer 3

step "a worker is restarted under load: no request fails"
happened=$(during docker restart -t 40 "$cut")
echo "$happened"
! grep -v ' ok$' <<<"$happened" || fail "requests failed"
until_true 60 healthy
until_true 60 workers_answer 3

step "a worker's process is killed: it comes back, and the panel Restarts counts it"
killed=$(workers | sed -n 2p)
name=$(docker inspect -f '{{slice .Name 1}}' "$killed")
restarts="max(resets(container_cpu_usage_seconds_total{name=\"$name\"}[10m]))" # as in the panel
until_true 30 value_is "$restarts" 0
kill -KILL "$(docker inspect -f '{{.State.Pid}}' "$killed")"
until_true 60 value_is "$restarts" 1
echo "$name: restarts by the panel 0, then 1"
until_true 60 healthy
until_true 60 workers_answer 3

step "the only gateway is restarted under load: refused while it is away, nothing cut short"
happened=$(during compose restart -t 40 api-gateway)
echo "$happened"
! grep ' cut' <<<"$happened" || fail "an answer was cut short"
until_true 60 healthy
asked 50 /

if [ -n "${HC_PICTURES-}" ]; then
  step "the dashboard Containers, drawn"
  traffic 20
  go run -C deploy/verify . draw -prom "$prometheus" -for 2m -pictures "$HC_PICTURES" containers
fi

step "down"
compose down -v
[ -z "$(docker ps -aq)" ] || fail "containers are left"
[ -z "$(docker network ls -q --filter type=custom)" ] || fail "networks are left"
rm -r "$work"
