# `make` lists what there is to make.

# Tools are pinned and run from source; the first run of each compiles it.
GOLANGCI_LINT := go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
GOVULNCHECK   := go run golang.org/x/vuln/cmd/govulncheck@v1.9.0
ACTIONLINT    := go run github.com/rhysd/actionlint/cmd/actionlint@v1.7.12

# Those that are called often are kept, in $(TOOLS).
TOOLS            := $(CURDIR)/bin/tools
HELM             := helm.sh/helm/v4/cmd/helm@v4.3.1
KUBECTL_VALIDATE := sigs.k8s.io/kubectl-validate@v0.0.4
GORELEASER       := github.com/goreleaser/goreleaser/v2@v2.15.1
CYCLONEDX        := github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@v1.10.0
OPERATOR         := github.com/prometheus-operator/prometheus-operator@v0.85.0

# The vulnerability database: vuln.go.dev, or a copy of it on machines without
# that: make vuln VULNDB=file:///path/to/osv
VULNDB ?=

# How much each fuzz target runs: inputs (100000x) or time (30s).
FUZZTIME ?= 100000x

# Flags of the load test and of the journey, e.g. LOAD='-short'.
LOAD    ?=
JOURNEY ?=

# Flags of the benchmarks, e.g. BENCH='-run one-host -rounds 3'.
BENCH ?=

# The Prometheus that dashboards-live asks, as docker-compose.yml publishes it.
PROM ?= http://127.0.0.1:9093

# Flags of go test for the fault matrix, and whether with the race detector (RACE=).
FAULTS ?= -count=1
RACE   ?= -race

# How long `make soak` begins new rounds, and the seed of the first; none is a new one.
SOAK ?= 1h
SEED ?=

