# TamTam. Needs Go (see go.mod for the version), and for some targets bash.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := build

GO       ?= go
PROGRAMS := ./cmd/tamtamd ./cmd/tamtamctl ./cmd/tamtam-template ./cmd/tamtam-gendoc
CLUSTER  := ./cmd/tamtamd/internal/clustertest/...
FUZZTIME ?= 10s
SOAK      ?= 10000000
SOAK_TIME ?= 15m
# lists the packages of both modules, without the tests of real processes.
UNIT      = $(GO) list work | grep -v -e /internal/clustertest -e /internal/shiptest
# ALONE are the longest tests of broadcast, each in virtual time and one goroutine.
ALONE     = ^(TestStreamsAreBounded|TestBrokenPathHoldsUpNobody|TestChurn|TestLargeCluster(GetsAll|OutlivesItsOrigin|KeepsUp|KeepsPace))$$
# The lab is a module outside the workspace, so that what it needs is its own.
LAB       = GOWORK=off $(GO) -C internal/lab
# So is the release tool.
RELEASE   = GOWORK=off $(GO) -C internal/release
# And the tests of manifests, with the libraries of kustomize and Helm.
MANIFESTS = GOWORK=off $(GO) -C internal/manifests
# And the browser tests.
WEBTEST   = GOWORK=off $(GO) -C internal/webtest
# Filters "go test -v": hides passed tests, keeps skips and their reasons.
BRIEFLY   = { grep -v -e '^=== ' -e '^ *--- PASS' || true; }
# Flags of make lab and make sim.
ARGS     ?=

.PHONY: build cluster lab lab-short sim test unit race cluster-test soak soak-minute bench fuzz lint vulncheck fmt generate generate-check baseline \
	docs docs-check tidy tidy-check graph-check cross \
	release release-check package-test image image-test manifests-test examples-test web-test client-size ci clean

# Without grpc's own web pages about calls, which make the linker keep a quarter more of
# each program: the programs are 4 MiB smaller, and the daemon uses 2.5 MiB less memory.
BUILDFLAGS := -trimpath -tags grpcnotrace
# As in a release: without the C library, which takes 1.5 MiB of a daemon's memory.
BUILD       = CGO_ENABLED=0 $(GO) build $(BUILDFLAGS)

# build puts the four programs into bin/.
build:
	$(BUILD) -o bin/ $(PROGRAMS)

# cluster starts three nodes on this machine, until Ctrl-C.
cluster: build
	@scripts/cluster.sh

# lab measures a cluster in network namespaces; needs Linux and root. "make lab
# ARGS=-h" lists its flags.
lab: bin/lab
	@bin/lab $(ARGS)

# lab-short runs for a few minutes, and fails if figures are far from what they should be.
lab-short: bin/lab
	@scripts/lab-short.sh

# bin/plainnode is a plain Smudge member, for bin/lab -plain.
.PHONY: bin/lab bin/plainnode
bin/plainnode:
	@$(BUILD) -o bin/ ./cmd/tamtamd/internal/clustertest/plainnode

bin/lab:
	@$(BUILD) -o bin/ ./cmd/tamtamd
	@$(LAB) build -trimpath -o "$(CURDIR)/bin/lab" .

# sim simulates a cluster in virtual time; "make sim ARGS=-h" lists its flags.
sim:
	@$(GO) build -trimpath -o bin/ ./cmd/tamtamd/internal/simulation/sim
	@bin/sim $(ARGS)

# test runs all tests.
test: unit cluster-test examples-test

# unit runs the tests without real processes.
unit:
	$(GO) test $$($(UNIT))
	$(LAB) test .

# race runs them under the race detector. Smudge has data races, so it is not
# instrumented; our own code is checked with a real node in it. The simulation and the longest tests
# of broadcast have one goroutine, so there is no race to find, and take ten times as long with the detector.
race:
	$(GO) test -race -gcflags='github.com/clockworksoul/smudge=-race=false' -skip '$(ALONE)' $$($(UNIT) | grep -v /internal/simulation)
	$(GO) test ./cmd/tamtamd/internal/simulation/...
	$(GO) test -run '$(ALONE)' ./cmd/tamtamd/internal/broadcast

