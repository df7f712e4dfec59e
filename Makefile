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

.PHONY: help setup
