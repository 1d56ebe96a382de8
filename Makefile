# make demo         the main job, with nothing to set up
# make test         what runs on any machine: linters, types, unit tests, mosquitto
# make test-system  what needs root and Debian roots: virtual camera, 64-bit Arm, tflite-runtime, Home Assistant
# make format       ruff's layout of the code

PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
DEFINITION = setup.cfg pyproject.toml

.PHONY: demo test test-system programs lint format clean

demo: $(VENV)/.demo
	$(BIN)/edgevision demo

test: programs lint
	$(BIN)/pytest -m "not system"

test-system: programs $(VENV)/.test
	$(BIN)/pytest -m system tests/system

programs:
	@tests/bring-programs.sh

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

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
