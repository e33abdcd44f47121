# TamTam. Needs Go (see go.mod for the version), and for some targets bash.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := build

GO       ?= go
PROGRAMS := ./cmd/tamtamd ./cmd/tamtamctl ./cmd/tamtam-gendoc
CLUSTER  := ./cmd/tamtamd/internal/clustertest/...
FUZZTIME ?= 10s
SOAK      ?= 10000000
SOAK_TIME ?= 15m
# Both modules, without the tests of real processes.
UNIT      = $$($(GO) list work | grep -v -e /internal/clustertest -e /internal/shiptest)
# The lab is a module outside the workspace, so that what it needs is its own.
LAB       = GOWORK=off $(GO) -C internal/lab
# So is what makes a release.
RELEASE   = GOWORK=off $(GO) -C internal/release
# And what drives a browser.
WEBTEST   = GOWORK=off $(GO) -C internal/webtest
# What "go test -v" prints, without what passed: skips and their reasons stay.
BRIEFLY   = { grep -v -e '^=== ' -e '^ *--- PASS' || true; }
# Flags of make lab and make sim.
ARGS     ?=

.PHONY: build cluster lab sim test unit race cluster-test soak soak-minute bench fuzz lint fmt generate generate-check \
	docs docs-check tidy tidy-check graph-check cross \
	release release-check package-test image image-test examples-test web-test client-size ci clean

# Without grpc's own web pages about calls, for which the linker would have to keep
# a quarter of each program: they are 4 MiB smaller, and the daemon takes 2.5 less
# of memory.
BUILDFLAGS := -trimpath -tags grpcnotrace
# As they are released: without the C library, which takes 1.5 MiB of a daemon's memory.
BUILD       = CGO_ENABLED=0 $(GO) build $(BUILDFLAGS)

# build puts the three programs into bin/.
build:
	$(BUILD) -o bin/ $(PROGRAMS)

# cluster starts three nodes on this machine, until Ctrl-C.
cluster: build
	@scripts/cluster.sh

# lab measures a cluster in network namespaces; needs Linux and root. "make lab
# ARGS=-h" tells what may be asked of it.
lab:
	@$(BUILD) -o bin/ ./cmd/tamtamd
	@$(LAB) build -trimpath -o "$(CURDIR)/bin/lab" .
	@bin/lab $(ARGS)

# sim simulates a cluster in virtual time; "make sim ARGS=-h" tells what may be asked of
# it.
sim:
	@$(GO) build -trimpath -o bin/ ./cmd/tamtamd/internal/simulation/sim
	@bin/sim $(ARGS)

# test runs all tests.
test: unit cluster-test examples-test

# unit runs the tests without real processes.
unit:
	$(GO) test $(UNIT)
	$(LAB) test .

# race runs them under the race detector. Smudge, which races with itself, is left
# out of it, so that our own code is checked with a real node in it.
race:
	$(GO) test -race -gcflags='github.com/clockworksoul/smudge=-race=false' $(UNIT)

# cluster-test runs the tests of real processes, one package at a time.
cluster-test:
	$(GO) test -p 1 -count 1 -timeout 15m -skip '^TestExamples$$' $(CLUSTER)

# examples-test runs the examples beside real nodes; .bin/stamp brings grpcurl.
examples-test: .bin/stamp
	@$(GO) test -count 1 -timeout 5m -v -run '^TestExamples$$' ./cmd/tamtamd/internal/clustertest 2>&1 | $(BRIEFLY)

# web-test looks at the status page in Chromium, where there is one, on real daemons;
# ARGS=-update draws docs/status-page.png anew.
web-test:
	@$(WEBTEST) test -count 1 -timeout 10m -v . $(ARGS) 2>&1 | $(BRIEFLY)

# soak sends a daemon SOAK packets that mean harm, for SOAK_TIME at the most, and a
# sealed one a fifth as many, and prints how many of which kind there were.
soak:
	SOAK=$(SOAK) SOAK_TIME=$(SOAK_TIME) $(GO) test -count 1 -timeout 60m -v -run '^TestSoak' ./cmd/tamtamd/internal/clustertest

# soak-minute does so for a minute.
soak-minute:
	@$(MAKE) soak SOAK_TIME=1m

# bench runs the benchmarks.
bench:
	$(GO) test -run '^$$' -bench . -benchmem $(UNIT) | grep -v -e '^ok' -e 'no test files' -e '^PASS'

# fuzz runs each fuzz target for FUZZTIME.
fuzz:
	@scripts/fuzz.sh $(FUZZTIME)

# lint formats, vets and checks.
lint: fmt .bin/stamp
	$(GO) vet work
	$(LAB) vet .
	$(RELEASE) vet .
	$(WEBTEST) vet .
	.bin/staticcheck $$($(GO) list work)
	cd internal/lab && GOWORK=off ../../.bin/staticcheck .
	cd internal/release && GOWORK=off ../../.bin/staticcheck .
	cd internal/webtest && GOWORK=off ../../.bin/staticcheck .
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

# tidy tidies the modules.
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

# release makes, in dist/, all that is published of the commit that is checked out.
release: bin/release
	bin/release

# release-check makes it twice and compares; PLATFORMS=linux_amd64 for some of it.
release-check: bin/release
	bin/release -check $(if $(PLATFORMS),-platforms $(PLATFORMS))

.PHONY: bin/release
bin/release:
	@$(RELEASE) build -trimpath -o "$(CURDIR)/bin/release" .

# package-test installs the packages of that commit, where there are tools for it.
package-test:
	@$(RELEASE) test -count 1 -timeout 15m -v . 2>&1 | $(BRIEFLY)

# image builds the container image IMAGE, for this machine's architecture, of what is
# in this directory.
IMAGE         ?= tamtam
IMAGE_CONTEXT ?= bin/image
image:
	GOOS=linux $(BUILD) -ldflags '-s -w -buildid=' -o "$(IMAGE_CONTEXT)/" ./cmd/tamtamd ./cmd/tamtamctl
	@cp LICENSE "$(IMAGE_CONTEXT)/"
	docker build -q -t "$(IMAGE)" -f packaging/docker/Dockerfile "$(IMAGE_CONTEXT)"

# image-test runs three containers of it, where a Docker engine runs, and checks the
# manifests.
image-test:
	@$(GO) test -count 1 -timeout 10m -v ./internal/shiptest 2>&1 | $(BRIEFLY)

# client-size prints how big the client is, and what it is made of.
client-size:
	@scripts/client-size.sh

# ci is what must pass before a change lands.
ci: generate-check lint tidy-check graph-check docs-check build race cluster-test examples-test soak-minute cross \
	package-test image-test web-test
	@$(MAKE) release-check PLATFORMS=linux_amd64
	@echo "ci: all passed"

clean:
	rm -rf bin .bin dist
