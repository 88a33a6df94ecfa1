# What is typed most. `make demo` and `make test` need nothing but a python3 of 3.11 or newer.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# Most tests wait for servers and terminals, so that more of them than there are cores run well.
JOBS ?= 5

.PHONY: help demo test check docs bench soak snapshots pictures

help:
	@echo "make demo       open the console on a fleet that lives on this machine alone"
	@echo "make test       run the tests (minutes)"
	@echo "make check      ruff, mypy, import contracts, generated docs up to date"
	@echo "make docs       write the generated docs again"
	@echo "make bench      measure, and print figures beside their targets"
	@echo "make soak       the tests with their full counts (hours)"
	@echo "make snapshots  draw the pictures that the snapshot tests compare with"
	@echo "make pictures   draw the pictures of the manual from a run of the demo"

demo: $(STAMP)
	@$(BIN)/oncall demo $(ARGS)

# The tests start the console hundreds of times: what is compiled is kept, whatever the environment
# says, and where nothing is yet it is compiled once and not by every worker.
test soak: export PYTHONDONTWRITEBYTECODE :=

test: $(STAMP)
	@mkdir -p -m 700 $(VENV)/tmp
	-@test -d tests/screens/__pycache__ || $(BIN)/pytest --collect-only -qq $(ARGS) >/dev/null 2>&1
	$(BIN)/pytest -n $(JOBS) --basetemp=$(VENV)/tmp/pytest $(ARGS)

check: $(STAMP)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tests.generated --check

docs: $(STAMP)
	$(BIN)/python -m tests.generated

bench: $(STAMP)
	@$(BIN)/python -m tests.bench $(ARGS)

soak: $(STAMP)
	@mkdir -p -m 700 $(VENV)/tmp
	ONCALL_SOAK=1 $(BIN)/pytest --basetemp=$(VENV)/tmp/pytest --timeout=0 $(ARGS)

snapshots: $(STAMP)
	@mkdir -p -m 700 $(VENV)/tmp
	$(BIN)/pytest --basetemp=$(VENV)/tmp/pytest --snapshot-update tests/screens $(ARGS)

pictures: $(STAMP)
	$(BIN)/python -m tests.pictures $(ARGS)

# A name of its own for the finished state, so that an install that was cut short runs again.
$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "oncall needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1)." >&2; \
	  echo "Name another one: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
	  echo "$(PYTHON) cannot make virtual environments." >&2; \
	  echo "On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing into $(VENV), once" >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check \
	  -c constraints.txt -e '.[dev]'
	@touch $@
