# `make run` and `make test` are all that a fresh machine with Python 3.11, git and make needs.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin

# Compiles, while other work goes on, what of the kernels is not compiled yet for this machine; a second one does nothing.
PACKS_BESIDE := $(BIN)/python -m nnplay.tape.packs --background </dev/null >/dev/null 2>&1 &

# Python would do the same for one module after the other at the first start, and each process of the tests for itself.
BYTECODE := $(BIN)/python -m compileall -q -j 0 nnplay

.PHONY: run play test check lint format setup setup-test packs wheel slow card conformance monkey clean

run: setup  ## set everything up and train a network on handwritten digits
	@$(PACKS_BESIDE)
	$(BIN)/nnplay train digits

play: setup  ## set everything up and open the playground
	@$(PACKS_BESIDE)
	$(BIN)/nnplay

test: setup-test  ## set everything up and run the tests, in one process more than there are cores
	$(BIN)/python -m nnplay.tape.packs
	$(BIN)/python -m pytest

check: lint test  ## what CI runs: format, lint, types, import contracts, tests

lint: setup-test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: setup-test
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

slow: setup-test  ## the tests that take minutes
	$(BIN)/python -m nnplay.tape.packs
	$(BIN)/python -m pytest -m slow

card: setup-test  ## train by the code of graphics cards without one: needs gcc, and installs the compiler for cards
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[gpu]"
	$(BIN)/python -m pytest -m slow tests/slow/test_virtual_card.py tests/slow/test_on_virtual_card.py

conformance: setup-test  ## the cases of ONNX, PyTorch and ONNX Runtime, put to the engine: same, different, cannot be expressed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[conformance]"
	$(BIN)/python -m tests.conformance

monkey: setup-test  ## random keys, lines and clicks for half an hour, with ten seeds
	$(BIN)/python -m tests.terminal.monkey

packs: setup  ## compile all kernels for every level of processors, into the package
	$(BIN)/python -m nnplay.tape.packs --all

wheel: setup-test packs  ## a wheel that never has to compile
	$(BIN)/python -m pip wheel --no-deps --wheel-dir dist .

setup: .venv/installed
setup-test: .venv/installed-test

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/installed: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	$(BYTECODE)
	touch $@

.venv/installed-test: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[test]"
	$(BYTECODE)
	touch $@ .venv/installed

clean:
	rm -rf .venv dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	rm -f nnplay/kernels/packs/*.pack nnplay/kernels/packs/.lock nnplay/kernels/packs/.new-*
