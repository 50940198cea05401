# Everything a developer does, one target each. `make` alone lists them.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help run test torture bench lint format lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(BIN)/.ready: pyproject.toml requirements-dev.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

run: $(BIN)/.ready ## watch the proxy's log (LOG=path, or found by itself), then show the stats
	-@$(BIN)/proxypal watch --once $(LOG)
	@$(BIN)/proxypal stats

test: $(BIN)/.ready lint ## every check and every test, under ten minutes
	$(BIN)/pytest -n 2 -m "not torture"

torture: $(BIN)/.ready ## the long crash, fuzz and damage runs
	$(BIN)/pytest -n 2 -m torture

bench: $(BIN)/.ready ## speed beside named rivals, as ratios from one run
	$(BIN)/python -m benchmarks

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
