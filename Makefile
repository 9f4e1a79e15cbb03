# make demo   a fresh machine with Python 3.11 or newer: sets everything up, makes the sample release
# make bench  one scene through satdesk, GDAL, orthority and OTB, measured in turn (half an hour and more)
# make bench-jpeg2000   the same scene from JPEG 2000 against decoding it (a quarter of an hour)
# make accuracy   measures how exact everything is, against GDAL, orthority and AROSICS
# make test   a fresh machine: sets everything up, a browser for the page's tests too, runs all tests

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test check install tools clean bench bench-jpeg2000 accuracy accuracy-quick accuracy-peers sharpening mosaic masks

install: $(VENV)/.installed

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	touch $@

$(VENV)/.tested: pyproject.toml $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --group test --editable ".[dask,identify,masks]"
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

bench: tools $(VENV)/.tested
	tools/install_peers.sh .bench
	$(BIN)/python -m compileall -q src # as pip does for who installs it
	$(BIN)/python benchmarks/bench.py --fresh --compare --write docs/explanation/performance.md
	$(BIN)/pytest benchmarks/kernels.py --benchmark-only

bench-jpeg2000: tools $(VENV)/.tested
	$(BIN)/python -m compileall -q src
	$(BIN)/python benchmarks/jpeg2000.py --write docs/explanation/performance.md

# The tables of docs/explanation/accuracy.md; the peers live in environments of their own.
DATA ?= ../shared/data
PEERS := .peers

accuracy: $(VENV)/.tested accuracy-peers
	$(BIN)/python benchmarks/accuracy.py $(if $(wildcard $(DATA)),--data $(DATA)) \
	  --orthority $(CURDIR)/$(PEERS)/orthority/bin/oty --arosics $(CURDIR)/$(PEERS)/arosics/bin/python

accuracy-quick: $(VENV)/.tested
	$(BIN)/python benchmarks/accuracy.py --quick

accuracy-peers: $(PEERS)/.installed

$(PEERS)/.installed:
	command -v gdalwarp >/dev/null || apt-get install --yes gdal-bin python3-gdal
	$(PYTHON) -m venv $(PEERS)/orthority
	$(PEERS)/orthority/bin/pip install --quiet orthority==0.7.0
	/usr/bin/python3 -m venv --system-site-packages $(PEERS)/arosics
	$(PEERS)/arosics/bin/pip install --quiet arosics==1.11.1 "numpy<2" "setuptools<81" \
	  "gdal==$$(gdal-config --version 2>/dev/null || gdalinfo --version | sed 's/GDAL \([0-9.]*\).*/\1/')"
	touch $@

# The tables of docs/explanation/pansharpening.md; half an hour, 5 GB; OTB is used where it is.
sharpening: install
	$(BIN)/python benchmarks/sharpening.py --write docs/explanation/pansharpening.md

# The tables of docs/explanation/mosaic.md; OTB and GDAL are used where they are.
mosaic: install
	$(BIN)/python benchmarks/mosaic.py --keep demo-scenes/mosaic --write docs/explanation/mosaic.md

# The tables of docs/explanation/masks.md; half an hour, mostly the simulation of the scenes.
masks: install
	$(BIN)/python benchmarks/masks.py --write docs/explanation/masks.md \
	  $(if $(SATDESK_TEST_DATA),--real $(SATDESK_TEST_DATA))
	$(BIN)/python benchmarks/masks_around.py --write docs/explanation/masks.md

clean:
	rm -rf $(VENV) $(PEERS) demo demo-scenes
