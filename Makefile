PYTHON ?= python3
FILE   ?= book/two-layer/h-infinity.md
BIN    := .venv/bin
READY  := .venv/ready

.DEFAULT_GOAL := help
.PHONY: help book test live chapter clean

help:     ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; ok = (3, 11) <= sys.version_info < (3, 14); sys.exit(None if ok else "Python 3.11, 3.12 or 3.13 is needed, this is " + sys.version.split()[0] + ": make PYTHON=python3.12 book")'
	$(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	@touch $@

book: $(READY)  ## install what is needed, execute every chapter, build _build/html
	$(BIN)/jupyter-book build -W -n --keep-going .
	@echo "Open file://$(CURDIR)/_build/html/index.html"

test: book  ## everything: set-up, strict build, all tests
	$(BIN)/python -m tests.browser
	$(BIN)/python -m pytest -q

live: $(READY)  ## JupyterLab with the chapters as notebooks
	JUPYTER_CONFIG_PATH="$(CURDIR)/.jupyter" $(BIN)/jupyter lab book

chapter: $(READY)  ## run one chapter alone: make chapter FILE=book/two-layer/h-infinity.md
	@mkdir -p _build/chapter
	$(BIN)/jupytext --quiet --to ipynb --output _build/chapter/$(notdir $(basename $(FILE))).ipynb $(FILE)
	cd $(dir $(FILE)) && $(CURDIR)/$(BIN)/jupyter execute --inplace $(CURDIR)/_build/chapter/$(notdir $(basename $(FILE))).ipynb
	@echo "Ran $(FILE); the outputs are in _build/chapter/$(notdir $(basename $(FILE))).ipynb"

clean:    ## remove everything that was built, the environment included
	rm -rf _build .venv *.egg-info .pytest_cache .hypothesis .ruff_cache
