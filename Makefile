# Every target works in a fresh clone: the first one called creates .venv and installs the locked requirements into it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/installed
PORT ?= 5000
DASHBOARD_PORT ?= 8080
DOCS_PORT ?= 8002
# Storage for `make dashboard`: the journal of the latest sweep, or a URL such as sqlite:///study.db.
STORAGE ?= $(shell ls -t multirun/studies/*.log 2>/dev/null | head -n 1)
WARM_UP := $(BIN)/python -m recsys -m hydra/callbacks=untracked
LOCK := --quiet --universal --python-version 3.11 --no-header --no-annotate --no-emit-index-url pyproject.toml

.DEFAULT_GOAL := help
.PHONY: help setup sweep baskets run reproduce serve ui dashboard docs docs-serve notebooks test lint lock clean

help: ## show this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

setup: $(INSTALLED) ## create .venv and install the locked requirements

$(INSTALLED): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "recsys needs Python 3.11 or newer: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python scripts/install_requirements.py requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	$(BIN)/python scripts/compile_bytecode.py requirements.txt
	@# Numba compiles at first use and caches the result: use ratings and orders once now, side by side, so that the first
	@# experiments start without delay. Each reaches the regressions of learned weights at another moment: one compiles them.
	@folder=$$(mktemp -d); \
	{ $(WARM_UP) apriori.min_support=0.1,0.2 recommender=rules,hybrid hydra.sweep.dir=$$folder/ratings \
		cache.folder=$$folder/cache && \
		$(BIN)/python -m recsys recommend --model $$folder/ratings/0 --user 1; \
	} > $$folder/ratings.log 2>&1 & ratings=$$!; \
	{ $(WARM_UP) dataset=synthetic_shop apriori.min_support=0.002 apriori.max_len=3 apriori.alpha=null,0.5 \
		recommender=rules,tifuknn hydra.sweep.dir=$$folder/orders cache.folder=$$folder/cache && \
		$(BIN)/python -c 'from recsys import kernel; kernel.prepare()'; \
	} > $$folder/orders.log 2>&1; orders=$$?; \
	wait $$ratings && test $$orders = 0 || { cat $$folder/*.log; exit 1; }; rm -r $$folder
	@touch $@

sweep: $(INSTALLED) ## the main job: 60 trials on the bundled ratings, recorded in MLflow; registers the best
	$(BIN)/python -m recsys experiment=seed_sweep
	$(BIN)/python -m recsys registry register --latest

baskets: $(INSTALLED) ## a small shop: find rules, tune a recommender of next baskets, recommend to a customer
	$(BIN)/python -m recsys experiment=baskets
	$(BIN)/python -m recsys recommend --latest --user 17 --k 5

run: $(INSTALLED) ## one run with the default configuration
	$(BIN)/python -m recsys

reproduce: $(INSTALLED) ## reproduce Table 1 of the original report and check its numbers
	$(BIN)/python scripts/reproduce.py

serve: PORT = 8000
serve: $(INSTALLED) ## serve the champion of the registry on http://127.0.0.1:8000 (PORT=...)
	$(BIN)/python -m recsys serve --port $(PORT)

ui: $(INSTALLED) ## start the MLflow UI on http://127.0.0.1:5000 (PORT=...) and print the URL of the runs
	$(BIN)/python -m recsys ui --port $(PORT)

dashboard: $(INSTALLED) ## start Optuna's dashboard on http://127.0.0.1:8080 (DASHBOARD_PORT=..., STORAGE=...)
	$(if $(STORAGE),,$(error No study is kept in multirun/studies. Run make sweep first, or name a storage: make dashboard STORAGE=...))
	$(BIN)/optuna-dashboard $(STORAGE) --port $(DASHBOARD_PORT)

# An advertisement of the theme's makers, which has nothing to do with this site.
docs docs-serve: export NO_MKDOCS_2_WARNING = 1
docs: $(INSTALLED) ## build the documentation in site/, which needs no network and no server
	$(BIN)/mkdocs build --strict
	@echo "Open file://$(CURDIR)/site/index.html in a browser. While you write: make docs-serve"

docs-serve: $(INSTALLED) ## show the documentation on http://127.0.0.1:8002 (DOCS_PORT=...), and again at each change
	$(BIN)/mkdocs serve --dev-addr 127.0.0.1:$(DOCS_PORT)

notebooks: $(INSTALLED) ## run the notebooks of the documentation, and write them with their outputs
	$(BIN)/python scripts/run_notebooks.py

# Where byte code is not written, each worker and each program of the tests compiles all files again.
test: export PYTHONDONTWRITEBYTECODE =
test: $(INSTALLED) ## run all tests; TESTS=--processor-time=20 lists the 20 files that took the most processor time
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder $(TESTS)

lint: $(INSTALLED) ## run ruff, mypy and import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

lock: $(INSTALLED) ## update requirements.txt and requirements-runtime.txt from pyproject.toml
	$(BIN)/uv pip compile $(LOCK) --upgrade --extra dev -o requirements.txt
	@# Requirements of the Docker image: the same versions without the development tools.
	$(BIN)/uv pip compile $(LOCK) --extra postgresql --constraint requirements.txt -o requirements-runtime.txt

clean: ## remove .venv and caches; keep outputs, multirun and mlflow.db
	rm -rf $(VENV) site .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
