# Two commands: `make serve` and `make test`. `make ha` lets three machines lose their leader. `make docs` builds the site into build/docs. Each bootstraps .venv itself from the hash-locked requirements.
PORT ?= 8000
DATA_DIR ?= .data
PYTHON ?= python3
ARGS ?=
# One more than there are cores: a fifth of the time, a test waits for processes, timers or a browser.
WORKERS ?= $(shell $(PYTHON) -c 'import os; print((os.cpu_count() or 1) + 1)')
BIN = .venv/bin
# Each command is a process of its own. It would compile all it imports anew where the environment forbids to keep that (containers do).
export PYTHONDONTWRITEBYTECODE =

.PHONY: serve test check bench faults ha docs screenshots vendor sbom audit lock clean

serve: .venv/.run
	@exec $(BIN)/caseledger serve --demo --port $(PORT) --data-dir $(DATA_DIR)

test: .venv/.dev check
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

check: .venv/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv/.dev
	@$(BIN)/python -m benchmarks $(ARGS)

# A desk of its own under load, while its processes, its database, its disk and its network fail: ARGS="--minutes 30 --seed 1".
faults: .venv/.dev
	@$(BIN)/python -m tests.faults $(ARGS)

# Four minutes, or twice that beside other work. It needs etcd and HAProxy (Debian: etcd-server, haproxy).
ha: .venv/.dev
	$(BIN)/python -m pytest -m long -rs -s -o faulthandler_timeout=1200 tests/acceptance/ha $(ARGS)

# The whole site anew each time (-E): a warning of a page that did not change counts as well.
docs: .venv/.docs
	$(BIN)/python -m sphinx -c tools/site -d build/doctrees -E -q -W --keep-going . build/docs
	@echo "build/docs/index.html"

# The pictures of the console in docs/img: a served desk with the demonstration's cases, in Debian's Chromium.
screenshots: .venv/.dev
	@$(BIN)/python -m tools.screenshots

# The scripts of other people that the console's pages load, anew from npm.
vendor: .venv/.dev
	@$(BIN)/python -m tools.vendor

# What a desk is made of, as CycloneDX: packages with licences and the hashes of the lock, and the scripts of the pages.
sbom: .venv/.run .venv/.supply
	@mkdir -p build
	@.venv/supply/bin/python -m tools.sbom > build/caseledger.cdx.json
	@echo "build/caseledger.cdx.json"

# Advisories of all that is locked, where a database of them can be reached; it says so where none can.
audit: .venv/.supply
	@$(BIN)/python -m tools.audit

# Rewrites the locks. uv resolves for every platform and Python at once and leaves no index address behind.
lock: .venv/.run
	$(PYTHON) -m pip install --quiet --target .venv/lock-tool uv
	.venv/lock-tool/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header --no-annotate --upgrade pyproject.toml -o requirements/run.txt
	.venv/lock-tool/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header --no-annotate --extra dev --extra charts --extra columns --extra traces -c requirements/run.txt pyproject.toml -o requirements/dev.txt
	.venv/lock-tool/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header --no-annotate --upgrade --extra docs -c requirements/dev.txt pyproject.toml -o requirements/docs.txt
	.venv/lock-tool/bin/uv pip compile --quiet --no-deps --python-version 3.12 --generate-hashes --no-emit-index-url \
		--no-header --no-annotate --upgrade requirements/witness.in -o requirements/witness.txt
	.venv/lock-tool/bin/uv pip compile --quiet --no-deps --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header --no-annotate --upgrade requirements/contract.in -o requirements/contract.txt
	.venv/lock-tool/bin/uv pip compile --quiet --no-deps --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header --no-annotate --upgrade requirements/mining.in -o requirements/mining.txt
	.venv/lock-tool/bin/uv pip compile --quiet --no-deps --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header --no-annotate --upgrade requirements/patroni.in -o requirements/patroni.txt
	.venv/lock-tool/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header --no-annotate --upgrade requirements/supply.in -o requirements/supply.txt

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/.run: requirements/run.txt pyproject.toml | .venv/bin/python
	@echo "installing the hash-locked requirements into .venv" >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/run.txt >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . >&2
	@touch $@

.venv/.dev: requirements/dev.txt .venv/.run .venv/.witness .venv/.contract .venv/.mining .venv/.patroni .venv/.supply
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt >&2
	@touch $@

# Programs that the tests run beside ours, each in a folder of its own: they ask for other versions than we do.
.venv/.witness .venv/.contract .venv/.mining .venv/.patroni: .venv/.%: requirements/%.txt | .venv/bin/python
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --ignore-requires-python \
		--upgrade --target .venv/$* -r $< >&2
	@touch $@

.venv/.supply: requirements/supply.txt | .venv/bin/python
	@$(BIN)/python -m venv --clear --without-pip .venv/supply >&2
	@$(BIN)/python -m pip --python .venv/supply/bin/python install --quiet --disable-pip-version-check --require-hashes -r requirements/supply.txt >&2
	@touch $@

.venv/.docs: requirements/docs.txt .venv/.run
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/docs.txt >&2
	@touch $@

clean:
	rm -rf .venv .data build docs/reference *.egg-info
