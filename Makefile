# Two commands on a fresh machine: `make run` and `make test`.
PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	"$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$name" && break; done || echo python3)
VENV = .venv/bin

.PHONY: run test bench chaos screenshots lock vendor translations audit sbom scan

run:
	@exec $(or $(PYTHON),python3) -m ivr run

test:
	@$(or $(PYTHON),python3) -m ivr.launcher.bootstrap test
	@$(VENV)/ruff check . && $(VENV)/ruff format --check . && $(VENV)/mypy && $(VENV)/lint-imports
	@$(VENV)/python -m pytest $(ARGS)

# Measures speed against baselines in the same run.
bench:
	@$(or $(PYTHON),python3) -m ivr.launcher.bootstrap bench
	@$(VENV)/python -m ivr models fetch ko
	@$(VENV)/python -m benchmarks.hang_up_to_transcript
	@$(VENV)/python -m benchmarks.backlog $(ARGS)
	@$(VENV)/python -m benchmarks.desk
	@$(VENV)/python -m benchmarks.promises

# Calls of every kind while everything is killed at random: SEEDS=1,2,3 make chaos (some five minutes each).
chaos:
	@$(or $(PYTHON),python3) -m ivr.launcher.bootstrap test
	@$(VENV)/python -m ivr models fetch ko
	@$(VENV)/python -m tests.soak.chaos --seeds $(or $(SEEDS),1)

# Static analysis, secrets, known weaknesses of dependencies (see .ci/audit).
audit:
	@$(or $(PYTHON),python3) -m ivr.launcher.bootstrap audit
	@mkdir -p var && .ci/audit

# What the product is made of (CycloneDX), as sbom.json under var/.
sbom:
	@$(or $(PYTHON),python3) -m ivr.launcher.bootstrap audit
	@mkdir -p var && $(VENV)/cyclonedx-py requirements requirements.txt --output-reproducible --of JSON -o var/sbom.json
	@echo "var/sbom.json"

# A web scanner at the running house; every finding is explained in .ci/scan.
scan:
	@$(or $(PYTHON),python3) -m ivr.launcher.bootstrap test
	@$(VENV)/python .ci/scan

# Renews the pictures in docs/screenshots.
screenshots:
	@$(or $(PYTHON),python3) -m ivr.launcher.bootstrap test
	SCREENSHOTS=1 $(VENV)/python -m pytest tests/browser/test_first_call.py tests/browser/test_live_calls.py tests/browser/test_callback_desk.py \
	  tests/browser/test_dashboard.py tests/browser/test_data_protection.py

# Pins requirements.txt and tests/requirements.txt from pyproject.toml.
lock:
	$(VENV)/pip-compile -q --strip-extras --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --output-file requirements.txt pyproject.toml
	$(VENV)/pip-compile -q --strip-extras --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --extra test -c requirements.txt --output-file tests/requirements.txt pyproject.toml
	$(VENV)/pip-compile -q --strip-extras --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --extra audit -c requirements.txt -c tests/requirements.txt --output-file .ci/requirements.txt pyproject.toml

# Fetches the pinned browser assets into ivr/web/static/vendor.
vendor:
	ivr/web/vendor.sh

# Collects the interface's texts and compiles the German catalogue.
translations:
	$(VENV)/pybabel -q extract -F ivr/web/babel.cfg -k lazy_gettext --no-location --sort-output -o ivr/web/translations/messages.pot ivr
	$(VENV)/pybabel -q update --no-fuzzy-matching --no-wrap -D messages -i ivr/web/translations/messages.pot -d ivr/web/translations -l de
	$(VENV)/pybabel -q compile -d ivr/web/translations -l de
