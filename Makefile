# Two commands on a fresh machine: `make run` and `make test`.
PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	"$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$name" && break; done || echo python3)
# Who names one wants that one; otherwise the environment is made with the quickest build of the same version.
ifneq ($(origin PYTHON),file)
export PYTHON_NAMED = 1
endif
VENV = .venv/bin

.PHONY: wheel offline help run check test alone test-postgresql soak soak-night bench chaos drill screenshots lock vendor translations audit sbom scan

help: ## List the targets.
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-20s %s\n", $$1, $$2 }'

run: ## Start everything on this machine until Ctrl-C.
	@exec $(or $(PYTHON),python3) -m ivr run

check: ## Linters, types, rules of imports, dependencies.
	@$(or $(PYTHON),python3) -m ivr.launcher.bootstrap test
	@$(VENV)/ruff check . && $(VENV)/ruff format --check . && $(VENV)/mypy && $(VENV)/lint-imports && $(VENV)/deptry .

# All tests, in five processes: those of the running hotlines wait for calls, the others compute meanwhile. They are
# compiled once before, which otherwise each of the processes does. Other arguments of pytest in ARGS; if they name a
# file, it runs alone and at once: make test ARGS="tests/callbacks/test_claims.py -k next"
WORKERS ?= 5
A_FILE = $(findstring .py,$(ARGS))
PARALLEL = $(if $(A_FILE),,-n $(WORKERS) --dist loadgroup)
PYTEST = $(VENV)/python -m pytest
# Compiled modules are kept: every process of a running hotline would have to compile them again.
unexport PYTHONDONTWRITEBYTECODE

test: ## Linters and all tests; one file: make test ARGS=tests/callbacks/test_claims.py
	@$(or $(PYTHON),python3) -m ivr.launcher.bootstrap test
ifneq ($(A_FILE),)
	@$(PYTEST) $(ARGS)
else
	@$(VENV)/ruff check . && $(VENV)/ruff format --check .
	@for half in '[a-p]' '[q-z]'; do $(PYTEST) --collect-only tests/$$half* $(ARGS) > /dev/null & done; wait
	@$(PYTEST) $(PARALLEL) $(ARGS)
endif

# The stories on PostgreSQL, and what depends on the kind of database most; `make soak-night` runs everything on it.
ON_POSTGRESQL = tests/stories tests/callbacks tests/platform tests/operations tests/workers tests/reporting
test-postgresql: ## The stories on PostgreSQL.
	@$(or $(PYTHON),python3) -m ivr.launcher.bootstrap test
	@DATABASE=postgresql $(PYTEST) $(PARALLEL) $(or $(ARGS),$(ON_POSTGRESQL))

# Restarts and upgrades, held rows and eight callers at one instant: some minutes in which nothing else runs.
alone: ## Tests of seconds under load, with the cores to themselves.
	@$(or $(PYTHON),python3) -m ivr.launcher.bootstrap test
	@VOLUME=soak $(PYTEST) -m alone tests/soak $(ARGS)

# The volume that `make test` leaves out, at most an hour: 10,000 random callers, 5,000 pairs of callers, 1,000
# conversations of live calls, 50,000 nonsense inputs, a flood of 10,000 calls, a day of 3,000 calls and its comparison
# with Erlang, a part of the other walks, the stories on PostgreSQL, chaos with one seed.
soak: ## The volume that `make test` leaves out, at most an hour.
	@$(or $(PYTHON),python3) -m ivr.launcher.bootstrap test
	@VOLUME=soak $(PYTEST) $(PARALLEL) -m soak $(ARGS)
	@$(MAKE) --no-print-directory alone ARGS=
	@$(MAKE) --no-print-directory test-postgresql ARGS=tests/stories
	@$(MAKE) --no-print-directory chaos SEEDS=$(or $(SEEDS),1)

# What takes longer still: everything on PostgreSQL with all its volume, fifty conversations in real time, every page in
# every appearance and width, more seeds of chaos, one short drill (ONLY=…), the stories in the manner of each other
# carrier, the web scanner.
soak-night: ## What takes longer still: PostgreSQL, every appearance, more seeds.
	@$(or $(PYTHON),python3) -m ivr.launcher.bootstrap test
	@VOLUME=night $(PYTEST) $(PARALLEL) -m "soak or night" $(ARGS)
	@DATABASE=postgresql VOLUME=night $(PYTEST) $(PARALLEL) $(ARGS)
	@for carrier in signalwire telnyx; do CARRIER=$$carrier $(PYTEST) $(PARALLEL) tests/stories $(ARGS) || exit 1; done
	@$(MAKE) --no-print-directory chaos SEEDS=$(or $(SEEDS),$(shell seq -s, 2 11))
	@$(MAKE) --no-print-directory drill ONLY=$(or $(ONLY),host) CALLS=12
	@$(MAKE) --no-print-directory scan

bench: ## Measure speed against baselines in the same run.
	@$(or $(PYTHON),python3) -m ivr.launcher.bootstrap bench
	@$(VENV)/python -m ivr models fetch ko
	@$(VENV)/python -m benchmarks $(ARGS)

