# One command each; `make help` lists them. Everything a command needs it installs into .venv first.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SEEDS := 1 2 3
YEAR := duecourse-year

# $(call install,LOCK): the virtual environment with exactly what the lock file names, and the project itself.
define install
echo "Installing what $(1) names into $(VENV) ..."; \
$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Duecourse needs Python 3.11 or newer.")' && \
{ test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV); } && \
$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r $(1) && \
$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
endef

.PHONY: help demo test check fuzz stories year dev bench bench-matching lock

help: ## list the commands
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/run.stamp ## run a believable company through the main job, then serve it
	$(BIN)/duecourse demo $(ARGS)

test: $(VENV)/dev.stamp ## run every test on a real PostgreSQL that the tests start themselves
	$(BIN)/pytest -n 2 --dist loadfile $(ARGS)

check: $(VENV)/dev.stamp ## format, lint, types, floors
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fuzz: $(VENV)/dev.stamp ## break bank files and read them, a minute for each reader
	$(BIN)/python -m tests.fuzz $(ARGS)

stories: $(VENV)/dev.stamp ## tell long stories of decisions and undos, with every invariant after each step
	DUECOURSE_STORIES=200 DUECOURSE_STEPS=50 $(BIN)/pytest tests/journeys/test_any_decisions.py $(ARGS)

year: $(VENV)/dev.stamp ## play years of business days against the bank simulator, one for each seed
	for seed in $(SEEDS); do $(BIN)/duecourse bank year --dir $(YEAR) --seed $$seed $(ARGS) || exit 1; done

dev: $(VENV)/dev.stamp ## serve with reload on ./duecourse-data
	$(BIN)/duecourse migrate
	$(BIN)/duecourse serve --reload

bench: $(VENV)/dev.stamp ## measure speed and memory
	$(BIN)/python -m benchmarks $(ARGS)

bench-matching: $(VENV)/dev.stamp ## play years of incoming money with known truth, and count what was applied rightly
	$(BIN)/python -m benchmarks.cash $(ARGS)

lock: ## resolve the lock files again from pyproject.toml
	uv pip compile -q --universal --generate-hashes --no-header --no-emit-index-url --no-annotate \
		pyproject.toml --extra build -o requirements.lock $(ARGS)
	uv pip compile -q --universal --generate-hashes --no-header --no-emit-index-url --no-annotate \
		pyproject.toml --extra build --extra dev -o requirements-dev.lock $(ARGS)

$(VENV)/run.stamp: requirements.lock pyproject.toml
	@$(call install,requirements.lock)
	@touch $@

$(VENV)/dev.stamp: requirements-dev.lock pyproject.toml
	@$(call install,requirements-dev.lock)
	@touch $@ $(VENV)/run.stamp
