# One line per target: make help

.DEFAULT_GOAL := help

VENV      := .venv
PY        := $(VENV)/bin/python
START     := notebooks/00_start_here.ipynb
NOTEBOOK  := $(START)
SLIDES    := build/slides
ARGS      :=

# What a reader has, and what a developer has besides. Each stamp is made last, so that a broken-off
# installation starts again, and the next call does nothing.
USER      := $(VENV)/.installed
DEV       := $(VENV)/.installed-dev
INSTALLED_FROM := pyproject.toml tools/setup.sh $(wildcard tools/jupyter*)

# Jupyter refuses to run as root, as one is in most containers, unless told so.
JUPYTER_LAB := $(PY) -m jupyterlab $(if $(filter 0,$(shell id -u)),--allow-root)

# Tests and builds don't read this user's Jupyter, IPython and matplotlib settings, nor add to them.
test notebooks slides bench: export IPYTHONDIR = $(CURDIR)/$(VENV)/var/ipython
test notebooks slides bench: export JUPYTER_CONFIG_DIR = $(CURDIR)/$(VENV)/var/jupyter
test notebooks slides bench: export JUPYTER_DATA_DIR = $(CURDIR)/$(VENV)/var/jupyter
test notebooks slides bench: export JUPYTER_RUNTIME_DIR = $(CURDIR)/$(VENV)/var/runtime
test notebooks slides bench: export MPLCONFIGDIR = $(CURDIR)/$(VENV)/var/matplotlib

.PHONY: help lab present diagnose test fuzz lint slides notebooks bench lock clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-20s %s\n", $$1, $$2 }' Makefile

lab: $(USER) ## set up, then open JupyterLab at the first notebook
	$(JUPYTER_LAB) --LabApp.default_url=/lab/tree/$(START) $(ARGS)

present: $(USER) ## show a notebook as live slides: make present NOTEBOOK=notebooks/01_the_bounce.ipynb
	$(JUPYTER_LAB) --LabApp.default_url=/rise/$(NOTEBOOK) $(ARGS)

diagnose: $(USER) ## explain a bounce, or all in a mailbox or folder: make diagnose FILE=data/private (more: ARGS=--live)
	@test -n "$$FILE" || { echo 'Which mail? make diagnose FILE="data/private/my bounce.eml"' >&2; exit 2; }
	@case "$$FILE" in "~/"*) FILE="$$HOME/$${FILE#??}" ;; esac; $(PY) -m helpers diagnose $(ARGS) -- "$$FILE"

test: $(DEV) ## set up, then run everything: helpers, notebooks, pages
	$(PY) -m pytest $(ARGS)

fuzz: $(DEV) ## look for mail and DNS that make the kit fail: make fuzz ARGS="spf 60" (target, seconds)
	PYTHONPATH=src $(PY) tools/fuzz.py $(ARGS)

lint: $(DEV) ## check format, style, types and spelling
	$(PY) -m ruff format --check
	$(PY) -m ruff check
	$(PY) -m codespell_lib
	$(PY) -m mypy

slides: $(USER) ## make a self-contained HTML deck of each notebook in build/slides/
	$(PY) -m nbconvert --to slides --template slides --TemplateExporter.extra_template_basedirs=tools \
	    --TagRemovePreprocessor.enabled=True --TagRemovePreprocessor.remove_cell_tags=solution \
	    --TagRemovePreprocessor.remove_input_tags=remove-input \
	    --output-dir "$(SLIDES)" $(ARGS) notebooks/*.ipynb

notebooks: $(DEV) ## run notebooks/sources/*.py and write the notebooks, README.md and docs/
	$(PY) tools/build_notebooks.py $(ARGS)
	$(PY) tools/readme.py
	$(PY) tools/summary_page.py

bench: $(DEV) ## measure speed against other libraries, as ratios
	$(PY) -m benchmarks $(ARGS)

lock: $(DEV) ## pin the newest versions that pyproject.toml allows
	tools/lock.sh "$$(command -v uv || echo $(VENV)/bin/uv)"

clean: ## remove the environment and what was built; your mail in data/private/ stays
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +
	find . -name .ipynb_checkpoints -prune -exec rm -rf {} +

$(USER): requirements.lock $(INSTALLED_FROM)
	@tools/setup.sh $(VENV) requirements.lock
	@touch $@

# The developer's lock holds the reader's whole lock.
$(DEV): requirements-dev.lock $(INSTALLED_FROM)
	@tools/setup.sh $(VENV) requirements-dev.lock
	@touch $(USER) $@
