# Toril. `make` lists the targets; every target sets up what it needs.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
# More test processes than cores: most tests wait for something.
WORKERS ?= 3

help:  ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## ?(.*)/\1|\2/' \
		| while IFS='|' read -r name text; do printf '  \033[36m%-13s\033[0m %s\n' "$$name" "$$text"; done

setup: .venv/.ready  ## Create .venv with uv and the locked dependencies

.venv/.ready: pyproject.toml uv.lock packages/*/pyproject.toml apps/*/pyproject.toml scripts/setup
	@PYTHON=$(PYTHON) scripts/setup
	@touch $@

# What the caller typed, as it stands: make expands no `$` in it, and no shell reads it.
ifdef DOCS
override export DOCS := $(value DOCS)
endif
ifdef QUERY
override export QUERY := $(value QUERY)
endif
ifdef KEEP
override export KEEP := $(value KEEP)
endif
ifdef ONLY
override export ONLY := $(value ONLY)
endif
ifdef SYSTEMS
override export SYSTEMS := $(value SYSTEMS)
endif
ifdef JSON
override export JSON := $(value JSON)
endif

demo: setup  ## Search this repository by meaning, or your own documents: DOCS=folder QUERY="a question" KEEP=1
	@$(BIN)/python -m examples.library.demo

bench: .venv-peers/.ready  ## Measure beside Node BullMQ and nine Python systems: QUICK=1 ONLY=toril,node JSON=file LONG=1
	@$(BIN)/python -m bench $${ONLY:+--only "$$ONLY"} $${JSON:+--json "$$JSON"} $(if $(QUICK),--quick) $(if $(LONG),--long)

.venv-peers/.ready: .venv/.ready scripts/setup-peers
	@scripts/setup-peers
	@mkdir -p $(@D) && touch $@

bench-gateway: setup  ## 200 clients that add, wait and follow over HTTP for a minute: CLIENTS=200 SECONDS=60
	@$(BIN)/python -m bench.gateway --clients $(or $(CLIENTS),200) --seconds $(or $(SECONDS),60)

profile: setup  ## Where a job's time goes, in Python and in the server
	@$(BIN)/python -m bench.profiling

clients: setup  ## Measure what a call costs our process with each Redis client that could carry it
	@$(BIN)/uv run --isolated --frozen --quiet --group clients python -m bench.clients

chaos: .venv-peers/.ready  ## Break workers, broker and network, and count the jobs: ONLY=workers-killed SYSTEMS=toril RESULTS=1 SHORT=1
	@PYTHONPATH=tests $(BIN)/python -m chaos $${ONLY:+--only "$$ONLY"} $${SYSTEMS:+--systems "$$SYSTEMS"} \
		$(if $(SHORT),--short) $(if $(RESULTS),--results)

chaos-outbox: setup  ## Commit 10,000 transactions with jobs while relay, Redis and PostgreSQL are killed in turn
	@PYTHONPATH=tests $(BIN)/python -m chaos.outbox

soak: setup  ## Run a million jobs in ten minutes, and look whether anything grows
	@PYTHONPATH=tests $(BIN)/python -m chaos.soak

test: setup  ## Run every test; PYTEST="-k worker" passes options on
	@$(BIN)/python -m pytest --numprocesses=$(WORKERS) --dist=worksteal $(PYTEST)

lint: setup  ## Check style, types and the import rule
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/pyright

format: setup  ## Put every file into the style that lint asks for
	@$(BIN)/ruff format --quiet .
	@$(BIN)/ruff check --quiet --fix .

clean:  ## Remove what the targets have made
	rm -rf .venv .venv-peers .venv-peers-older .toril .pytest_cache .ruff_cache .hypothesis .schemathesis tests/interop/node/node_modules

.PHONY: help setup demo bench bench-gateway profile clients chaos chaos-outbox soak test lint format clean
