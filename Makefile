# The project's commands. `make demo` and `make test` do all their set-up themselves: a virtual environment in .venv
# with the versions of constraints.txt.
#
#   make demo PYTHON=python3.12       another Python (3.11 or newer)
#   make test PIP_FLAGS="..."         more flags for pip, such as an index with CPU builds of torch
#   make test JOBS=8                  tests in more processes
#   make bench BENCH="startup --write"   only this benchmark, and its result into RESULTS.md

VENV      ?= .venv
EXTRAS    ?= cpu,text,audio,dev
PIP_FLAGS ?=
JOBS      ?= 2
BENCH     ?=

# The first Python that is new enough and can make virtual environments; a shim may be found and still not run.
find_python = for p in python3 python3.12 python3.11 python3.13; do \
	$$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done
PYTHON    ?= $(shell $(find_python))

BIN   := $(VENV)/bin
STAMP := $(VENV)/.installed
PYTEST = OMP_NUM_THREADS=1 $(BIN)/python -m pytest

.PHONY: demo reference test lint types tests slow bench gpu format setup clean help
.DEFAULT_GOAL := help

help:
	@echo "make demo    train LeNet on the bundled digits, then read a digit from a picture"
	@echo "make test    lint, types and tests"
	@echo "make reference  the pages of grammar/reference/ and of the zoo, made from declarations and specs"
	@echo "make lint | types | tests | slow | bench | gpu | format | setup | clean"

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed, with its venv module: make $(MAKECMDGOALS) PYTHON=/path/to/python3" >&2; exit 1; }
	@echo "setting up $(VENV) (once; torch is large)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(PIP_FLAGS) -c constraints.txt -e ".[$(EXTRAS)]"
	@touch $@

demo: $(STAMP)
	run="$$($(BIN)/nnc train specs/lenet.nn)" && $(BIN)/nnc run "$$run/model.onnx" specs/data/seven.png

test: lint types tests

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/nnc fmt --check specs

types: $(STAMP)
	$(BIN)/mypy

tests: $(STAMP)
	$(PYTEST) -q -n $(JOBS) --dist loadfile

slow: $(STAMP)
	$(PYTEST) -q -n $(JOBS) --dist loadfile -m slow

bench: $(STAMP)
	$(BIN)/python tests/benchmarks/all.py $(BENCH)

gpu: $(STAMP)
	$(PYTEST) -q -m gpu

format: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/nnc fmt specs

reference: $(STAMP)
	$(BIN)/python docs/make_reference.py
	$(BIN)/python docs/make_zoo.py

clean:
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find compiler grammar specs tests -name __pycache__ -type d -prune -exec rm -rf {} +
