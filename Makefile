# `make run` serves the product, `make test` and `make e2e-keycloak` are everything that CI calls, `make bench` measures.
# All start from a fresh clone.

PYTHON := .venv/bin/python
PIP_INSTALL := $(PYTHON) -m pip install --quiet --disable-pip-version-check --no-deps

.PHONY: run test e2e-keycloak bench
.DEFAULT_GOAL := run

# `exec`, so that a signal to make reaches the server itself.
run: .venv/.runtime
	@$(PYTHON) manage.py setup && exec $(PYTHON) manage.py serve

# PYTEST_ARGS narrows a run: make test PYTEST_ARGS="-k linking"
test: .venv/.development
	@exec scripts/test $(PYTEST_ARGS)

# The product beside a real Keycloak: make e2e-keycloak PYTEST_ARGS="-k company"
e2e-keycloak: .venv/.development
	@exec scripts/e2e-keycloak $(PYTEST_ARGS)

# Speed and scale (docs/performance.md): make bench BENCH_ARGS="--full"
bench: .venv/.runtime
	@exec scripts/bench $(BENCH_ARGS)

# The stamps are as old as the last installation that succeeded.
.venv/.runtime: requirements.txt
	@python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed."; exit 1; }
	@echo "Installing dependencies into .venv …"
	@$(PYTHON) -m pip --version >/dev/null 2>&1 || python3 -m venv --clear .venv
	@$(PIP_INSTALL) -r requirements.txt
	@touch $@

.venv/.development: .venv/.runtime requirements-dev.txt
	@$(PIP_INSTALL) -r requirements-dev.txt
	@touch $@
