# A fresh machine needs Python 3.11 or later and make, then `make run` or `make test`: each makes .venv first.
# Another Python: make PYTHON=python3.13 run. Works with GNU Make 3.81, which macOS ships.

PYTHON ?= python3
WORKERS ?= auto
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help venv run test check parity bench clean

help: ## say what there is to make
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

venv: .venv/.ready ## make .venv with everything that the other targets need

.venv/.ready: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and f"lucid needs Python 3.11 or later, and $(PYTHON) is {sys.version.split()[0]}; say which to use: make PYTHON=python3.13")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@

.venv/.parity-ready: .venv/.ready
	$(BIN)/python -m pip install --quiet --editable '.[parity]'
	@touch $@

run: venv ## run the main job, `lucid run`; ARGS="..." goes to it
	$(BIN)/lucid run $(ARGS)

test: venv ## run the tests and the doctests, but not the parity tests; ARGS="..." goes to pytest
	$(BIN)/python -m pytest -n $(WORKERS) $(ARGS)

check: venv ## lint, types and architecture; prints the size of each package
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/test_architecture.py
	$(BIN)/python benchmarks/code_size.py

parity: .venv/.parity-ready ## compare with PyTorch and Transformers (installs both, which is large)
	$(BIN)/python -m pytest -n $(WORKERS) -m parity tests/parity $(ARGS)

bench: venv ## short benchmarks; each has more to measure when run by hand
	$(BIN)/python benchmarks/import_time.py
	$(BIN)/python benchmarks/dispatch.py
	$(BIN)/python benchmarks/pvt_throughput.py --quick

clean: ## remove caches and builds; .venv and runs stay
	rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find lucid tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
