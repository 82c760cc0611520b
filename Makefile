.DEFAULT_GOAL := help
.PHONY: help setup demo test lint bench docs pictures lock clean

BIN := .venv/bin
INSTALLED := .venv/.installed
WORKERS ?= 2

# Only asked for when there is no .venv yet; `make setup PYTHON=/path/to/python` decides otherwise.
SUPPORTED := import sys, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))
PYTHON ?= $(shell for python in python3.11 python3.12 python3.13 python3 python; do \
	if $$python -c '$(SUPPORTED)' >/dev/null 2>&1; then echo $$python; break; fi; done)
CONSTRAINTS = constraints/py$(shell $(BIN)/python -c 'import sys; print("%d%d" % sys.version_info[:2])').txt

help: ## List the targets
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 10

setup: $(INSTALLED) ## Make .venv and install the package with its development tools

demo: $(INSTALLED) ## Everything once, into out/demo (MOTIONS=dir for your own files)
	@$(BIN)/python -m mllm demo out/demo $(if $(MOTIONS),--motions '$(MOTIONS)')

test: $(INSTALLED) ## Run every test and doctest (WORKERS=2)
	@$(BIN)/python -m pytest -n $(WORKERS)

lint: $(INSTALLED) ## Check style, types and the direction of imports
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: $(INSTALLED) ## Time every primitive against SciPy and the per-frame loop
	@$(BIN)/python benchmarks/kinematics_throughput.py

docs: $(INSTALLED) ## Build the documentation site into site
	@$(BIN)/python -m pip install -qq --constraint $(CONSTRAINTS) --editable '.[docs]'
	@$(BIN)/python -m qagen examples --readme docs/examples.md
	@$(BIN)/mkdocs build --strict --quiet

pictures: $(INSTALLED) ## Draw the pictures of README and docs anew from out/demo (needs chromium)
	@$(BIN)/python docs/pictures.py

lock: $(BIN)/python ## Resolve the constraints file of this Python anew
	@$(BIN)/python constraints/lock.py

clean: ## Remove what was built, drawn and cached (.venv stays)
	@rm -rf build dist out site .*_cache .hypothesis .benchmarks
	@find src tests notebooks benchmarks -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true

$(BIN)/python:
	@test -n "$(PYTHON)" || { \
		echo "No Python 3.11, 3.12 or 3.13 with venv was found. Install one (on Debian or Ubuntu:"; \
		echo "apt install python3 python3-venv), or name it: make setup PYTHON=/path/to/python3"; \
		exit 1; } >&2
	@$(PYTHON) -m venv .venv

$(INSTALLED): pyproject.toml $(wildcard constraints/*.txt) | $(BIN)/python
	@echo "Installing into .venv (about a minute the first time)"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check \
		--constraint $(CONSTRAINTS) --editable '.[dev]'
	@touch $@
