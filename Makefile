# make demo         the main job, with nothing to set up
# make test         what runs on any machine: linters, types, unit tests, mosquitto
# make test-system  what needs root and Debian roots: virtual camera, 64-bit Arm, tflite-runtime, Home Assistant
# make roots        builds those roots beforehand; else the first test that needs one does
# make bench        how fast it is, against the bare interpreter and others: QUICK=1, or MODELS=ssd,v2 CAMERAS=1,4 THREADS=1,2
#                   SECONDS=3 ROUNDS=5 SEED=1 WITHOUT=peers,idle (docs/benchmark.md)
# make soak         an hour of failures, as root: ROUNDS=200 kills, SECONDS=3600 at full speed, SEED=… to repeat
# make deb          dist/edgevision_VERSION_all.deb, with the same files as systemd/install.sh
# make format       ruff's layout of the code

PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
DEFINITION = setup.cfg pyproject.toml
# As many tests at a time as there are cores, or eight.
PYTEST = $(BIN)/pytest --numprocesses=logical --maxprocesses=8

.PHONY: demo test test-system bench soak roots programs lint deb format clean

demo: $(VENV)/.demo
	$(BIN)/edgevision demo

test: programs lint
	$(PYTEST) --dist=worksteal -m "not system"

test-system: programs $(VENV)/.test
	$(PYTEST) --dist=loadfile -m system tests/system

bench: programs $(VENV)/.test $(VENV)/.bench
	$(BIN)/python -m bench $(if $(QUICK),--quick) $(foreach option,MODELS CAMERAS THREADS SECONDS ROUNDS SEED WITHOUT JSON PLOT,\
		$(if $($(option)),--$(shell echo $(option) | tr A-Z a-z) '$($(option))'))

soak: ROUNDS ?= 200
soak: SECONDS ?= 3600
soak: programs $(VENV)/.test
	$(BIN)/python -m tests.soak --rounds $(ROUNDS) --seconds $(SECONDS) $(if $(SEED),--seed $(SEED))

roots: programs $(VENV)/.test
	$(BIN)/python -m tests.system.roots

programs:
	@tests/bring-programs.sh

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

deb: $(VENV)/bin/python
	systemd/build-deb.sh $(BIN)/python

format: $(VENV)/.test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

$(VENV)/bin/python:
	@$(PYTHON) -c 'import importlib.util as u, sys; u.find_spec("ensurepip") or sys.exit("Python lacks venv: sudo apt install python3-venv")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.%: $(VENV)/bin/python $(DEFINITION)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[$*]'
	touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info .cache .mypy_cache .pytest_cache .ruff_cache .hypothesis
