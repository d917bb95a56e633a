# Two commands are enough: `make open` and `make test`. Both set everything up first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: open test check setup bench torture pictures lock clean

open: setup
	@$(BIN)/fleettui open fleets/code-review.yaml

test: setup check

setup: $(STAMP)

$(STAMP): requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "fleettui needs $(PYTHON): apt-get install python3" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "fleettui needs Python 3.11 or newer: make PYTHON=python3.11 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "$(PYTHON) can't make virtual environments: apt-get install python3-venv" >&2; exit 1; }
	@command -v git >/dev/null || \
	  { echo "the reviewers and the tests need git: apt-get install git" >&2; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	@echo "installing fleettui and what it needs into $(VENV) (once, about a minute) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

check:
	$(BIN)/ruff format --check src tests bench demo
	$(BIN)/ruff check src tests bench demo
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -n 2 -m "not torture" tests

torture: setup
	$(BIN)/python -m pytest -m torture --timeout 7200 tests

bench: setup
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check 'dbos>=3.4,<4' 'langgraph>=1,<2' 'langgraph-checkpoint-sqlite>=3,<4'
	$(BIN)/python -m bench

pictures: setup
	$(BIN)/python demo/pictures.py

lock:
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --no-annotate --no-header --output-file requirements.lock

clean:
	rm -rf $(VENV) dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
