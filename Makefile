# `make run` and `make test` are all that a fresh machine with Python 3.11, git and make needs.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin

.PHONY: run play test check lint format kernels setup setup-test wheel slow monkey clean

run: setup  ## set everything up and train a network on handwritten digits
	$(BIN)/nnplay train digits

play: setup  ## set everything up and open the playground
	$(BIN)/nnplay

test: kernels  ## set everything up and run the tests, in a process for each core
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

slow: kernels  ## the tests that take minutes
	$(BIN)/python -m pytest -m slow

monkey: setup-test  ## random keys, lines and clicks for half an hour, with ten seeds
	$(BIN)/python -m tests.terminal.monkey

wheel: setup-test
	$(BIN)/python -m pip wheel --no-deps --wheel-dir dist .

kernels: setup-test  ## compile what the cache lacks, before several processes of tests ask for it at once
	$(BIN)/nnplay warmup
	$(BIN)/nnplay warmup --real float64

setup: .venv/installed
setup-test: .venv/installed-test

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/installed: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	touch $@

.venv/installed-test: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[test]"
	touch $@ .venv/installed

clean:
	rm -rf .venv dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
