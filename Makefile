# Petrel. `make` lists the targets; the two that matter are `make run` and `make test`.

GO      ?= go
N       ?= 20
SEED    ?= 61
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
BUILD    = $(GO) build -ldflags "-s -w -X main.version=$(VERSION)"

# Packages that share memory between goroutines: tested with the race detector too.
RACE = ./core/backend/... ./core/store ./core/execution ./core/orchestrator ./core/router ./core/rules \
       ./core/datastore ./core/registry ./core/supervise ./core/proc ./core/auth ./api ./plugins/...

GOTESTSUM   = $(GO) run gotest.tools/gotestsum@v1.13.0 --format pkgname-and-test-fails
STATICCHECK = $(GO) run honnef.co/go/tools/cmd/staticcheck@v0.8.2

.PHONY: help build run test differential race check deps bench kill-test cluster-test power-test breakages fuzz clean

help: ## List the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## Build bin/petrel (and bin/st2, the same program)
	@mkdir -p bin
	$(BUILD) -o bin/petrel ./cmd/petrel
	@ln -sf petrel bin/st2

run: build ## Start a server with a demo: one webhook, one rule, one action
	@bash cmd/petrel/run.sh

test: deps build ## Install what the tests need (Debian packages) and run all tests
	cd sdk && $(GO) test ./...
	PETREL_DIFF_SEED=$(SEED) $(GOTESTSUM) -- -timeout 10m ./...

differential: deps ## Hold Jinja, YAQL and cron against Python's on 20,000 generated cases each, of a new seed
	PETREL_DIFF_N=20000 $(GO) test -count=1 -timeout 30m -v -run 'Differential|APScheduler' ./core/expr/jinja ./core/expr/yaql ./core/timer | grep -E 'against|differ|ok|FAIL'

race: deps ## Run the concurrent packages' tests under the race detector
	$(GO) test -race -timeout 30m $(RACE)

check: ## Formatting, vet, staticcheck, layers
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); echo 'run gofmt -w on these'; exit 1; }
	$(GO) vet ./...
	cd sdk && $(GO) vet ./... && GOOS=wasip1 GOARCH=wasm $(GO) vet . ./web ./internal/... ./wire/reactor
	cd packs/watch && $(GO) vet ./...
	cd packs/hostfacts && $(GO) vet ./...
	$(STATICCHECK) ./...
	$(GO) test -run TestLayers ./cmd/petrel

deps: ## Install the programs that tests talk to
	@bash .ci/deps

bench: build ## Measure server, expressions and workflows against their yardsticks; prints ratios
	cd cmd/internal/bench && $(GO) run . -petrel ../../../bin/petrel $(BENCH)
	$(GO) test -run '^$$' -bench BenchmarkPerf ./core/workflow

kill-test: build ## Kill -9 the real server N times under load, workflows, sensors, installs: nothing lost, doubled, stuck
	PETREL_KILL_N=$(N) $(GO) test -count=1 -timeout 60m -run '^Test(|Workflow|Sensor|Install)Kill$$' -v ./cmd/petrel

cluster-test: build ## Kill and stop three servers (N times) and their Redis under load
	PETREL_CLUSTER_N=$(N) PETREL_CLUSTER_PAUSE=$(or $(PAUSE),60s) $(GO) test -count=1 -timeout 90m -run '^TestCluster$$' -v ./cmd/petrel

power-test: ## Cut the power N times on a crashable file system: nothing acknowledged lost
	PETREL_POWER_N=$(N) $(GO) test -count=1 -timeout 60m -run '^TestPowerCuts$$' -v ./core/backend/local

breakages: ## Apply each patch of cmd/petrel/testdata/breakages to a copy; a test must catch it
	$(GO) run ./cmd/internal/breakages

fuzz: ## Fuzz every parser, FUZZTIME each (default 10s)
	@bash .ci/fuzz $(or $(FUZZTIME),10s)

clean: ## Remove what was built and the demo's data
	rm -rf bin .run