# cluster-test runs the tests of real processes: two packages side by side, as they mostly wait.
cluster-test:
	$(GO) test -p 2 -count 1 -timeout 25m -skip '^TestExamples$$' $(CLUSTER)

# examples-test runs the examples beside real nodes; .bin/stamp builds grpcurl.
examples-test: .bin/stamp
	@$(GO) test -count 1 -timeout 5m -v -run '^TestExamples$$' ./cmd/tamtamd/internal/clustertest 2>&1 | $(BRIEFLY)

# web-test tests the status page of real daemons in Chromium, if it is installed;
# ARGS=-update redraws its pictures in docs.
web-test:
	@$(WEBTEST) test -count 1 -timeout 10m -v . $(ARGS) 2>&1 | $(BRIEFLY)

# soak sends a daemon SOAK malicious packets, for SOAK_TIME at most, and a fifth as many
# to a daemon with a keyring, and prints how many of each kind it sent.
soak:
	SOAK=$(SOAK) SOAK_TIME=$(SOAK_TIME) $(GO) test -count 1 -timeout 60m -v -run '^TestSoak' ./cmd/tamtamd/internal/clustertest

# soak-minute does that for a minute.
soak-minute:
	@$(MAKE) soak SOAK_TIME=1m

# bench runs the benchmarks.
bench:
	$(GO) test -run '^$$' -bench . -benchmem $$($(UNIT)) | grep -v -e '^ok' -e 'no test files' -e '^PASS'

# fuzz runs each fuzz target for FUZZTIME.
fuzz:
	@scripts/fuzz.sh $(FUZZTIME)

# lint checks format and style, and that the API still has what its baseline has.
lint: fmt .bin/stamp
	scripts/words.sh
	$(GO) vet work
	$(LAB) vet .
	$(RELEASE) vet .
	$(MANIFESTS) vet .
	$(WEBTEST) vet .
	.bin/staticcheck $$($(GO) list work)
	cd internal/lab && GOWORK=off ../../.bin/staticcheck .
	cd internal/release && GOWORK=off ../../.bin/staticcheck .
	cd internal/manifests && GOWORK=off ../../.bin/staticcheck .
	cd internal/webtest && GOWORK=off ../../.bin/staticcheck .
	.bin/buf lint
	.bin/buf breaking --against proto/baseline.binpb

# vulncheck looks the modules up in the vulnerability database that internal/vulndb pins, or in
# GOVULNDB; it is skipped if it cannot be had, unless VULNCHECK=require.
vulncheck: .bin/stamp
	@scripts/vulncheck.sh

# vulncheck-update pins the latest vulnerability database.
.PHONY: vulncheck-update
vulncheck-update:
	cd internal/vulndb && GOWORK=off $(GO) get golang.org/x/vulndb@latest

# fmt fails if a file is not formatted.
fmt:
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); \
	if [ -n "$$unformatted" ]; then echo "not formatted: $$unformatted"; exit 1; fi

# The pinned tools, in a module of their own outside the workspace.
.bin/stamp: internal/tools/go.mod internal/tools/go.sum
	GOWORK=off $(GO) build -C internal/tools -o "$(CURDIR)/.bin/" tool
	@touch $@

# What the Python package has in place of generated code: only the API, without comments.
PYTHON_API = .bin/buf build --as-file-descriptor-set --exclude-source-info --path proto/tamtam/v1

# generate writes the Go code and the descriptor sets of the API.
generate: .bin/stamp
	.bin/buf generate
	.bin/buf build --as-file-descriptor-set -o proto/tamtam.binpb
	$(PYTHON_API) -o clients/python/tamtam/tamtam.binpb

# baseline takes the present API as the one that later ones must be compatible with.
baseline: .bin/stamp
	.bin/buf build --as-file-descriptor-set --exclude-source-info -o proto/baseline.binpb