# What tests and benchmarks need and hc does not is in modules of its own; that of
# the tools has no code.
MODULES := $(filter-out bench/peers/tools,$(patsubst %/go.mod,%,$(wildcard */go.mod */*/go.mod */*/*/go.mod)))

# The rows in files that are built with the tag only.
SLOW_ROWS = $(shell grep -l '&& faults$$' cmd/hc/*_test.go | xargs grep -ho '^func TestFault[A-Za-z0-9]*' | cut -d' ' -f2 | paste -sd '|' -)

.DEFAULT_GOAL := help
# Each target that has a word of help is a name and no file.
.PHONY: $(shell awk -F: '/^[a-z0-9-]+:.*## / { print $$1 }' $(MAKEFILE_LIST))

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "%-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## bin/hc
	go build -o bin/hc ./cmd/hc

install: ## hc into go's bin directory
	go install ./cmd/hc

check: lint test ## what must pass before a commit: lint, walls, tests with the race detector

test: ## all tests with the race detector; installs the servers they need and a C compiler where missing
	@scripts/deps.sh redis-server prometheus prometheus-blackbox-exporter cc $(if $(filter Linux,$(shell uname)),ip)
	go test -race ./...

test-page: ## the page at / as a person uses it, in a Chromium that is installed where it is missing
	@scripts/deps.sh chromium
	cd internal/gateway/browsertest && go test -count=1 -timeout 5m ./...

faults: ## every row of the fault matrix, docs/faults.md; twenty times in a row: FAULTS=-count=20
	@scripts/deps.sh redis-server cc git $(if $(filter Linux,$(shell uname)),ip)
	go test $(RACE) -tags faults -run TestFault -timeout 3h $(FAULTS) ./cmd/hc ./internal/cache ./internal/gateway

faults-slow: ## the rows that make test leaves out: silence, overload, slow callers, other versions
	@scripts/deps.sh redis-server cc git
	go test $(RACE) -tags faults -run '^($(SLOW_ROWS))$$' -timeout 3h $(FAULTS) ./cmd/hc

soak: ## kills, stalls, floods and hostile targets in any order, SOAK=1h; SEED=N plays again what failed
	@scripts/deps.sh redis-server cc
	SOAK=$(SOAK) SEED=$(SEED) go test $(RACE) -tags faults -run '^TestSoak$$' -v -count=1 -timeout 0 ./cmd/hc

lint: ## vet, golangci-lint (staticcheck and others, see .golangci.yml), workflows, shell scripts
	@scripts/deps.sh shellcheck
	go vet -tags faults ./...
	for m in . $(MODULES); do (cd $$m && $(GOLANGCI_LINT) run) || exit; done
	$(ACTIONLINT) .github/workflows/*.yml examples/github/*.yml
	! grep -n 'uses:' .github/workflows/*.yml | grep -Ev '@[0-9a-f]{40} # v[0-9.]+$$' # by commit
	shellcheck scripts/*.sh deploy/*/*.sh .ci/run

helm-check: build ## the Helm chart: lint, schemas, what it promises, and that hc runs with its arguments
	GOBIN=$(TOOLS) go install $(HELM)
	GOBIN=$(TOOLS) go install $(KUBECTL_VALIDATE)
	PATH="$(TOOLS):$$PATH" scripts/helm-check.sh $(OPERATOR)

release-check: ## what a release of this commit would be: packages, and the same bytes twice
	GOBIN=$(TOOLS) go install $(GORELEASER)
	GOBIN=$(TOOLS) go install $(CYCLONEDX)
	PATH="$(TOOLS):$$PATH" scripts/release-check.sh

release: ## a draft release of the tag that HEAD has; .github/workflows/release.yml calls it
	GOBIN=$(TOOLS) go install $(GORELEASER)
	GOBIN=$(TOOLS) go install $(CYCLONEDX)
	PATH="$(TOOLS):$$PATH" goreleaser release --clean

publish: ## the image and the chart of VERSION (v1.2.3); .github/workflows/release.yml calls it
	GOBIN=$(TOOLS) go install $(HELM)
	PATH="$(TOOLS):$$PATH" scripts/publish.sh "$(VERSION)"

vuln: ## known vulnerabilities in what is called
	$(GOVULNCHECK) $(if $(VULNDB),-db $(VULNDB)) ./...

proto: ## the Go code of each .proto, from pinned tools
	scripts/proto.sh

proto-check: ## that it is up to date, and that the schema breaks no caller of the published one
	scripts/proto.sh check

fuzz: ## each fuzz target for FUZZTIME, inputs or time, as many at once as there are cores
	scripts/fuzz.sh $(FUZZTIME)

bench: ## hc against the programs one would use instead; fails where a promise is missed
	@scripts/deps.sh nginx redis-server curl
	go run ./bench $(BENCH)

bench-service: ## hc as a service against bare handlers, the straightforward service and blackbox_exporter; fails where a promise is missed
	@scripts/deps.sh nginx redis-server wrk prometheus-blackbox-exporter
	go run ./bench -service $(BENCH)

bench-service-doc: ## the same, written into docs/performance.md
	@scripts/deps.sh nginx redis-server wrk prometheus-blackbox-exporter
	go run ./bench -service -doc docs/performance.md

bench-doc: ## the same, written into docs/performance.md
	@scripts/deps.sh nginx redis-server curl
	go run ./bench -doc docs/performance.md

compare: ## hc beside curl, xargs, hey, vegeta, wrk, blackbox_exporter and the small programs, by length, concurrency and target
	@scripts/deps.sh nginx redis-server curl wrk prometheus-blackbox-exporter
	go run ./bench -compare $(BENCH)

compare-doc: ## the same, written into docs/performance.md and drawn into docs/performance
	@scripts/deps.sh nginx redis-server curl wrk prometheus-blackbox-exporter
	go run ./bench -compare -doc docs/performance.md

bench-watching: ## what metrics and traces cost a hot gateway; fails above 5 %
	@scripts/deps.sh wrk
	go run ./bench/watching

costs: ## what a URL and a hop cost, and the runs that sim is held to
	@scripts/deps.sh nginx redis-server wrk
	go run ./bench -costs $(BENCH)

costs-doc: ## the same, written into docs/scaling.md
	@scripts/deps.sh nginx redis-server wrk
	go run ./bench -costs -doc docs/scaling.md

sim: ## how many workers, gateways and Redis shards a load needs, and what a thousand workers would do
	go run ./sim

sim-doc: ## the same, written into docs/scaling.md and drawn into docs/scaling.svg
	go run ./sim -doc docs/scaling.md -svg docs/scaling.svg

dashboards: ## deploy/grafana/dashboards/*.json, as deploy/verify/boards says
	cd deploy/verify && go run . write

dashboards-check: ## Prometheus's rules and Grafana's dashboards: valid, tested, current
	@scripts/deps.sh prometheus
	promtool check config deploy/prometheus/prometheus.yml
	promtool test rules deploy/prometheus/tests/*.yml
	cd deploy/verify && go run . check && go test -timeout 5m ./...

dashboards-live: ## every panel shows something at PROM=URL; LIVE='-skip BOARD/PANEL=why' for those that may not
	cd deploy/verify && go run . live -prom $(PROM) $(LIVE)

dashboards-lab: ## the same with Redis, two workers, a gateway and Prometheus started here
	@scripts/deps.sh redis-server prometheus
	cd deploy/verify && go run . lab $(LAB)

dashboard-pictures: ## docs/dashboards/*.svg, from five minutes of that
	@$(MAKE) dashboards-lab LAB='-for 330s -pictures ../../docs/dashboards'

containers-picture: ## docs/dashboards/containers.svg, from a run of make stack
	HC_PICTURES=$(CURDIR)/docs/dashboards scripts/stack.sh

load: ## the service under load, beside the straightforward one, plots in bin/load.html; URL=http://host:8080 for one that runs
	@scripts/deps.sh redis-server
	cd load && go run . -html ../bin/load.html $(if $(URL),-url $(URL)) $(LOAD)

load-doc: ## the same without a URL, written into docs/load.md
	@scripts/deps.sh redis-server
	cd load && go run . -html ../bin/load.html -doc ../docs/load.md $(LOAD)

load-check: ## the load test's own tests
	@scripts/deps.sh cc
	cd load && go test -race -timeout 5m ./...

journey: ## docs/journey.md: V1, V2 and each step since, under the same load
	@scripts/deps.sh redis-server
	cd load && go run ./journey -doc ../docs/journey.md $(JOURNEY)

k6-check: build ## the k6 scripts: their types, and some requests of each on a real gateway
	@scripts/deps.sh node npm
	cd examples/k6 && npm ci --silent --no-audit --no-fund && npm run --silent check && npm test --silent && npm run --silent smoke

screenshot: ## docs/demo.svg and docs/page.png, the terminal and the page in the README, from real runs
	scripts/screenshot.sh

compose-check: ## docker-compose.yml held to its rules, without an engine
	cd deploy/compose && go test -count=1 ./...

stack: ## the container stack run for real, in a Docker engine of its own: docs/containers.md; wants root
	scripts/stack.sh

sbom: ## bin/hc.cdx.json, what is in the binary (CycloneDX)
	CGO_ENABLED=0 go build -trimpath -o bin/hc ./cmd/hc
	go run $(CYCLONEDX) bin -json -version "$$(git describe --tags --always)" -output bin/hc.cdx.json bin/hc
