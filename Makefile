# The habits of this project, each one line to run. `make` alone lists them.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
EXAMPLE ?=
API    ?=

.DEFAULT_GOAL := help
.PHONY: help demo sandbox test test-nightly lint format e2e bench image proto lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# Two stages, so that the demo needs no test tools. Every package is pinned by hash in requirements/.
$(VENV)/runtime: requirements/runtime.txt requirements/build.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "drakit needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version). Try: make PYTHON=python3.12 ..." >&2; exit 1; }
	@test -x $(BIN)/python || { echo "making $(VENV)"; $(PYTHON) -m venv $(VENV); } || \
	  { echo "Python's venv module is missing; on Debian: apt-get install python3-venv" >&2; exit 1; }
	@echo "installing what the demo needs (once, about half a minute)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/build.txt -r requirements/runtime.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/dev: $(VENV)/runtime requirements/dev.txt
	@echo "installing what the tests need (once, about half a minute)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@

demo: $(VENV)/runtime ## the whole story on the embedded cluster; EXAMPLE=name for one example, API=classic for Kubernetes 1.30's
	@$(BIN)/dra-sandbox demo --api-generation $(or $(API),modern) $(EXAMPLE)

sandbox: $(VENV)/runtime ## keep the embedded cluster up, for kubectl; API=classic for Kubernetes 1.30
	@$(BIN)/dra-sandbox up --api-generation $(or $(API),modern)

test: $(VENV)/dev ## unit tests, properties, integration tests against the embedded cluster
	@$(BIN)/python -m pytest -n 2 -q -m "not real_cluster and not slow"

test-nightly: $(VENV)/dev ## the same with many more generated cases
	@HYPOTHESIS_PROFILE=nightly $(BIN)/python -m pytest -n 2 -q -m "not real_cluster"

lint: $(VENV)/dev ## ruff, mypy --strict, import contracts, generated code
	@$(BIN)/ruff check --no-cache .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python proto/generate.py --check

format: $(VENV)/dev ## put the code in its format
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

e2e: $(VENV)/dev ## everything on real Kubernetes, built from source (root; slow at first); API=classic or modern for one generation
	@$(BIN)/python -m pytest -q -m real_cluster \
	  $(if $(filter classic,$(API)),tests/e2e/classic,tests/e2e $(if $(filter modern,$(API)),--ignore=tests/e2e/classic))

bench: $(VENV)/dev ## benchmarks, beside the Go implementations where they are given
	@$(BIN)/python -m benchmarks

image: ## the driver's container image, with docker, podman or buildah
	@demo/build-driver.sh

proto: $(VENV)/dev ## generate the kubelet's protocols
	@$(BIN)/python proto/generate.py

lock: $(VENV)/dev ## pin all packages anew (needs uv)
	@requirements/lock.sh

clean: ## remove everything that was made here
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
