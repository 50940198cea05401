# Everything a developer does, one target each. `make` alone lists them.
PYTHON ?= python3
VENV   ?= .venv
SAMPLE ?= 40
BIN    := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help run demo test torture soak mutation bench screenshots lint format lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(BIN)/.runs: pyproject.toml requirements-dev.txt
	@echo "Installing proxypal into $(VENV); this takes a moment…"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint requirements-dev.txt --editable .
	@touch $@

$(BIN)/.ready: $(BIN)/.runs
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

run: $(BIN)/.runs ## the pages and the watcher in one (LOG=path, or found by itself)
	@$(BIN)/proxypal serve $(foreach log,$(LOG),--log $(log))

demo: $(BIN)/.runs ## the pages with 90 days of made-up traffic, in a folder of their own
	@$(BIN)/proxypal demo

test: $(BIN)/.ready lint ## every check and every test, under ten minutes
	@.ci/install-browser
	$(BIN)/pytest -n 2 -m "not torture"

torture: $(BIN)/.ready ## the long crash, fuzz and damage runs
	$(BIN)/pytest -n 2 -m torture

soak: $(BIN)/.ready ## three million requests of ninety days through a running server
	$(BIN)/python -m tests.soak

mutation: $(BIN)/.ready ## break the store and the join rule on purpose: does a test notice?
	$(BIN)/python -m pip install --quiet --disable-pip-version-check 'mutmut>=3.8,<4'
	$(BIN)/python tests/mutation/breaking.py --sample $(SAMPLE) $(MODULES)

bench: $(BIN)/.ready ## speed beside named rivals, as ratios from one run, into docs/benchmarks.md
	$(BIN)/python -m benchmarks --page docs/benchmarks.md

screenshots: $(BIN)/.ready ## every page, light and dark, wide and phone, into docs/images
	@.ci/install-browser
	$(BIN)/python tests/browser/screenshots.py

lint: $(BIN)/.ready ## ruff and mypy --strict
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(BIN)/.ready ## rewrite the sources in the project's style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: $(BIN)/.ready ## refresh requirements-dev.txt from pyproject.toml
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --universal --no-header --quiet --extra dev --output-file requirements-dev.txt pyproject.toml

clean: ## remove what the targets made
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist
