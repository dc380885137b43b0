# What people do with this repository. `make` alone shows it.
.DEFAULT_GOAL := help
.PHONY: help setup check format test test-fast last-release ranges drill bench docs screenshots quickstart wheels release clean
PYTHON := .venv/bin/python
TESTS ?= tests/unit

help:  ## Shows this.
	@grep -hE '^[a-z-]+: .*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1|/' | awk -F'|' '{ printf "  make %-14s %s\n", $$1, $$2 }'

setup:  ## Makes .venv with Tally and all that its tests need.
	@ROOT="$(CURDIR)" bash -euc '. scripts/_install.sh; install_tally "$$DEVELOPMENT"'

check: setup  ## Style, types, the import law, the tests of the architecture.
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/lint-imports --no-cache
	.venv/bin/mypy
	$(PYTHON) -m pytest tests/architecture

format: setup  ## Brings code into its form.
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

test:  ## Everything, on servers of its own.
	./scripts/test.sh

test-fast: setup  ## Some tests: TESTS=tests/unit by default.
	$(PYTHON) -m pytest $(TESTS)

last-release: setup  ## The last release's processes beside this release; RELEASE=v0.1.0 names one.
	./scripts/test-last-release.sh $(RELEASE)

ranges:  ## The ends of the ranges of RQ, redis-py and SQLAlchemy.
	./scripts/test-ranges.sh

drill: setup  ## Kills everything while jobs run, and counts what became of them.
	.venv/bin/tally drill

bench: setup  ## The figures of the engine, alone; others and earlier revisions beside it: benchmarks/run.sh --help.
	./benchmarks/run.sh

docs: setup  ## Writes the pages that are made from the code.
	$(PYTHON) -m backend.cli.reference.pages docs

screenshots: setup  ## Makes the pictures of the dashboard anew; needs Chromium.
	PYTHON=$(PYTHON) ./scripts/screenshots.sh

quickstart:  ## Starts everything and shows it at work.
	./scripts/quickstart.sh

wheels: setup  ## Builds the wheels into dist/, and tries each where nothing else is installed.
	$(PYTHON) -m scripts.wheels dist
	TALLY_TEST_INSTALL=full $(PYTHON) -m pytest tests/contract/wheels

release: setup  ## Cuts a release: VERSION=0.3.0.
	./scripts/release.sh $(VERSION)

clean:  ## Removes what was built, installed and cached.
	rm -rf .venv .ranges dist build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
