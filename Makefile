# Everything a person or CI does with the project. `make` alone prints the list.
#
# Needs make and Python >= 3.11 with pip and venv; the first `make demo` or `make check` sets up
# .venv from the locked requirements, through whichever package index pip is configured for.

PYTHON ?= python3
WORKERS ?= 2
SECONDS ?= 60
SEED ?= 1
FINDINGS ?= build/fuzzing
BIN := .venv/bin
LOCKED := --quiet --require-hashes --no-deps --only-binary=:all: --no-compile

# A pip that asks would stop a run that nobody watches.
export PIP_NO_INPUT := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Bytecode is compiled when first used (see --no-compile) and must be kept to be of use.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo run check lint types imports workflows openapi-check test bombs bench-signing bench-validation bench-dossiers bench-in-tray bench-indicator bench-evidence bench-verify bench-journal bench-books bench-conformance tampering fuzz format openapi diagrams lock clean

help: ## Print this list
	@echo "Vanthu: document workflow and e-signature backend (văn thư cơ quan)"
	@echo
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r name what; do \
		printf '  make %-16s %s\n' "$$name" "$$what"; done
	@echo
	@echo "  PYTHON=python3.12 chooses the interpreter, WORKERS=4 the parallel test processes."

demo: .venv/runtime.installed ## Walk the main job on a fresh office, over HTTP, and show the result
	$(BIN)/vanthu demo

run: .venv/runtime.installed ## Serve the API on 127.0.0.1:8000, with its documentation at /docs
	$(BIN)/vanthu serve

check: lint types imports workflows openapi-check test ## Run every check and test: what CI runs

lint: .venv/dev.installed ## Check style and known mistakes (ruff)
	@echo "== Style and known mistakes (ruff)"
	$(BIN)/ruff check .
	$(BIN)/ruff format --check --quiet .

types: .venv/dev.installed ## Check types (mypy, strict)
	@echo "== Types (mypy --strict)"
	$(BIN)/mypy

imports: .venv/dev.installed ## Check who imports whom (import-linter)
	@echo "== Who imports whom (import-linter; contracts in pyproject.toml)"
	$(BIN)/lint-imports --no-cache

workflows: .venv/dev.installed ## Check the workflow definitions and that their diagrams are in step
	@echo "== Workflow definitions, and their diagrams in docs/workflows"
	$(BIN)/vanthu workflows check
	$(BIN)/vanthu workflows diagram --out docs/workflows --check

openapi-check: .venv/dev.installed
	@echo "== The API's description in docs/openapi.json"
	$(BIN)/vanthu openapi --out docs/openapi.json --check

test: .venv/dev.installed ## Run the tests, on real servers started for them
	@echo "== Tests (pytest, $(WORKERS) processes; starts PostgreSQL, Valkey and SeaweedFS on free ports)"
	$(BIN)/python -m pytest -n $(WORKERS)

bombs: .venv/dev.installed ## Show what hostile files cost that are made to keep a judge busy (minutes)
	$(BIN)/python -m benchmarks.bombs

bench-signing: .venv/dev.installed ## Measure what a signature costs, beside other programs (minutes)
	$(BIN)/python -m benchmarks.signing

bench-dossiers: .venv/dev.installed ## Measure what asking a dossier of 2,000 files costs, on both databases
	$(BIN)/python -m benchmarks.dossiers

bench-in-tray: .venv/dev.installed ## Measure a page of work among 100,000 open cases, on both databases
	$(BIN)/python -m benchmarks.in_tray

bench-indicator: .venv/dev.installed ## Measure the indicator among 2,000,000 documents, on both databases
	$(BIN)/python -m benchmarks.indicator

bench-evidence: .venv/dev.installed ## Measure the bundle of DOCUMENTS=20000 documents, and what its writer holds
	$(BIN)/python -m benchmarks.evidence $(DOCUMENTS)

bench-verify: .venv/dev.installed ## Measure what verifying a bundle costs, without files and with (minutes)
	$(BIN)/python -m benchmarks.verifying

bench-books: .venv/dev.installed ## Measure what a register of 10,000 entries costs as XLSX, PDF and XML
	$(BIN)/python -m benchmarks.books

bench-journal: .venv/dev.installed ## Measure how fast one process appends to the journal, on SQLite
	$(BIN)/python -m benchmarks.journal

bench-conformance: .venv/dev.installed ## Measure counting violations among 10,000 documents, on both databases
	$(BIN)/python -m benchmarks.conformance

bench-validation: .venv/dev.installed ## Measure what a verdict costs, beside pyHanko's (minutes)
	$(BIN)/python -m benchmarks.validation

tampering: .venv/dev.installed ## Change an office, and a bundle, behind its back 10,000 times: is each found? (minutes)
	$(BIN)/python -m benchmarks.tampering
	$(BIN)/python -m benchmarks.tampering_bundles

fuzz: .venv/dev.installed ## Spoil signed files at random and have them judged (SECONDS=60, SEED=1)
	$(BIN)/python -m tests.hostile.fuzzing --seconds $(SECONDS) --seed $(SEED) --keep $(FINDINGS)

format: .venv/dev.installed ## Lay out the code as `make lint` wants it
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

openapi: .venv/dev.installed ## Write docs/openapi.json anew
	$(BIN)/vanthu openapi --out docs/openapi.json

diagrams: .venv/dev.installed ## Draw docs/workflows anew
	$(BIN)/vanthu workflows diagram --out docs/workflows

# uv resolves for every platform and Python at once, which pip cannot.
LOCK = uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--custom-compile-command 'make lock' $(LOCK_OPTIONS)
lock: ## Lock the newest allowed dependencies, with hashes (needs uv; LOCK_OPTIONS=--upgrade)
	@command -v uv >/dev/null || { echo "make lock needs uv: pip install uv" >&2; exit 1; }
	$(LOCK) --allow-unsafe requirements/build.in --output-file requirements/build.txt
	$(LOCK) requirements/runtime.in --output-file requirements/runtime.txt
	$(LOCK) requirements/dev.in --constraint requirements/runtime.txt --output-file requirements/dev.txt

clean: ## Remove the environment and all caches, never an office's data (var/)
	rm -rf .venv build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Set-up. Nothing is built but the project itself, offline, by the setuptools of the lock: a build
# of anything else would fetch what no hash vouches for.
.venv/runtime.installed: requirements/build.txt requirements/runtime.txt pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "Vanthu needs Python 3.11 or newer, and there is no $(PYTHON)." \
		"Name one: make PYTHON=python3.12 demo" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Vanthu needs Python 3.11 or newer;" \
		" $(PYTHON) is %d.%d. Name another: make PYTHON=python3.12 demo" % sys.version_info[:2])'
	@echo "== Setting up .venv, once (1/3): environment"
	@$(PYTHON) -m venv --without-pip .venv
	@$(PYTHON) -m pip --python $(BIN)/python install $(LOCKED) -r requirements/build.txt
	@echo "== Setting up .venv (2/3): $$(grep -c '^[a-z].*==' requirements/runtime.txt) locked packages, about 20 seconds"
	@$(BIN)/python -m pip install $(LOCKED) -r requirements/runtime.txt
	@echo "== Setting up .venv (3/3): the vanthu command"
	@$(BIN)/python -m pip install -qq --no-deps --no-index --no-build-isolation --editable .
	@touch $@

.venv/dev.installed: .venv/runtime.installed requirements/dev.txt
	@echo "== Setting up .venv for the checks, once: real servers and test tools, about 20 seconds"
	@$(BIN)/python -m pip install $(LOCKED) -r requirements/dev.txt
	@touch $@
