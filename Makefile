# Two commands matter: `make demo` and `make test`. Both set up what they need.
# Options of the demo: make demo OPTIONS="--port 8080 --framework starlette"
# The newest Python that is here and runs (a shim of pyenv may be there and not run); another: make PYTHON=python3.12
PYTHON ?= $(shell for v in 3.14 3.13 3.12 3.11; do python$$v -c "" 2>/dev/null && echo python$$v && break; done)
VENV := .venv
BIN := $(VENV)/bin
JS := js_snippet

.PHONY: demo test soak lint types browser snippet docs benchmarks clean

demo: $(VENV)/.demo
	$(BIN)/opsplug demo $(OPTIONS)

test: $(VENV)/.test browser lint types snippet
	$(BIN)/python -m pytest -q -n auto --dist loadfile

soak: $(VENV)/.test browser
	OPSPLUG_SOAK=1 $(BIN)/python -m pytest -q

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "opsplug needs Python 3.11 to 3.14; none of them was found."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --upgrade pip "setuptools>=68" wheel

$(VENV)/.demo: setup.cfg | $(VENV)/bin/python
	@echo "Setting up opsplug in $(VENV); the first time this takes a minute or two."
	$(BIN)/python -m pip install -q -e ".[demo]"
	@touch $@

$(VENV)/.test: setup.cfg | $(VENV)/bin/python
	$(BIN)/python -m pip install -q -e ".[test,docs]"
	@touch $@

# Debian's Chromium; elsewhere the browser tests say what is missing.
browser:
	@command -v chromium >/dev/null 2>&1 || command -v google-chrome >/dev/null 2>&1 || \
	  (command -v apt-get >/dev/null 2>&1 && apt-get update -qq && apt-get install -y -qq chromium fonts-noto-cjk >/dev/null) || \
	  echo "No Chromium could be installed: the browser tests will be skipped and say so."

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(VENV)/.test
	$(BIN)/mypy

# The committed bundle must be what the sources build to.
snippet:
	@command -v npm >/dev/null 2>&1 || \
	  (command -v apt-get >/dev/null 2>&1 && apt-get update -qq && apt-get install -y -qq nodejs npm >/dev/null) || true
	@if command -v npm >/dev/null 2>&1; then cd $(JS) && npm ci --silent --no-audit --no-fund && npm run --silent check; \
	  else echo "No npm could be installed: the snippet was not rebuilt and compared."; fi

# The documentation site, into site/; anything that does not resolve is an error.
docs: $(VENV)/.test
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

benchmarks: $(VENV)/.test
	@ls benchmarks/*.py | sed 's/^/$(subst /,\/,$(BIN))\/python /'

clean:
	rm -rf $(VENV) build dist site *.egg-info $(JS)/node_modules
