# make demo   set everything up and run the main job on the bundled sample
# make test   the whole gate, as CI runs it
SHELL := /bin/bash
.DELETE_ON_ERROR:
.PHONY: help env demo test test-slow lint format app messages bench wheel clean

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready-$(firstword $(shell cat pyproject.toml scripts/setup-environment | sha256sum)).stamp
SAMPLE := out/sample
DEMO := out/demo

help:
	@sed -n 's/^# \(make .*\)/\1/p' Makefile

env: $(READY)

# The stamp's name holds a digest of pyproject.toml: a clone's file times say nothing, its content does.
$(READY):
	@PYTHON=$(PYTHON) VENV=$(VENV) bash scripts/setup-environment
	@rm -f $(VENV)/ready-*.stamp && touch $@

# make demo: 0, 1 and 3 are answers of `place` (all met, something left, something that no plan can meet).
demo: $(READY)
	@rm -rf $(SAMPLE)
	$(BIN)/outlet-planner sample $(SAMPLE)
	$(BIN)/outlet-planner place --sales $(SAMPLE)/sales.csv --outlets $(SAMPLE)/outlets.csv --out $(DEMO) \
		|| { code=$$?; [ $$code = 1 ] || [ $$code = 3 ] || exit $$code; }
	$(BIN)/outlet-planner verify $(DEMO)
	@echo "The report: $(CURDIR)/$(DEMO)/report.html"

test: lint
	$(BIN)/pytest

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	$(BIN)/lint-imports

test-slow: $(READY)
	$(BIN)/pytest -m slow

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

app: $(READY)
	$(BIN)/outlet-planner app

wheel: $(READY)
	$(BIN)/pip wheel --quiet --no-deps --wheel-dir dist .

clean:
	rm -rf $(VENV) build dist out *.egg-info
