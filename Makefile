# One command each; `make help` lists them. Everything a command needs it installs into .venv first.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help demo test check dev bench lock

help: ## list the commands
	@awk -F':.*## ' '/^[a-z]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/run.stamp ## run a believable company through the main job, then serve it
	$(BIN)/duecourse demo $(ARGS)

test: $(VENV)/dev.stamp ## run every test on a real PostgreSQL that the tests start themselves
	$(BIN)/pytest -n 2 --dist loadfile $(ARGS)

check: $(VENV)/dev.stamp ## format, lint, types, floors
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

dev: $(VENV)/dev.stamp ## serve with reload on ./duecourse-data
	$(BIN)/duecourse migrate
	$(BIN)/duecourse serve --reload

bench: $(VENV)/dev.stamp ## measure speed and memory
	$(BIN)/python -m benchmarks $(ARGS)

lock: ## resolve the lock files again from pyproject.toml
	uv pip compile -q --universal --generate-hashes --no-header --no-emit-index-url --no-annotate \
		pyproject.toml --extra build -o requirements.lock $(ARGS)
	uv pip compile -q --universal --generate-hashes --no-header --no-emit-index-url --no-annotate \
		pyproject.toml --extra build --extra dev -o requirements-dev.lock $(ARGS)

$(VENV)/run.stamp: requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/dev.stamp: requirements-dev.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@ $(VENV)/run.stamp
