# `make` alone lists the targets. Needs git, make, a C library and Python 3.11 or newer; the rest comes from uv.lock.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

# PYTHON=/path/to/python3.12 chooses one; else the first of these that is new enough.
PYTHON ?=
SAMPLE ?=
POLICY ?=
# make test-unit ARGS='-k naming': further arguments for pytest (bench-masking: for the bench)
ARGS ?=
ROWS ?=
TABLES ?=
PEERS ?=
FRESH ?=
FLEET ?=
ENVIRONMENT ?=

run := .venv/bin/python -m

# uv takes its packages from uv.lock, checked by hash, and never brings a Python of its own.
export UV_PYTHON_DOWNLOADS := never
export UV_PROJECT_ENVIRONMENT := .venv
export UV_NO_PROGRESS := 1
# Else each of the many processes compiles Prefect anew where Python may not write (PYTHONDONTWRITEBYTECODE): 2.5 s of CPU.
export UV_COMPILE_BYTECODE := 1
# Whoever has no home that can be written to (a service account, say) caches beside the environment.
cacheless := $(shell mkdir -p "$${XDG_CACHE_HOME:-$$HOME/.cache}/uv" 2>/dev/null || echo yes)
ifeq ($(cacheless),yes)
export UV_CACHE_DIR := .venv/.uv-cache
export PIP_NO_CACHE_DIR := 1
endif

# The environment is made anew after the checkout was moved or its Python has gone.
ifneq "$(shell cat .venv/.made-in 2>/dev/null):$(shell .venv/bin/python -c 'print(1)' 2>/dev/null)" "$(CURDIR):1"
.PHONY: .venv/.made-in
endif

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "make %-18s %s\n", $$1, $$2 }' Makefile

.PHONY: setup
setup: .venv/.synced ## Make .venv from uv.lock (every target below does it when it's missing or out of date)

.PHONY: demo
demo: setup ## One refresh on local AWS, shown step by step (SAMPLE=path: your own schema or dump; POLICY=dir: its policy)
	@$(run) deployments.demo $(if $(SAMPLE),--sample "$(SAMPLE)") $(if $(POLICY),--policy "$(POLICY)")

# Not with an account of importance: it swaps the target's database, as every refresh does.
.PHONY: aws-smoke
aws-smoke: setup ## One refresh on AWS, of an env of yours, with the demo's report (ENVIRONMENT=deployments/environments/NAME.yaml)
	@$(run) deployments.demo.smoke --environment "$(ENVIRONMENT)"

# make up ARGS='--port 4200': the Prefect server's port, else a free one
.PHONY: up
up: setup ## Local AWS, a Prefect server, an ECS worker, all deployments and automations, until Ctrl-C
	@exec $(run) deployments.demo.up $(ARGS)

.PHONY: e2e
e2e: setup ## See that what `make up` starts refreshes, by the API and by the CLI, and ends without a trace
	@$(run) pytest tests/e2e/test_up.py $(ARGS)

# Five minutes. The suite does the same with two envs.
.PHONY: fleet
fleet: setup ## Eight envs refreshed by one run on local AWS, one of which fails (FLEET=12: so many)
	@FLEET=$(or $(FLEET),8) $(run) pytest tests/e2e/test_fleet.py --durations=3 $(ARGS)

.PHONY: test
test: setup ## The whole test suite
	@$(run) pytest -n 2 --dist loadgroup $(ARGS)

.PHONY: test-unit
test-unit: setup ## The tests that need nothing
	@$(run) pytest tests/unit $(ARGS)

.PHONY: test-integration
test-integration: setup ## The tests against real PostgreSQL servers
	@$(run) pytest -n 2 --dist loadgroup tests/integration $(ARGS)

.PHONY: test-e2e
test-e2e: setup ## The tests against local AWS and a Prefect server
	@$(run) pytest -n 2 --dist loadgroup tests/e2e $(ARGS)

# An hour or more with a million rows and all peers. What is done is kept: the same command goes on where it was.
.PHONY: bench-masking
bench-masking: setup ## Masking beside plain SQL and other tools (ROWS=20000 PEERS=none: a short one; FRESH=1: all anew; ARGS=--help)
	@$(run) tests.bench.masking $(if $(ROWS),--rows "$(ROWS)") $(if $(PEERS),--peers "$(PEERS)") $(if $(FRESH),--fresh) $(ARGS)

