# The few commands of this project; `make help` lists them.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
READY := .venv/.ready

.PHONY: help demo test test-slow lint format bench clean

help: ## List these commands.
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

demo: $(READY) ## Set everything up, run the main job, say where its report is.
	$(BIN)/bartik run ghost_probability

test: lint ## Set everything up and pass the tests.
	$(BIN)/pytest -n 2 --no-loadscope-reorder

test-slow: $(READY) ## The slow tests: whole runs, sanitizers, many random graphs.
	$(BIN)/pytest -m slow

lint: $(READY) ## Style, types and who may import whom.
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(READY) ## Put the code in form.
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: $(READY) ## The tables of measured results: all kinds of model, all runtimes.
	$(BIN)/python benchmarks/speed_table.py

clean: ## Remove what can be made again: caches and the environment.
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

# torch first and exactly, so that nothing else chooses its build. What is never imported is not compiled.
$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --no-compile -c constraints.txt torch==2.13.0
	$(BIN)/pip install --quiet --disable-pip-version-check --no-compile -c constraints.txt -e '.[tables,dev]'
	touch $@
