# One command for everything. Activate a virtual environment first: python3 -m venv .venv && . .venv/bin/activate
PYTHON ?= python
# Material for MkDocs reminds of its end of life at each start
export NO_MKDOCS_2_WARNING = 1
# the benchmarks that need neither a GPU nor a finished run; `make bench BENCH=null` runs one of them
BENCH ?= null error_control discovery explain studio planted cost
# of all fuzzers together
MINUTES ?= 30

.DEFAULT_GOAL := help
.PHONY: help install test slow lint fix docs docs-serve bench fuzz clean

help:  ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install:  ## install Bugscope with what tests, linters and docs need
	$(PYTHON) -m pip install -e '.[dev,docs]'

test:  ## fast test suite
	$(PYTHON) -m pytest -n 2

slow:  ## slow test suite; needs pip install -e '.[slow]'
	$(PYTHON) -m pytest -m slow

lint:  ## check style, types, layers, spelling, tables and links; change nothing
	ruff check .
	ruff format --check .
	mypy
	lint-imports
	typos
	$(PYTHON) tools/tables.py --check
	$(PYTHON) tools/links.py

fix:  ## format the code, fix what ruff can fix, rewrite the option tables
	ruff check --fix .
	ruff format .
	$(PYTHON) tools/tables.py

docs:  ## build the documentation into site/; a dead link is an error
	$(PYTHON) -m mkdocs build --strict

docs-serve:  ## show the documentation locally and follow changes
	$(PYTHON) -m mkdocs serve

bench:  ## measure what the docs claim, into build/bench/; hours, see BENCH
	mkdir -p build/bench
	set -e; for name in $(BENCH); do $(PYTHON) bench/$$name.py --json build/bench/$$name.json; done

fuzz:  ## search for input that ends in a traceback, hangs or writes where it should not; 30 minutes, see MINUTES
	PYTHONPATH=tests $(PYTHON) -m fuzz --minutes $(MINUTES) --json build/fuzz.json

clean:  ## remove what builds, tests and linters leave behind
	rm -rf build dist site .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache src/*.egg-info
	find . -name __pycache__ -type d -not -path './.venv*' -prune -exec rm -rf {} +