# generate-check fails if that would change something.
generate-check: .bin/stamp
	@scripts/generate-check.sh

# docs writes docs/reference, the tables of dependencies in docs/security.md, the alerts, and the
# runbook that the status page serves.
docs:
	$(GO) run ./cmd/tamtam-gendoc
	$(GO) run ./internal/depdoc
	$(GO) test -count 1 -run '^TestUpToDate$$' ./internal/alerts -update
	$(GO) test -count 1 -run '^TestRunbook$$' ./cmd/tamtamd/internal/serve/page -update

# docs-check fails if that would change something.
docs-check:
	$(GO) run ./cmd/tamtam-gendoc -check
	$(GO) run ./internal/depdoc -check
	$(GO) test -count 1 -run '^TestUpToDate$$' ./internal/alerts
	$(GO) test -count 1 -run '^TestRunbook$$' ./cmd/tamtamd/internal/serve/page

# tidy tidies the modules.
tidy:
	@scripts/tidy.sh

# tidy-check fails if that would change something.
tidy-check:
	@scripts/tidy.sh check

# graph-check checks that the client does not depend on the daemon, and that imports run
# down the daemon's layers.
graph-check:
	$(GO) test -count 1 -run 'TestGraph' . ./cmd/tamtamd/internal/daemon

# cross compiles all programs for all supported systems.
cross:
	@scripts/cross.sh $(PROGRAMS)

# release writes everything that is published for the current commit to dist/. It builds with the Go
# that make vulncheck checks, and fetches it if another one is installed.
release: export GOTOOLCHAIN = $(shell sed -n 's/^toolchain //p' go.mod)
release: bin/release
	bin/release

# release-check builds it twice and compares; PLATFORMS=linux_amd64 limits the platforms.
release-check: bin/release
	bin/release -check $(if $(PLATFORMS),-platforms $(PLATFORMS))

.PHONY: bin/release
bin/release:
	@$(RELEASE) build -trimpath -o "$(CURDIR)/bin/release" .

# package-test installs the packages of that commit, if the tools for it are there.
package-test:
	@$(RELEASE) test -count 1 -timeout 15m -v . 2>&1 | $(BRIEFLY)

# image builds the container image IMAGE from this directory, for this machine's
# architecture.
IMAGE         ?= tamtam
IMAGE_CONTEXT ?= bin/image
# Version, commit and its time, for the labels of the image; not without git.
IMAGE_LABELS   = $(shell git show -s --format='--build-arg VERSION=$(shell git describe --tags --always --dirty 2>/dev/null) --build-arg REVISION=%H --build-arg CREATED=%cI' 2>/dev/null)
image:
	GOOS=linux $(BUILD) -ldflags '-s -w -buildid=' -o "$(IMAGE_CONTEXT)/" ./cmd/tamtamd ./cmd/tamtamctl
	@cp LICENSE "$(IMAGE_CONTEXT)/"
	docker build -q -t "$(IMAGE)" -f packaging/docker/Dockerfile $(IMAGE_LABELS) "$(IMAGE_CONTEXT)"

# image-test runs containers of it, as Compose and as the pods for Kubernetes, if a Docker engine runs.
image-test:
	@$(GO) test -count 1 -timeout 10m -v ./internal/shiptest 2>&1 | $(BRIEFLY)

# manifests-test builds the manifests for Kubernetes as "kubectl apply -k" does, renders the Helm
# chart, and checks both and the file for Compose.
manifests-test:
	$(MANIFESTS) test -count 1 -timeout 10m .

# client-size prints the size of the client and of its parts.
client-size:
	@scripts/client-size.sh

# ci runs everything that must pass before a change lands.
ci: generate-check lint vulncheck tidy-check graph-check docs-check build race cluster-test lab-short examples-test soak-minute cross \
	package-test image-test manifests-test web-test
	@$(MAKE) release-check PLATFORMS=linux_amd64
	@echo "ci: all passed"

clean:
	rm -rf bin .bin dist
