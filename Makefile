# Everything here works from a fresh clone: the first target called makes .venv and installs the locked
# requirements into it; the next ones find it there.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/installed
PORT ?= 5000
DASHBOARD_PORT ?= 8080
# A study's journal, by default that of the latest sweep; or a URL such as sqlite:///study.db
STORAGE ?= $(shell ls -t multirun/studies/*.log 2>/dev/null | head -n 1)
LOCK := --quiet --universal --python-version 3.11 --no-header --no-annotate --no-emit-index-url pyproject.toml

.DEFAULT_GOAL := help
.PHONY: help setup sweep run reproduce serve ui dashboard test lint lock clean

help: ## show this help
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

setup: $(INSTALLED) ## make .venv and install the locked requirements, once

$(INSTALLED): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "recsys needs Python 3.11 or newer: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --no-deps -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@# All at once, on all cores: some environments forbid Python to do it as it goes, and each process would again.
	$(BIN)/python -m compileall -q -j 0 -x '/tests?/' $(VENV)/lib
	@# Numba compiles at first use and keeps what it made: here, so that no first run waits for it.
	@folder=$$(mktemp -d) && $(BIN)/python -m recsys -m apriori.min_support=0.1 apriori.max_len=2,3 \
		recommender=rules,hybrid hydra/callbacks=untracked hydra.sweep.dir=$$folder > $$folder/log 2>&1 \
		|| { cat $$folder/log; exit 1; }; rm -r $$folder
	@touch $@

sweep: $(INSTALLED) ## the main job: 60 trials on the bundled ratings, recorded in MLflow
	$(BIN)/python -m recsys experiment=seed_sweep
	$(BIN)/python -m recsys registry register --latest

run: $(INSTALLED) ## one run with the defaults
	$(BIN)/python -m recsys

reproduce: $(INSTALLED) ## the seed's Table 1, with its numbers checked
	$(BIN)/python scripts/reproduce.py

serve: PORT = 8000
serve: $(INSTALLED) ## recommendations on http://127.0.0.1:8000 (PORT=...), by the champion of the registry
	$(BIN)/python -m recsys serve --port $(PORT)

ui: $(INSTALLED) ## the MLflow UI on http://127.0.0.1:5000 (PORT=...); prints the page of the runs
	$(BIN)/python -m recsys ui --port $(PORT)

dashboard: $(INSTALLED) ## open Optuna's dashboard on http://127.0.0.1:8080 (STORAGE=...)
	$(if $(STORAGE),,$(error No study is kept in multirun/studies. Sweep first, or name one: make dashboard STORAGE=...))
	$(BIN)/optuna-dashboard $(STORAGE) --port $(DASHBOARD_PORT)

test: $(INSTALLED) ## run all tests; which files took the most processor time: make test TESTS=--processor-time=20
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder $(TESTS)

lint: $(INSTALLED) ## ruff, mypy and import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

lock: $(INSTALLED) ## renew requirements.txt and requirements-runtime.txt from pyproject.toml
	$(BIN)/uv pip compile $(LOCK) --upgrade --extra dev -o requirements.txt
	@# What the image holds: the same versions, without what development needs.
	$(BIN)/uv pip compile $(LOCK) --extra postgresql --constraint requirements.txt -o requirements-runtime.txt

clean: ## remove .venv and caches; outputs, multirun and mlflow.db stay
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
