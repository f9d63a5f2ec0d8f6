# The ways to work on the project. Nothing here needs a GPU, Docker, a model hub or a server.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help install demo test prove check docs format dev bench bench-decode bench-inference bench-prototype bench-peers bench-limit bench-orchestration bench-flat bench-library bench-collection models clean fuzz audit sbom

help: ## Show this list.
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

install: $(INSTALLED) ## Make .venv and install everything, as locked in constraints.txt.

$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

demo: $(INSTALLED) ## Render PHOTOS=240 scenes, ingest them through Dagster, search them; ends with a gallery.
	@$(BIN)/python -m photo_assets.demo.demo --photos $(or $(PHOTOS),240)

test: $(INSTALLED) ## Run the whole suite.
	$(BIN)/python -m pytest --numprocesses 2 --dist worksteal

prove: $(INSTALLED) ## Prove the living library thoroughly: 500 kills, each call failing alone. Takes long.
	LIVING_KILLS=500 LIVING_EXAMPLES=2000 LIVING_SINGLE=1 $(BIN)/python -m pytest -s tests/living

check: $(INSTALLED) ## Lint, formatting, types, docs drift.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest --quiet tests/test_docs.py

docs: $(INSTALLED) ## Write docs/reference.md and the benchmark tables again.
	$(BIN)/python docs/write_reference.py
	$(BIN)/python -m benchmarks.tables

format: $(INSTALLED) ## Format the code.
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

dev: $(INSTALLED) ## Start Dagster's UI and daemon on this library: http://127.0.0.1:3000
	DAGSTER_HOME="$$($(BIN)/photos dagster-home)" $(BIN)/dagster dev --workspace workspace.yaml --host 127.0.0.1

# One after another, so that each has the machine to itself.
BENCHMARKS := decode inference prototype peers limit orchestration flat library collection

bench: ## Measure everything, each by its own verb below (seven hours on two quiet cores, 30 GB of disk).
	for each in $(BENCHMARKS); do $(MAKE) --no-print-directory bench-$$each || exit 1; done

bench-decode: $(INSTALLED) ## Measure decoding against the alternatives; writes results, table and plot (8 minutes).
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[bench]'
	$(BIN)/python -m benchmarks.decode

bench-inference: $(INSTALLED) ## Measure inference against plain transformers; writes results, table and plot (13 minutes).
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[bench]'
	$(BIN)/python -m benchmarks.inference

bench-prototype: $(INSTALLED) ## Measure the prototype's way, step by step up to ours; writes results, table and plot (45 minutes).
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[bench]'
	$(BIN)/python -m benchmarks.prototype

bench-orchestration: $(INSTALLED) ## Measure plain loop, ingest and daemon; writes results, table and plot (under two hours, 11 GB below build/).
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[bench]'
	$(BIN)/python -m benchmarks.orchestration

bench-flat: $(INSTALLED) ## Measure what a photo costs among 1,000 and among 100,000; writes results and table (over an hour, 2 GB below build/, 5 GB of scratch).
	$(BIN)/python -m benchmarks.flat

bench-limit: $(INSTALLED) ## Measure the pipeline beside each of its stages alone; writes results and table (10 minutes).
	$(BIN)/python -m benchmarks.limit

bench-peers: $(INSTALLED) ## Measure ours beside other projects, which it installs below build/; writes results and table (over an hour).
	$(BIN)/python -m benchmarks.peers

bench-library: $(INSTALLED) ## Measure looks at up to a million files; writes results and table (20 minutes, 1 GB of scratch).
	$(BIN)/python -m benchmarks.library

bench-collection: $(INSTALLED) ## Measure the collection at up to 200,000 points; writes results and table (an hour, 5 GB of scratch).
	$(BIN)/python -m benchmarks.collection

fuzz: $(INSTALLED) ## Decode damaged photos for MINUTES=10; keeps what it finds in fuzz-findings/.
	$(BIN)/python -m tests.decoding.fuzz --minutes $(or $(MINUTES),10)

audit: $(INSTALLED) ## Ask whether any locked package has a known vulnerability; needs pypi.org itself.
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[audit]'
	$(BIN)/python -m tests.operations.audit

sbom: $(INSTALLED) ## Write sbom.json: every installed package with version and licence, as CycloneDX.
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[audit]'
	$(BIN)/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible --output-file sbom.json $(BIN)/python

models: $(INSTALLED) ## Train the two small models again (under an hour on two cores).
	$(BIN)/python -m photo_assets.demo.train_models clip & \
	$(BIN)/python -m photo_assets.demo.train_models blip; wait

clean: ## Remove what the demo made.
	rm -rf demo-output
