# make demo   a fresh machine with Python 3.11 or newer: sets everything up, makes the sample release
# make test   a fresh machine: sets everything up, a browser for the page's tests too, runs all tests

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test check install tools clean

install: $(VENV)/.installed

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	touch $@

$(VENV)/.tested: pyproject.toml $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --group test --editable ".[dask,identify]"
	touch $@

demo: install
	$(BIN)/satdesk simulate demo --out demo-scenes --overwrite
	$(BIN)/satdesk issue demo-scenes/recipe.toml --out demo --overwrite
	@echo "The sample release: open demo/index.html"

tools:
	tools/install_tools.sh

check: $(VENV)/.tested
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: tools $(VENV)/.tested check
	$(BIN)/pytest -n auto --dist loadfile

clean:
	rm -rf $(VENV) demo demo-scenes
