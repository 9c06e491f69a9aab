# What one can do with this repository. Bare `make` prints it.
#
# `make demo` and `make test` need Go and make, nothing else. `make check` is what CI runs; it also needs python3 with
# venv, and strace.

SHELL       := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

CACHE    := .cache
BIN      := $(CACHE)/bin
LINT     := $(BIN)/golangci-lint
VENV     := $(CACHE)/venv
FUZZTIME ?= 1m
# Go spends a minute on making one interesting input smaller, unless told otherwise, and tries nothing new meanwhile.
MINIMIZETIME ?= 1s
ARGS     ?=

.PHONY: help
help: ## Print this list.
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: build ## See it work: a server, real provider traffic and 500 people; Ctrl-C ends it (ARGS=--exit ends at once).
	@./usher demo $(ARGS)

.PHONY: build
build: ## Build ./usher, one static program.
	CGO_ENABLED=0 go build -trimpath -o usher ./cmd/usher

.PHONY: test
test: ## Run every test that needs only Go.
	go test ./...

.PHONY: check
check: ## Everything that CI runs: lint, verify, conformance, durability, then the tests under the race detector.
	$(MAKE) lint
	$(MAKE) verify
	$(MAKE) conformance
	$(MAKE) strace
	go test -race ./...

.PHONY: lint
lint: $(LINT) ## Check style, formatting and common mistakes.
	$(LINT) run ./...

.PHONY: fmt
fmt: $(LINT) ## Format everything as lint asks.
	$(LINT) fmt ./...

.PHONY: generate
generate: ## Generate the JSON Schemas of the configuration's files, for editors.
	@mkdir -p docs/schema
	go run ./cmd/usher schema organization > docs/schema/organization.schema.json
	go run ./cmd/usher schema usher > docs/schema/usher.schema.json

.PHONY: verify
verify: generate ## Generate again, and fail when a generated file or go.mod is not as committed.
	@git diff --exit-code --stat -- docs/schema || { echo "docs/schema is not up to date: commit what make generate wrote"; exit 1; }
	go mod tidy -diff

.PHONY: conformance
conformance: $(VENV)/ready build ## Hold a running server against foreign SCIM clients and testers (needs python3).
	$(VENV)/bin/python conformance/run.py ./usher

.PHONY: strace
strace: ## Show by strace that no 2xx leaves before its fdatasync (needs strace, Linux).
	go test -tags strace -run Strace ./cmd/usher

.PHONY: idps
idps: ## Install the identity providers that tests sign in with; without them those tests are skipped (needs Node.js, Debian).
	idps/install.sh

.PHONY: fuzz
fuzz: ## Run each fuzz target for FUZZTIME (1m); commit what it finds under the package's testdata/fuzz.
	@for file in $$(grep -rl --include='*_test.go' --exclude-dir=$(CACHE) '^func Fuzz' . | sort); do \
		for target in $$(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' "$$file"); do \
			echo "== $$target in $$(dirname "$$file")"; \
			go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime $(MINIMIZETIME) "./$$(dirname "$$file")"; \
		done; \
	done

.PHONY: vuln
vuln: $(LINT) ## Look for known vulnerabilities in what the program calls (VULNDB=URL for another database than Go's).
	$(BIN)/govulncheck $(if $(VULNDB),-db $(VULNDB)) ./...

.PHONY: bench
bench: build ## Measure the server beside a bare floor on this machine (ARGS="-users 100000" for more).
	go run ./bench -usher ./usher $(ARGS)

.PHONY: microbench
microbench: $(LINT) ## Run the Go benchmarks six times and summarize them.
	go test -run '^$$' -bench . -benchmem -count 6 ./... | tee $(CACHE)/bench.txt
	$(BIN)/benchstat $(CACHE)/bench.txt

.PHONY: cover
cover: ## Show test coverage, package by package, and write .cache/cover.html.
	@mkdir -p $(CACHE)
	go test -coverpkg=./... -coverprofile=$(CACHE)/cover.out ./... >/dev/null
	go tool cover -func=$(CACHE)/cover.out | tail -n 1
	go tool cover -html=$(CACHE)/cover.out -o $(CACHE)/cover.html

.PHONY: clean
clean: ## Remove what was built.
	rm -rf usher $(CACHE)

# The tools are built from the versions in tools/go.mod, once.
$(LINT): tools/go.mod tools/go.sum
	@mkdir -p $(BIN)
	go -C tools build -o ../$(BIN)/ tool
	@touch $@

$(VENV)/ready: conformance/requirements.txt
	python3 -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --requirement conformance/requirements.txt
	@touch $@
