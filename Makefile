# TamTam. Needs Go (see go.mod for the version), and for some targets bash.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := build

GO       ?= go
PROGRAMS := ./cmd/tamtamd ./cmd/tamtamctl ./cmd/tamtam-gendoc
CLUSTER  := ./cmd/tamtamd/internal/clustertest/...
FUZZTIME ?= 10s
# Both modules, without the tests of real processes.
UNIT      = $$($(GO) list work | grep -v /internal/clustertest)

.PHONY: build cluster test unit race cluster-test bench fuzz lint fmt generate generate-check \
	docs docs-check tidy tidy-check graph-check cross ci clean

# build puts the three programs into bin/.
build:
	$(GO) build -trimpath -o bin/ $(PROGRAMS)

# cluster starts three nodes on this machine, until Ctrl-C.
cluster: build
	@scripts/cluster.sh

# test runs all tests.
test: unit cluster-test

# unit runs the tests without real processes.
unit:
	$(GO) test $(UNIT)

# race runs them under the race detector. Smudge, which races with itself, is left
# out of it, so that our own code is checked with a real node in it.
race:
	$(GO) test -race -gcflags='github.com/clockworksoul/smudge=-race=false' $(UNIT)

# cluster-test runs the tests of real processes, one package at a time.
cluster-test:
	$(GO) test -p 1 -count 1 -timeout 15m $(CLUSTER)

# bench runs the benchmarks.
bench:
	$(GO) test -run '^$$' -bench . -benchmem $(UNIT) | grep -v -e '^ok' -e 'no test files' -e '^PASS'

# fuzz runs each fuzz target for FUZZTIME.
fuzz:
	@scripts/fuzz.sh $(FUZZTIME)

# lint formats, vets and checks.
lint: fmt .bin/stamp
	$(GO) vet work
	.bin/staticcheck $$($(GO) list work)
	.bin/buf lint

# fmt fails when a file is not formatted.
fmt:
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); \
	if [ -n "$$unformatted" ]; then echo "not formatted: $$unformatted"; exit 1; fi

# The pinned tools, in a module of their own outside the workspace.
.bin/stamp: internal/tools/go.mod internal/tools/go.sum
	GOWORK=off $(GO) build -C internal/tools -o "$(CURDIR)/.bin/" tool
	@touch $@

# generate writes the Go code and the descriptor set of the API.
generate: .bin/stamp
	.bin/buf generate
	.bin/buf build --as-file-descriptor-set -o proto/tamtam.binpb

# generate-check fails when that would change something.
generate-check: .bin/stamp
	@scripts/generate-check.sh

# docs writes docs/reference.
docs:
	$(GO) run ./cmd/tamtam-gendoc

# docs-check fails when that would change something.
docs-check:
	$(GO) run ./cmd/tamtam-gendoc -check

# tidy tidies both modules.
tidy:
	@scripts/tidy.sh

# tidy-check fails when that would change something.
tidy-check:
	@scripts/tidy.sh check

# graph-check proves that the client needs nothing of the daemon's, and that the
# daemon's packages import in one direction.
graph-check:
	$(GO) test -count 1 -run 'TestGraph' . ./cmd/tamtamd/internal/daemon

# cross compiles all programs for the systems they are for.
cross:
	@scripts/cross.sh $(PROGRAMS)

# ci is what must pass before a change lands.
ci: generate-check lint tidy-check graph-check docs-check build race cluster-test cross
	@echo "ci: all passed"

clean:
	rm -rf bin .bin
