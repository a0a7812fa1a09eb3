# Everything a newcomer needs: `make run` and `make test`. `make help` lists the rest.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
# While it prints a traceback, Python 3.11 parses source to point at a part of a line. Where that happens as garbage is
# collected amid another parse, as of a future whose error nobody took, that other one fails: so without.
export PYTHONNODEBUGRANGES := 1
LOCK := infra/requirements.lock
COVERED := 89
RUNTIME_LOCK := infra/requirements-runtime.lock
PIP_COMPILE := $(BIN)/pip-compile --quiet --strip-extras --allow-unsafe --generate-hashes --no-header --no-annotate \
  --no-emit-index-url --no-emit-find-links --no-emit-trusted-host

.PHONY: help
help:  ## Show what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## (.*)/  make \1\t\2/' | expand -t 18

.PHONY: setup
setup: .venv/ready  ## Make .venv with everything, pinned and verified by hash

.venv/ready: $(LOCK) pyproject.toml infra/setup-python infra/install.py
	@infra/setup-python $(PYTHON)
	@$(BIN)/python infra/install.py $(LOCK)
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: run
run: setup  ## Run the main job on an embedded Kafka with a sample load; Ctrl-C ends it
	@exec $(BIN)/slo-streams run

.PHONY: test
test: setup check  ## Check, then run all tests (on a container where a Docker engine is to be had), with what they reach
	@mkdir -p build
	$(BIN)/slipcover --json --out build/coverage.json -m pytest --numprocesses 3 --dist worksteal || $(MAKE) --silent test-failed
	@$(BIN)/python infra/coverage.py build/coverage.json $(COVERED)

# A wait may run out because three tests share a slow machine. A fault fails alone, too; both tries are printed.
.PHONY: test-failed
test-failed: setup  ## Try the tests that failed last once more, one after the other, up to the first that fails again
	$(BIN)/pytest --last-failed --last-failed-no-failures none --maxfail 1 -v

.PHONY: check
check: setup  ## Lint, types, layers, numbers of migrations, generated files, API documents
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -c 'from streams.database.schema import shipped_migrations; shipped_migrations()'
	$(BIN)/python -m schemas --check
	$(BIN)/python -m infra.dashboards --check
	$(BIN)/python -m streams.gateway | cmp - infra/api/openapi.json
	$(BIN)/python -m streams.dashboard | cmp - infra/api/dashboard.json
	$(BIN)/openapi-spec-validator infra/api/openapi.json
	$(BIN)/pytest tests/schemas/test_asyncapi.py

.PHONY: format
format: setup  ## Format the code and mend what lint can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: schemas
schemas: setup  ## Write the JSON Schemas anew from the models
	$(BIN)/python -m schemas

.PHONY: dashboards
dashboards: setup  ## Write the boards for Grafana anew from the code
	$(BIN)/python -m infra.dashboards

.PHONY: bench
bench: setup  ## Measure speed beside the peers (QUICK=1: in minutes; CURVES=1: what an event costs when; LIVE=1; GATEWAY=1; PUBLISH=1)
	$(BIN)/pip install --quiet --disable-pip-version-check --no-build-isolation --editable '.[bench]'
	$(BIN)/python -m tests.bench $(if $(QUICK),--quick) $(if $(CURVES),--case curves --rounds 1) \
	  $(if $(LIVE),--case live --rounds 1) $(if $(GATEWAY),--case gateway --rounds 1) \
	  $(if $(PUBLISH),--publish --readme)

.PHONY: long
long: setup  ## The tests that `make test` leaves out for their time (about 10 minutes; KILLS=100 of notifiers at work)
	$(BIN)/pytest -m long

.PHONY: faults
faults: setup  ## Crash, cut and restart everything, and recount what was published (40 minutes; SOAK_S=600)
	$(BIN)/python -m tests.faults $(if $(ONLY),--only $(ONLY)) $(if $(SEED),--seed $(SEED))

.PHONY: soak
soak: setup  ## The whole under random faults for SOAK_S=600 seconds: every service, both servers, the network
	$(BIN)/python -m tests.faults --only whole --only whole-live $(if $(SEED),--seed $(SEED))

.PHONY: fuzz
fuzz: setup  ## Fuzz how records are read, for FUZZ_S=60 seconds
	$(BIN)/pip install --quiet --disable-pip-version-check --no-build-isolation --editable '.[fuzz]'
	$(BIN)/python -m tests.fuzz $(or $(FUZZ_S),60)

.PHONY: mutants
mutants: setup  ## Change code bit by bit, and name what no test notices (PACKAGES="windows intake" SECONDS_AT_MOST=600)
	$(BIN)/pip install --quiet --disable-pip-version-check --no-build-isolation --editable '.[mutants]'
	$(BIN)/python -m infra.mutants --seconds $(or $(SECONDS_AT_MOST),3600) $(PACKAGES)

.PHONY: docs-reference
docs-reference: setup  ## Write the reference pages anew from the code
	$(BIN)/python -m infra.docs

.PHONY: docs
docs: docs-reference  ## Build the documentation as a site, in infra/docs/site
	$(BIN)/pip install --quiet --disable-pip-version-check --no-build-isolation --editable '.[docs]'
	cd infra/docs && ../../$(BIN)/zensical build --config-file zensical.toml --strict

.PHONY: screenshots
screenshots: setup  ## Take the pictures of the documentation anew, of the product with its sample month (needs Chromium)
	$(BIN)/python -m infra.screenshots $(ONLY)

.PHONY: image
image: release  ## Build the container image of the wheel (BASE=IMAGE; without, on a base made of Debian's packages)
	$(BIN)/python -m infra.image.build $(BASE)

.PHONY: release
release: setup  ## Build wheel and sdist, the same bytes each time, with checksums and a bill of materials, in dist/
	$(BIN)/pip install --quiet --disable-pip-version-check --no-build-isolation --editable '.[release]'
	infra/release $(BIN) $(RUNTIME_LOCK)

.PHONY: lock
lock: setup  ## Pin all dependencies anew, with hashes: those of development, and those of services alone
	$(PIP_COMPILE) --extra all --extra chat --extra otel --extra dev --output-file $(LOCK) pyproject.toml
	$(PIP_COMPILE) --extra worker --extra prober --extra gateway --extra history --extra notifier --extra dashboard \
	  --constraint $(LOCK) --output-file $(RUNTIME_LOCK) pyproject.toml
	sed -i '/^# WARNING: pip install will require/d; /^# Consider using a hashable URL/d; /^slo-streams @/d' $(LOCK) $(RUNTIME_LOCK)

.PHONY: clean
clean:  ## Remove what was made
	rm -rf .venv build dist infra/docs/site .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
