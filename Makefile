# `make run` serves the product, `make test` is everything that CI calls. Both start from a fresh clone.

PYTHON := .venv/bin/python
PIP_INSTALL := $(PYTHON) -m pip install --quiet --disable-pip-version-check --no-deps

.PHONY: run test
.DEFAULT_GOAL := run

# `exec`, so that a signal to make reaches the web server itself.
run: .venv/.runtime
	@$(PYTHON) manage.py setup && exec $(PYTHON) manage.py serve

test: .venv/.development
	@exec scripts/test

# The stamps are as old as the last installation that succeeded.
.venv/.runtime: requirements.txt
	@echo "Installing dependencies into .venv …"
	@test -x $(PYTHON) || python3 -m venv .venv
	@$(PIP_INSTALL) -r requirements.txt
	@touch $@

.venv/.development: .venv/.runtime requirements-dev.txt
	@$(PIP_INSTALL) -r requirements-dev.txt
	@touch $@
