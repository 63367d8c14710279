# `make run` is the first thing to try; `make help` lists the rest.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
INSTALL := $(PIP) install --quiet --constraint constraints.txt
KERNELS := $(wildcard src/iris_model/engine/csrc/*)
SOURCES := src tests bench scripts examples

.PHONY: run test check e2e bench bench-check clean help

run: $(VENV)/.installed ## serve the iris model on 127.0.0.1:9000 until Ctrl-C
	@exec $(BIN)/iris-model serve examples/iris

test: $(VENV)/.installed-for-work ## run the tests that need no system service (under 3 minutes on two cores)
	$(BIN)/python -m pytest -m "not e2e" -n auto

check: $(VENV)/.installed-for-work ## formatting, lint, strict types, the import law, budgets
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/python -m pytest -rP tests/architecture

e2e: $(VENV)/.installed-for-work ## build and run real containers (needs Docker Engine; `.ci/run` starts one)
	$(BIN)/python -m pytest -m "e2e or slow" -n 2

bench: $(VENV)/.installed-for-work ## measure what the README claims, side by side with its peers; writes its table
	$(BIN)/python bench/suite.py

bench-check: $(VENV)/.installed-for-work ## measure again; fails when a ratio is worse than the committed one by more than a third
	$(BIN)/python bench/suite.py --check

clean: ## remove everything that can be made again
	rm -rf $(VENV) build dist bench/results .mypy_cache .pytest_cache .ruff_cache .hypothesis examples/iris/.iris-model
	find . -name __pycache__ -prune -exec rm -rf {} +
	find src -name '*.egg-info' -prune -exec rm -rf {} +

help: ## show this list
	@grep -hE '^[a-z0-9-]+:.*##' Makefile | sort | awk -F ':.*## ' '{ printf "  make %-12s %s\n", $$1, $$2 }'

# The stamps are newer than what they depend on, so that a second `make run` installs nothing and starts at once.
$(VENV)/.installed: pyproject.toml setup.py $(KERNELS) constraints.txt | $(VENV)
	@echo "installing iris-model into $(VENV)"
	@$(INSTALL) --editable '.[aws,sklearn]'
	@touch $@

$(VENV)/.installed-for-work: pyproject.toml setup.py $(KERNELS) constraints.txt | $(VENV)
	@echo "installing iris-model and its test tools into $(VENV)"
	@$(INSTALL) --editable '.[aws,sklearn,test,check]'
	@touch $@ $(VENV)/.installed

$(VENV):
	@python=$$(scripts/find-python) && echo "creating $(VENV) with $$python" && \
	  { "$$python" -m venv $(VENV) || { rm -rf $(VENV); \
	    echo "$$python cannot make virtual environments. On Debian or Ubuntu: apt-get install python3-venv" >&2; exit 1; }; }
