# `make demo` and `make test` each do all that they need on a fresh machine with Python
# 3.11 or later, git, make and the system's package manager.

PY := .venv/bin/python
RUN := .venv/.run
DEV := .venv/.dev
FAIRLEAD_DATA ?= ../shared/data
CORPORA := $(FAIRLEAD_DATA)/duplicates

FUZZ_SECONDS ?= 3600

.PHONY: demo test check audit env format benchmarks pins wheel docs fuzz

demo: $(RUN)  ## The main job: the clearinghouse at work, in a fresh folder.
	.venv/bin/fairlead demo

test: $(DEV)  ## The whole suite, on SQLite and PostgreSQL, in a real browser.
	tools/system-packages.sh
	$(PY) -m pytest --numprocesses auto --dist loadfile

check: $(DEV)  ## Format, lint, types, contracts.
	.venv/bin/ruff format --check src tests benchmarks tools
	.venv/bin/ruff check src tests benchmarks tools
	.venv/bin/mypy
	.venv/bin/lint-imports

audit: $(DEV)  ## Known vulnerabilities in what is installed for users.
	.venv/bin/pip-audit --requirement requirements/run.txt --disable-pip --require-hashes

env: $(DEV)  ## The environment for working on Fairlead.

format: $(DEV)
	.venv/bin/ruff format src tests benchmarks tools
	.venv/bin/ruff check --fix src tests benchmarks tools

docs: $(DEV)  ## What in the docs is made from the code.
	$(PY) tools/docs.py

fuzz: $(DEV)  ## Every parser against made-up input, FUZZ_SECONDS each; needs atheris.
	@$(PY) -c "import atheris" 2>/dev/null || $(PY) -m pip install --quiet \
	  --only-binary :all: "atheris>=2.3,<4" \
	  || { echo "There is no wheel of atheris for this machine: nothing was tried."; exit 0; }; \
	for target in $$(PYTHONPATH=tools $(PY) tools/fuzz.py --list); do \
	  echo "$$target"; \
	  PYTHONPATH=tools $(PY) tools/fuzz.py $$target --seconds $(FUZZ_SECONDS) || exit 1; \
	done

benchmarks: $(DEV)  ## Every figure of the README.
	$(PY) benchmarks/intake.py
	$(PY) benchmarks/record.py
	$(PY) benchmarks/sealing.py
	$(PY) benchmarks/terms.py
	$(PY) benchmarks/broker.py
	@if command -v bwrap >/dev/null; then $(PY) benchmarks/sandbox.py; \
	else echo "Install bubblewrap to measure the sandbox."; fi
	@if [ -d "$(CORPORA)" ]; then $(PY) benchmarks/duplicates.py $(CORPORA)/*/; \
	else echo "Set FAIRLEAD_DATA to measure duplicates: $(CORPORA) is absent."; fi

pins: $(DEV)  ## Renew the pinned requirements, with a cool-down of 7 days.
	PATH="$(CURDIR)/.venv/bin:$$PATH" tools/pins.sh

wheel: $(DEV)
	$(PY) -m build --wheel --no-isolation

# pip is the last thing that a new environment gets.
.venv/bin/pip:
	tools/make-venv.sh

$(RUN): .venv/bin/pip requirements/run.txt pyproject.toml
	$(PY) -m pip install --quiet --require-hashes --requirement requirements/run.txt
	$(PY) -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

$(DEV): .venv/bin/pip requirements/dev.txt pyproject.toml
	$(PY) -m pip install --quiet --require-hashes --requirement requirements/dev.txt
	$(PY) -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@ $(RUN)
