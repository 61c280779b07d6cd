# A fresh machine needs Python 3.11 or later and make, then `make run` or `make test`: each makes .venv first.
# Another Python: make PYTHON=python3.13 run. Works with GNU Make 3.81, which macOS ships.

PYTHON ?= python3
WORKERS ?= auto
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help venv run test check parity parity-devices fuzz array-api bench clean

help: ## say what there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

venv: .venv/.ready ## make .venv with everything that the other targets need

.venv/.ready: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and f"lucid needs Python 3.11 or later, and $(PYTHON) is {sys.version.split()[0]}; say which to use: make PYTHON=python3.13")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@

.venv/.array-api-ready: .venv/.ready
	$(BIN)/python -m pip install --quiet --editable '.[array-api]'
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

parity-devices: venv ## compare the devices: every op with every dtype, in one table; ARGS="NAME ..." picks ops
	$(BIN)/python -m tools.parity_devices $(ARGS)

TIME ?= 3600
SEED ?= $(shell date +%s)
fuzz: venv ## look for what breaks lucid, for an hour or TIME seconds, then in 10,000 damaged checkpoint files
	$(BIN)/python -m tools.fuzz $(TIME)
	$(BIN)/python -m tests.io.fuzz_checkpoints --count 10000 --seed $(SEED)

# The suite makes tensors on the default device. The gpu has no float64 and no complex128, and the suite reads the
# elements of an array one by one, so arrays are small there. EXAMPLES=1000 searches longer.
EXAMPLES ?= 100
SUITE_RUN = '$(CURDIR)/$(BIN)/python' -m pytest array_api_tests -q --no-header -W ignore -p no:cacheprovider \
	--max-examples $(EXAMPLES) --disable-deadline --derandomize $(ARGS)

array-api: .venv/.array-api-ready ## run the Array API test suite on both devices; SUITE=DIR is a checkout of it
	@test -d '$(SUITE)/array_api_tests' || { echo 'SUITE=DIR: wanted a checkout of data-apis/array-api-tests, with its submodule'; exit 2; }
	@cd '$(SUITE)' && failed=0; \
	echo 'device cpu'; ARRAY_API_TESTS_MODULE=lucid $(SUITE_RUN) || failed=1; \
	echo 'device gpu'; ARRAY_API_TESTS_MODULE="exec('import lucid as xp; xp.set_default_device(\"gpu\")')" \
	ARRAY_API_TESTS_SKIP_DTYPES=float64,complex128 ARRAY_API_TESTS_MAX_ARRAY_SIZE=128 \
	$(SUITE_RUN) --skips-file '$(CURDIR)/tests/array_api_skips.txt' || failed=1; \
	exit $$failed

bench: venv ## short benchmarks, in minutes, into docs/performance.md; ARGS="NAME ..." picks some
	$(BIN)/python benchmarks/tables.py $(ARGS)

clean: ## remove caches and builds; .venv and runs stay
	rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find lucid tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
