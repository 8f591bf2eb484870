# make demo        set everything up and run the main job on the bundled sample
# make test        the whole gate, as CI runs it
# make test-slow   the longer tests
# make format      put the code in order
# make bench       ours beside its peers, small sizes: docs/performance.md (under 10 minutes)
# make bench-full  all sizes: some hours; ORLIB=DIR adds the OR-Library's files; RESUME=1 goes on
# make bench-app   how fast the app answers in a browser, to docs/performance.md (4 minutes)
# make bench-roads reach by road beside NetworkX, to docs/performance.md (8 minutes)
# make app         the app, on this machine only
# make messages    collect new messages, name those without Chinese
# make wheel       the distribution, into dist/
# make clean       remove what make made
SHELL := /bin/bash
.DELETE_ON_ERROR:
.PHONY: help env demo test test-slow bench bench-full bench-app bench-roads lint format app messages wheel clean

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

# Of `make demo` 0, 1 and 3 are answers of `place` (all met, something left, something that no plan can meet).
demo: $(READY)
	@rm -rf $(SAMPLE)
	$(BIN)/outlet-planner sample $(SAMPLE)
	$(BIN)/outlet-planner place --sales $(SAMPLE)/sales.csv --outlets $(SAMPLE)/outlets.csv --out $(DEMO) \
		|| { code=$$?; [ $$code = 1 ] || [ $$code = 3 ] || exit $$code; }
	$(BIN)/outlet-planner verify $(DEMO)
	@echo "The report: $(CURDIR)/$(DEMO)/report.html"

# One process a core; the tests of a file stay together, since they share what they measure or serve.
test: lint
	$(BIN)/pytest -n auto --dist loadfile -m "not slow and not alone"
	$(BIN)/pytest -m "alone and not slow"

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	$(BIN)/lint-imports

test-slow: $(READY)
	$(BIN)/pytest -m slow

# spopt asks for a Python of its own (3.12 or newer) and for other versions than the product.
BENCH := .venv-bench
NEWER := python3.13 python3.12 $(lastword $(wildcard $(HOME)/.pyenv/versions/3.12.*/bin/python)) python3
BENCH_PYTHON ?= $(firstword $(foreach name,$(NEWER),$(shell $(name) -c 'import sys; print(sys.executable)' 2>/dev/null)))
COMPARE := $(BIN)/python -m benchmarks --peer-python $(CURDIR)/$(BENCH)/bin/python $(if $(ORLIB),--orlib $(ORLIB)) $(if $(RESUME),--resume)

$(BENCH)/ready.stamp:
	$(BENCH_PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/pip install --quiet --disable-pip-version-check spopt highspy
	touch $@

bench: $(READY) $(BENCH)/ready.stamp
	$(COMPARE)

bench-full: $(READY) $(BENCH)/ready.stamp
	$(COMPARE) --full

bench-app: $(READY)
	$(BIN)/python -m benchmarks.app --page

bench-roads: $(READY)
	$(BIN)/python -m benchmarks.roads --page

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

app: $(READY)
	$(BIN)/outlet-planner app

messages: $(READY)
	$(BIN)/python -m planner.catalogues

wheel: $(READY)
	$(BIN)/pip wheel --quiet --no-deps --wheel-dir dist .

clean:
	rm -rf $(VENV) $(BENCH) build dist out *.egg-info
