# Two commands: `make book` and `make test`.  Each makes the environment if it is missing.

# The first Python that the tested versions run on; failing that, python3, which is told so.
ifndef PYTHON
PYTHON := $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null \
	&& echo $$p && exit; done; echo python3)
endif
PAGES ?=
PORT ?= 8000
SAMPLE ?= 30
# Tests run beside each other, a file at a time: so a page stays in one kernel, and each worker has a browser of
# its own.  More than four want more memory than they save time.
JOBS ?= logical
WORKERS = -n $(JOBS) --maxprocesses 4 --dist loadfile

# The environment's own programs, whatever else is on the reader's machine.
BIN := .venv/bin
unexport PYTHONPATH PYTHONHOME
export TORCH
# npm trusts what the system trusts, as pip does: behind a company's proxy its own list is too short.
export NODE_USE_SYSTEM_CA := 1
# Elsewhere than in UTF-8, Python finds no package below a folder with letters beyond ASCII.
ifneq ($(shell locale charmap 2>/dev/null),UTF-8)
export LC_ALL := C.UTF-8
endif
# npm, Jupyter and Matplotlib write below HOME; in a container that may be a folder where nobody can.
ifneq ($(shell test -z "$$HOME" -o -w "$$HOME" && echo yes),yes)
export HOME := $(CURDIR)/_build/home
endif

.DEFAULT_GOAL := help
# The site's tests read what the book's build wrote.
.NOTPARALLEL:
.PHONY: help env book pdf test check lint tests unit nbval coverage serve lab notebooks bench power mutants clean

help:  ## This list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

book: env  ## Build the site into _build/html and check that every page is there
	@$(BIN)/python -m bookkit.build

pdf: book  ## Print the whole book into _build/book.pdf and its summaries, two sheets, into _build/summaries.pdf, with Chromium
	@$(BIN)/python -m bookkit.pdf

test: lint book tests  ## Everything: lint, the book, unit tests, doctests, site, stored outputs

check: lint unit  ## What to run while you work: lint, unit tests and doctests, without the site and the pages

lint: env  ## Ruff, over code and pages
	$(BIN)/ruff check

tests: env  # one run of all of them, so that no core waits for the end of one kind
	OMP_NUM_THREADS=1 $(BIN)/pytest $(WORKERS) --nbval tests code chapters

unit: env  # tests/ without the site, and the docstrings' examples
	$(BIN)/pytest $(WORKERS) --ignore tests/site

nbval: env  # every output of every page, computed again and compared
	OMP_NUM_THREADS=1 $(BIN)/pytest $(WORKERS) --nbval chapters

coverage: env  ## Which lines the tests never reach
	$(BIN)/pytest $(WORKERS) --cov --cov-report=term-missing

serve: book  ## Read the site at http://localhost:8000 (PORT=…)
	$(BIN)/python -m http.server --bind 127.0.0.1 --directory _build/html $(PORT)

lab: env  ## Open the pages in JupyterLab
	$(BIN)/jupyter lab $(LAB)

notebooks: env  ## Run the pages again, in place (PAGES="chapters/…", else all)
	@$(BIN)/python -m bookkit.notebooks $(PAGES)

bench: env  ## Speed against torch and against the arithmetic
	$(BIN)/python benchmarks/run.py

power: env  ## How sharply every claim is tested, the weakest first
	@OMP_NUM_THREADS=1 $(BIN)/python tools/power.py

mutants: env  ## Mistakes made on purpose, and who notices: the tests of the package, the claims of the pages (SAMPLE=…)
	@OMP_NUM_THREADS=1 $(BIN)/python tools/mutants.py package --sample $(SAMPLE)
	@OMP_NUM_THREADS=1 $(BIN)/python tools/mutants.py book --sample $(SAMPLE)

clean:  ## Remove what was built (the environment stays: rm -r .venv)
	rm -rf _build .pytest_cache .ruff_cache .hypothesis .coverage htmlcov
	find code tests benchmarks chapters -name __pycache__ -o -name .ipynb_checkpoints | xargs rm -rf

env:  # .venv with the tested versions
	@command -v $(PYTHON) >/dev/null || \
	{ echo "No environment: there is no $(PYTHON), and the course needs Python 3.11 to 3.13."; exit 1; }
	@$(PYTHON) tools/environment.py
