# Thin verbs for everything. `make demo` and `make test` are all that a newcomer needs.
# ARGS=… is handed on: `make demo ARGS=--json`, `make test ARGS='-k poison'`.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
BENCH  := $(VENV)/.bench-installed
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check
ARGS   ?=
ORDERS ?= 10000
SEEDS  ?= 100000
DOMAINS ?= 10000
RENEWALS ?= 10000

.PHONY: help install servers demo test test-unit check format lock docs bench fuzz long-waits rolling-restarts soak simulate crash-matrix blind-sweep bulk renewals vendor-faults clean
.DEFAULT_GOAL := help

help: ## list the verbs
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | sort | expand -t 20

$(STAMP): requirements/dev.lock pyproject.toml
	@sh tools/create_venv.sh "$(PYTHON)" $(VENV)
	@$(PIP) --require-hashes --requirement requirements/dev.lock
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(BENCH): requirements/bench.lock $(STAMP)
	@$(PIP) --require-hashes --requirement requirements/bench.lock
	@touch $@

install: $(STAMP) ## create .venv from the lock file

servers: ## install the servers and programs that the tests start, if they are missing
	@sh tools/install_servers.sh

demo: install ## the whole product in one command: no server, no root, no configuration
	@$(BIN)/provisioner demo $(ARGS)

test: install servers ## every test, against a RabbitMQ and a PostgreSQL of its own
	@$(BIN)/pytest --numprocesses=4 --dist=loadfile --no-loadscope-reorder $(ARGS)

test-unit: install ## the tests that need no server
	@$(BIN)/pytest tests/unit $(ARGS)

check: install ## style, types, layers and lock files
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@sh tools/check_locks.sh

format: install ## let ruff format the code and repair what it can
	@$(BIN)/ruff format
	@$(BIN)/ruff check --fix

lock: install ## write the lock files anew, keeping pins that still satisfy pyproject.toml
	@sh requirements/compile.sh requirements

docs: install ## write the generated reference pages anew
	@$(BIN)/python -m tools.docs $(ARGS)

bench: $(BENCH) servers ## measure against a plain actor, DBOS and the bare database
	@$(BIN)/python -m benchmarks $(ARGS)

fuzz: install servers ## the poison test at its full count
	@FUZZ_BODIES=$${FUZZ_BODIES:-10000} FUZZ_ORDERS=$${FUZZ_ORDERS:-1000} $(BIN)/python -m tests.faults.poison $(ARGS)

long-waits: install servers ## 100,000 waiting operations beside orders that go on
	@LONG_WAITS=$${LONG_WAITS:-100000} $(BIN)/pytest tests/faults/test_long_waits.py $(ARGS)

rolling-restarts: install servers ## 100 workers replaced, one after the other, while orders come in
	@RESTARTS=$${RESTARTS:-100} $(BIN)/pytest tests/faults/test_rolling_restarts.py --timeout=3600 $(ARGS)

soak: install servers ## orders through real processes while a nemesis strikes: ORDERS=, SEED=, DOORBELLS=no
	@$(BIN)/python -m tests.soak --orders $(ORDERS) $(SEED:%=--seed %) $(if $(filter no,$(DOORBELLS)),--no-doorbells) $(ARGS)

simulate: install ## the engine under every trouble, by seeds, on all processors: SEEDS=, SEED= (the first)
	@$(BIN)/python -m tests.simulation --seeds $(SEEDS) $(SEED:%=--seed %) $(ARGS)

bulk: install servers ## many domains transferred by one file, and what that costs: DOMAINS=
	@$(BIN)/python -m tests.faults.bulk $(DOMAINS) $(ARGS)

renewals: install servers ## many certificates due within a week: RENEWALS=
	@$(BIN)/python -m tests.faults.renewals certificates $(RENEWALS) $(ARGS)

vendor-faults: install servers ## every call of every adapter with every fault; `make test` draws a share
	@MATRIX_SHARE=1 $(BIN)/pytest -m matrix --numprocesses=3 --dist=loadfile $(ARGS)

crash-matrix: install servers ## SIGKILL at every boundary of every workflow, of intake and of relay: SEED=
	@$(BIN)/python -m tests.faults.crash matrix $(SEED:%=--seed %) $(ARGS)

blind-sweep: install servers ## SIGKILL at every write of a worker, by strace: SEED=
	@$(BIN)/python -m tests.faults.crash sweep $(SEED:%=--seed %) $(ARGS)

clean: ## remove what the verbs made
	@rm -rf $(VENV) var dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