# Ten minutes on an idle machine. What is left of it is .bench/planning.json.
.PHONY: bench-planning
bench-planning: setup ## What 10,000 tables cost, part by part, and memory by rows (TABLES=1000: fewer; ARGS=--help)
	@$(run) tests.bench.planning $(if $(TABLES),--tables "$(TABLES)") $(ARGS)

# A few minutes. What is left of it is .bench/proof.json.
.PHONY: bench-proof
bench-proof: setup ## What verification costs beside masking, and what it finds of planted copies (ROWS=20000: a short one)
	@$(run) tests.bench.proof $(if $(ROWS),--rows "$(ROWS)") $(ARGS)

# LABELS=dir: a directory per database, with schema.sql, truth.tsv and arguable.tsv, and data.sql where there are rows.
.PHONY: bench-suggest
bench-suggest: setup ## What `flows.policy suggest` finds of columns labelled by hand (LABELS=dir; ARGS=--faults)
	@$(run) tests.bench.suggesting $(if $(LABELS),"$(LABELS)") $(ARGS)

# Half an hour. What is done is kept in .iam/: the same command goes on where it was.
.PHONY: iam
iam: setup ## The task role's policies: enough for a refresh, and no action of them is too many
	@IAM_DROPS=all $(run) pytest tests/e2e/test_iam.py $(ARGS)

# TF_PLUGIN_MIRROR=dir: where terraform finds its provider, if it can't reach its registry.
.PHONY: terraform
terraform: setup .venv/.checkov ## The Terraform modules: format, validity, promises, apply and destroy on local AWS, checkov
	@TERRAFORM=all $(run) pytest tests/integration/terraform $(ARGS)
	@.venv/checkov/bin/checkov --directory deployments/terraform --framework terraform --compact --quiet --skip-download

.venv/.checkov: .venv/.synced deployments/terraform/checkov.txt
	@$(run) uv venv --quiet --clear --python .venv/bin/python .venv/checkov
	@$(run) uv pip sync --quiet --python .venv/checkov/bin/python --require-hashes deployments/terraform/checkov.txt
	@touch .venv/.checkov

.PHONY: lint
lint: setup ## Style, types, the direction of imports, the image's Dockerfile, CI's scripts and workflows
	@$(run) ruff check .
	@$(run) ruff format --check .
	@$(run) mypy
	@.venv/bin/lint-imports --no-logo
	@.venv/bin/hadolint deployments/ecs/Dockerfile
	@.venv/bin/shellcheck .ci/run deployments/ci/*.sh
	@.venv/bin/actionlint -shellcheck .venv/bin/shellcheck

.PHONY: format
format: setup ## Put the code into its one style, and mend what ruff can mend
	@$(run) ruff check --fix .
	@$(run) ruff format .

.PHONY: docs
docs: setup ## Write what is generated in docs/ anew
	@.venv/bin/python -c 'from pathlib import Path; from masking.reference import GENERATED; \
	docs = Path("docs"); \
	[page.write_text(make(page.read_text() if page.exists() else "")) \
	 for page, make in ((docs / name, make) for name, make in GENERATED.items())]'

.PHONY: lock
lock: setup ## Write uv.lock anew from pyproject.toml, keeping what still fits (ARGS=--upgrade: newest versions)
	@$(run) uv lock $(ARGS)

# Which uv, and with which hashes, uv.lock says itself.
.venv/.synced: .venv/.made-in uv.lock pyproject.toml
	@.venv/bin/python -c 'import tomllib; \
	uv, = [p for p in tomllib.load(open("uv.lock", "rb"))["package"] if p["name"] == "uv"]; \
	print("uv==" + uv["version"], *("--hash=" + wheel["hash"] for wheel in uv["wheels"]))' > .venv/uv.txt
	@$(run) pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r .venv/uv.txt
	@$(run) uv sync --quiet --frozen
	@touch .venv/.synced

.venv/.made-in:
	@for python in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11; do \
		"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break; \
		python=; \
	done; \
	if [ -z "$$python" ]; then \
		echo 'No Python 3.11 or newer on PATH. Install one, or say where it is: make PYTHON=/path/to/python3.12' >&2; \
		exit 1; \
	fi; \
	echo "Setting up .venv from uv.lock ($$("$$python" --version); once, about a minute)" >&2; \
	"$$python" -m venv --clear .venv || { \
		echo "$$python can't make a virtual environment. On Debian and Ubuntu: apt install python3-venv" >&2; \
		exit 1; \
	}
	@printf '%s\n' "$(CURDIR)" > .venv/.made-in
