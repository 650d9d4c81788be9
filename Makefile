# Everything is built and kept under target/ (cargo's part where CARGO_TARGET_DIR says, if it is set).
SHELL := /bin/bash
PYTHON ?= python3
PORT ?= 0
ADMIN_PORT ?= 0
# A policy of your own, which `make run` and `make demo` put on the emulated clouds.
POLICY ?=
# Arguments for pytest, for instance: make test-e2e ARGS='-k failover -x'; for bench: make bench ARGS='--case sse-paced'
ARGS ?=
# Another build of the module, to be measured beside this one in the same run; and the multihome that renders its
# configuration, if this one's does not suit it.
AGAINST ?=
AGAINST_CLI ?=
# How long `make fuzz` runs each target, in seconds.
SECONDS ?= 60

export PYTHONDONTWRITEBYTECODE := 1
TEST := $(PYTHON) tests/tools/test.py
DEMO := $(PYTHON) tests/e2e/demo --port $(PORT) --admin-port $(ADMIN_PORT) $(if $(POLICY),--policy '$(POLICY)')

.DEFAULT_GOAL := help
.PHONY: help toolchain build run demo test lint test-native test-node test-e2e test-istio test-func-e test-dist dist versions bench fuzz recorded venv clients clean

help: ## What there is to make
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "  Variables: PORT, ADMIN_PORT and POLICY (run, demo), ARGS (test-e2e, test-istio, bench, fuzz), SECONDS (fuzz), AGAINST and AGAINST_CLI (bench), RECORDINGS (recorded), ENVOY_PATH, CARGO_TARGET_DIR"

# What rust-toolchain.toml names, also where rustup installs nothing unasked (RUSTUP_AUTO_INSTALL=0); says nothing if it is there.
toolchain:
	@! command -v rustup >/dev/null || rustup --quiet toolchain install || rustup show active-toolchain

build dist test lint test-native test-node test-e2e test-istio test-func-e test-dist versions fuzz recorded: toolchain

build: ## The module (wasm) and the programs; 5 minutes the first time, then seconds
	@echo "Building the module and the programs (5 minutes the first time, then seconds) …"
	cargo build --workspace --bins
	cargo build --release --target wasm32-wasip1

run: build ## Envoy and the emulated clouds: a table of what goes where, then it serves until Ctrl-C; POLICY=FILE for your own policy
	@exec $(DEMO) --stay

demo: build ## The same, and ends: exit code 0 if every row came out right
	@exec $(DEMO)

test: ## All tests, from a clean clone too: what they need is installed under target/
	@$(TEST)

lint: ## rustfmt; clippy, natively and for the module; the pages of cargo doc
	@$(TEST) lint

test-native: ## Unit and golden tests, and the SDK's dispatcher driven natively
	@$(TEST) native

test-node: ## The core's tests as WebAssembly under Node
	@$(TEST) node

test-e2e: ## The module in a real Envoy, by the official SDK and by hand
	@$(TEST) build e2e -- $(ARGS)

test-istio: ## The manifests for Istio, by istiod's own push code in a real Envoy; needs Go, minutes the first time
	@$(TEST) build istio -- $(ARGS)

test-func-e: ## Once under the real func-e
	@$(TEST) build e2e -- -m func_e

test-dist: ## What is installed, built in two folders and compared
	@$(TEST) dist

dist: ## target/dist: what is installed, with checksums, bills of materials and an OCI image of the module; 2 minutes
	@$(PYTHON) tests/tools/dist.py

versions: build ## The end-to-end tests with each Envoy that will do; writes the table in docs/deploy.md; 15 minutes
	@$(PYTHON) tests/tools/versions.py

bench: build ## CPU per request of four chains side by side (some minutes, on an idle machine); AGAINST=other.wasm too
	@ENVOY_PATH="$$($(PYTHON) tests/tools/find_envoy.py)" && export ENVOY_PATH && $(PYTHON) tests/bench/bench.py \
	  $(if $(AGAINST),--against '$(AGAINST)') $(if $(AGAINST_CLI),--against-cli '$(AGAINST_CLI)') $(ARGS)

fuzz: ## Spoilt bodies and streams for what reads them, each target for SECONDS=60; ARGS=chat/events for one
	cargo build -p multihome-fuzz
	@"$${CARGO_TARGET_DIR:-target}/debug/multihome-fuzz" --seconds $(SECONDS) $(ARGS)

recorded: ## Hold the emulated clouds and translations against recorded traffic: RECORDINGS=DIR
	@test -d "$(RECORDINGS)" || { echo "make recorded RECORDINGS=DIR: '$(RECORDINGS)' is not a folder" >&2; exit 2; }
	cargo build --workspace --bins
	@"$${CARGO_TARGET_DIR:-target}/debug/multihome-clouds" recorded "$(RECORDINGS)"
	@"$${CARGO_TARGET_DIR:-target}/debug/multihome-convert" recorded "$(RECORDINGS)"

venv: ## target/venv with the tests' Python packages
	@$(PYTHON) tests/tools/venv_of_tests.py

clients: ## target/clients with the tests' JavaScript clients (SDKs, Codex, a Node for them)
	@$(PYTHON) tests/tools/clients_of_tests.py

clean: ## Removes everything that was built and fetched
	cargo clean
	rm -rf target
