# Toril. `make` lists the targets; every target sets up what it needs.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin

help:  ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## ?(.*)/\1|\2/' \
		| while IFS='|' read -r name text; do printf '  \033[36m%-8s\033[0m %s\n' "$$name" "$$text"; done

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

demo: setup  ## Search this repository by meaning, or your own: make demo DOCS=folder QUERY="a question"
	@$(BIN)/python -m examples.library.demo

.PHONY: help setup demo
