# Every target is one command of a contributor's day; `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help

PYTHON ?= $(shell scripts/preflight python)
VENV := .venv
BIN := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest
BENCH := $(PYTEST) bench --benchmark-enable --benchmark-only --timeout=0 -p no:cacheprovider

# One interpreter for every compilation of the binding crate: otherwise maturin and cargo rebuild it in turns.
export PYO3_PYTHON := $(CURDIR)/$(BIN)/python
export VIRTUAL_ENV := $(CURDIR)/$(VENV)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# What the compiled module is made of. The Python files are not here: the install is editable.
SOURCES := Cargo.toml Cargo.lock $(shell find rust -name '*.rs' -not -path '*/target/*' -o -name Cargo.toml)

# A module that was deleted by hand, or two of them (the older would shadow the newer), call for a build whatever the dates say.
ifneq ($(words $(wildcard python/tapip_rs/_core*.so)),1)
$(VENV)/.built: FORCE
endif

.PHONY: help build shell test test-rust test-python bench bench-quick fmt lint rfc fuzz soak clean FORCE
FORCE:

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: $(VENV)/.built ## build everything in release mode; leaves .venv/bin/tapip

shell: build ## build, then start the net shell (as root on a real tap, else on the demo network)
	@$(BIN)/tapip

test: test-rust test-python ## run every test, Rust and Python; as root also those that talk to the kernel

test-rust: $(VENV)/.venv ## run the Rust tests
	cargo test --workspace --exclude tapip_py

test-python: build $(VENV)/.dev ## run the Python and end-to-end tests
	$(PYTEST)

bench: build $(VENV)/.dev target/release/examples/roundtrip ## run the benchmarks (release build, real kernel; root for those against it); writes bench/results
	@mkdir -p bench/results
	$(BENCH) --benchmark-json=bench/results/raw.json

bench-quick: build $(VENV)/.dev target/release/examples/roundtrip ## every benchmark once and briefly: they run, the figures say nothing
	TAPIP_BENCH_ROUNDS=1 TAPIP_BENCH_SECONDS=0.2 TAPIP_BENCH_QUESTIONS=500 TAPIP_PATH_ROUNDS=1 TAPIP_PATH_SECONDS=1 \
	    $(BENCH) --benchmark-max-time=0.1 --benchmark-min-rounds=1

target/release/examples/roundtrip: $(SOURCES)
	cargo build --release -p tapip_host --example roundtrip
	@touch $@

fmt: $(VENV)/.dev ## format all code
	cargo fmt --all
	$(BIN)/ruff check --fix-only --quiet python tests bench examples
	$(BIN)/ruff format --quiet python tests bench examples

lint: build $(VENV)/.dev ## check formats, lints, types, stubs and the arrows between rooms
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	$(BIN)/ruff format --check python tests bench examples
	$(BIN)/ruff check python tests bench examples
	$(BIN)/mypy
	MYPYPATH=python $(BIN)/python -m mypy.stubtest tapip_rs._core --ignore-disjoint-bases
	PYTHONPATH=python $(BIN)/lint-imports

rfc: ## list which RFC clauses the code cites, and which requirements of RFC 9293 nowhere
	@scripts/rfc

fuzz: ## fuzz the parsers and two stacks, FUZZ_SECONDS (60) each; needs nightly Rust
	@scripts/preflight fuzz
	cd rust/fuzz && for target in $$(cargo +nightly fuzz list --fuzz-dir .); do \
	  cargo +nightly fuzz run --fuzz-dir . $$target -- -max_total_time=$${FUZZ_SECONDS:-60} || exit 1; done

soak: build $(VENV)/.dev ## run the long tests: random networks, the grid, mutated frames, restarts; TAPIP_SOAK_SECONDS bounds it
	cargo run --release -p tapip_core --example soak
ifdef TAPIP_SOAK_SECONDS
	TAPIP_FLOOD=100000 cargo test --release -p tapip_core --test mutation_flood
else
	cargo test --release --workspace --exclude tapip_py -- --ignored
	$(PYTEST) -m soak --timeout=0
	TAPIP_SOAK=1 $(PYTEST) tests/e2e/test_streams.py tests/e2e/test_hostile.py tests/e2e/test_modes.py
endif

clean: ## remove all that was built, the virtual environment too
	rm -rf $(VENV) target rust/fuzz/target .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .benchmarks
	rm -f python/tapip_rs/*.so
	find python tests bench -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

$(VENV)/.venv:
	@scripts/preflight build
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.tools: $(VENV)/.venv
	@scripts/preflight pip $(BIN)/python 'maturin>=1.14,<2'
	@touch $@

# maturin also installs the run-time dependencies and the shell's line editor.
$(VENV)/.built: $(SOURCES) pyproject.toml $(VENV)/.tools
	@rm -f python/tapip_rs/*.so
	$(BIN)/maturin develop --release --extras shell
	@touch $@

$(VENV)/.dev: pyproject.toml $(VENV)/.tools
	@scripts/preflight pip $(BIN)/python --extra dev
	@touch $@
