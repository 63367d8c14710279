# `make run` is the first thing to try; `make help` lists the rest.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
INSTALL := $(PIP) install --quiet --constraint constraints.txt
# In a fraction of the time of pip; pip follows where uv does not know the index.
QUICK_INSTALL := $(BIN)/python -m uv pip install --quiet --compile-bytecode --python $(BIN)/python --constraint constraints.txt
KERNELS := $(wildcard $(addprefix src/iris_model/engine/,csrc/* csrc/*/* bootstrap/* bootstrap/*/*))
SOURCES := src tests bench scripts examples

.PHONY: run develop test coverage check e2e e2e-tests e2e-matrix e2e-fuzz exhaustive exhaustive-tests check-all site bench bench-check clean help

# The port is tried before anything is installed: whoever has to choose another one does not wait for that first.
PORT ?= 9000
run: ## serve the iris model on 127.0.0.1:9000, or at PORT=..., until Ctrl-C
	@scripts/check-port $(PORT)
	@$(MAKE) --silent --no-print-directory $(VENV)/.installed
	@exec $(BIN)/iris-model serve examples/iris --port $(PORT)

develop: $(VENV)/.installed-for-work ## install iris-model, the test tools and the documentation tools into .venv

# Tests of a module share a worker, and so its fixtures; a worker without tests takes some from the others.
SHARE := --dist worksteal
# The runs end with the names of their slowest tests, because the time of a run is a budget.
SLOWEST := --durations=30 --durations-min=2

# What is checked about the text of the source, `make check` checks.
OF_THE_TEXT := tests/architecture tests/docs/test_language.py

test: $(VENV)/.installed-for-work ## run the tests that need no system service (three minutes on two cores)
	@scripts/timed "make test" 180 -- $(BIN)/python -m pytest -m "not e2e" $(addprefix --ignore=,$(OF_THE_TEXT)) -n auto $(SHARE) $(SLOWEST)

# Apart from `make test`, because looking at each line takes half as long again.
coverage: $(VENV)/.installed-for-work ## measure which lines the tests of `make test` run; fails below the floor in pyproject.toml
	@scripts/timed "make coverage" 300 -- $(BIN)/python -m pytest -q -m "not e2e" $(addprefix --ignore=,$(OF_THE_TEXT)) -n auto $(SHARE) \
	  --cov --cov-report=html:build/coverage/html

check: $(VENV)/.installed-for-work ## formatting, lint, strict types, import rules, budgets
	@scripts/timed "make check" -- $(MAKE) --no-print-directory check-all

check-all:
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/python -m pytest -rP $(OF_THE_TEXT)

e2e: e2e-tests e2e-matrix e2e-fuzz ## real containers, the zoos with older libraries, and the fuzz (needs Docker Engine; `.ci/run` starts one)

# The tests of Hypothesis run here as well, since they draw other examples here than in `make test`.
e2e-tests: $(VENV)/.installed-for-work
	@scripts/timed "make e2e-tests" 1500 -- $(BIN)/python -m pytest -m "(e2e or slow or hypothesis) and not exhaustive" -n 2 $(SHARE) $(SLOWEST)

e2e-matrix: $(VENV)/.installed-for-work
	@scripts/timed "make e2e-matrix" 900 -- $(BIN)/python scripts/parity_matrix.py

e2e-fuzz: $(VENV)/.installed-for-work
	@scripts/timed "make e2e-fuzz" -- $(BIN)/python -m tests.fuzz

exhaustive: coverage exhaustive-tests e2e-fuzz ## what takes too long for each change: coverage, further variants of `make e2e`, the whole fuzz

exhaustive-tests: $(VENV)/.installed-for-work
	@scripts/timed "make exhaustive-tests" -- $(BIN)/python -m pytest -m "exhaustive and (e2e or slow)" -n 2 $(SHARE) $(SLOWEST)

site: $(VENV)/.installed-for-site ## build the documentation as a site in build/site, without the internet
	@# Not --quiet: it hides the warnings, and --strict then counts none.
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict && echo "open build/site/index.html"

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
	@$(INSTALL) uv
	@$(QUICK_INSTALL) --editable '.[aws,sklearn,test,check,docs]' || $(INSTALL) --editable '.[aws,sklearn,test,check,docs]'
	@touch $@ $(VENV)/.installed $(VENV)/.installed-for-site

# The site needs neither the test tools nor the libraries of models.
$(VENV)/.installed-for-site: pyproject.toml constraints.txt | $(VENV)
	@echo "installing iris-model and its documentation tools into $(VENV)"
	@$(INSTALL) --editable '.[docs]'
	@touch $@

$(VENV):
	@python=$$(scripts/find-python) && echo "creating $(VENV) with $$python" && \
	  { "$$python" -m venv $(VENV) || { rm -rf $(VENV); \
	    echo "$$python cannot make virtual environments. On Debian or Ubuntu: apt-get install python3-venv" >&2; exit 1; }; }