chaos: ## Place calls of every kind while everything is killed at random: SEEDS=1,2,3.
	@$(or $(PYTHON),python3) -m ivr.launcher.bootstrap test
	@$(VENV)/python -m ivr models fetch ko
	@$(VENV)/python -m tests.soak.chaos --seeds $(or $(SEEDS),1) --calls $(or $(CALLS),300)

drill: ## Two hosts lose what they stand on, while people ring: ONLY=redis, CALLS=24.
	@$(or $(PYTHON),python3) -m ivr.launcher.bootstrap test
	@$(VENV)/python -m ivr models fetch ko
	@$(VENV)/python -m tests.soak.drill --only "$(ONLY)" --calls $(or $(CALLS),24) --seed $(or $(SEED),1) $(ARGS)

audit: ## Static analysis, secrets, known weaknesses of dependencies (.ci/audit).
	@$(or $(PYTHON),python3) -m ivr.launcher.bootstrap audit
	@mkdir -p var && .ci/audit

sbom: ## List what the product is made of (CycloneDX): var/sbom.json.
	@$(or $(PYTHON),python3) -m ivr.launcher.bootstrap audit
	@mkdir -p var && $(VENV)/cyclonedx-py requirements requirements.txt --output-reproducible --of JSON -o var/sbom.json
	@echo "var/sbom.json"

scan: ## Let a web scanner loose on the running hotline (.ci/scan).
	@$(or $(PYTHON),python3) -m ivr.launcher.bootstrap test
	@$(VENV)/python .ci/scan

# Every page in four sizes, in var/screenshots: SCREENSHOTS=1 make test ARGS=tests/browser/test_every_page.py
screenshots: ## Renew the pictures in docs/screenshots and those of the help page.
	@$(or $(PYTHON),python3) -m ivr.launcher.bootstrap test
	SCREENSHOTS=1 VOLUME=night $(PYTEST) tests/browser -k "pictures_of_the_documents or own_microphone or four_windows or authenticator_app"

# With the hashes of all files of each version: pip then takes nothing else, whatever an index offers.
COMPILE = $(VENV)/pip-compile -q --generate-hashes --allow-unsafe --strip-extras --no-emit-index-url --no-emit-trusted-host --no-emit-find-links
lock: ## Pin requirements from pyproject.toml, with hashes.
	@$(VENV)/python -c "import sys; sys.exit(sys.version_info[:2] != (3, 11) and 'run it with Python 3.11: what it alone needs is pinned then')"
	$(COMPILE) --output-file requirements.txt pyproject.toml
	$(COMPILE) --extra test -c requirements.txt --output-file tests/requirements.txt pyproject.toml
	$(COMPILE) --extra audit -c requirements.txt -c tests/requirements.txt --output-file .ci/requirements.txt pyproject.toml

wheel: ## Build the package that contains everything: dist/*.whl.
	$(VENV)/pip wheel -q --no-deps --wheel-dir dist .
	@ls dist

# What an operator without a way to the internet takes along: the wheel, those of everything below it, speech models,
# and a script that installs them. Run it on the kind of machine and Python that it is for.
OFFLINE_MODELS ?= de en
offline: wheel ## A folder that installs without the internet: dist/offline (OFFLINE_MODELS="de en").
	@rm -rf dist/offline && mkdir -p dist/offline/wheels dist/offline/models
	$(VENV)/pip wheel -q --require-hashes --wheel-dir dist/offline/wheels --requirement requirements.txt
	$(VENV)/python deploy/offline/own_hashes.py requirements.txt dist/offline/wheels > dist/offline/requirements.txt
	cp dist/*.whl dist/offline/wheels/
	cp deploy/offline/install.sh CHANGELOG.md dist/offline/
	-VOSK_MODEL_DIR=$(CURDIR)/dist/offline/models $(VENV)/python -m ivr models fetch $(OFFLINE_MODELS)
	cd dist/offline && find . -type f ! -name SHA256SUMS | sort | xargs sha256sum > SHA256SUMS
	@du -sh dist/offline

vendor: ## Fetch the pinned browser assets into ivr/web/static/vendor.
	ivr/web/vendor.sh

BABEL = $(VENV)/python -m babel.messages.frontend
translations: ## Collect the texts of the pages and compile the German catalogue.
	$(BABEL) -q extract -F ivr/web/babel.cfg -k lazy_gettext -k _n:1,2 --no-location --sort-output -o ivr/web/translations/messages.pot ivr
	$(BABEL) -q update --no-fuzzy-matching --no-wrap -D messages -i ivr/web/translations/messages.pot -d ivr/web/translations -l de
	@# No line of a page, a paper or a PDF ends between "§" and its number: a no-break space stands there.
	sed -i -E '/^msgstr/ { s/(§|Art\.|Abs\.|Nr\.) ([0-9])/\1\xC2\xA0\2/g; s/(lit\.) ([a-z])/\1\xC2\xA0\2/g; s/SGB ([IVX])/SGB\xC2\xA0\1/g }' ivr/web/translations/de/LC_MESSAGES/messages.po
	$(BABEL) -q compile -d ivr/web/translations -l de
