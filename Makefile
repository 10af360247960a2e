# Everything begins here. Each target sets up what it needs; a second `make setup` costs nothing.

PYTHON_BIN := .venv/bin/python
.DEFAULT_GOAL := help
.PHONY: help setup demo check static test bench bench-setup docs lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## system packages (as root, else the line to run), .venv from the lock, npm parts
	@bash tools/setup.sh

demo: setup ## the whole story on this machine, in a temporary folder, in under three minutes
	@$(PYTHON_BIN) demo/run.py $(if $(KEEP),--keep $(KEEP))

static:
	.venv/bin/ruff format --check
	.venv/bin/ruff check
	.venv/bin/mypy
	.venv/bin/lint-imports --no-logo

check: setup static ## format, lint, types, import contracts, ceilings, documentation
	.venv/bin/pytest -q tests/architecture tests/docs

test: setup static ## all of check, and every test
	.venv/bin/pytest -q

bench-setup: setup ## the peers that the benchmarks run beside us
	@bash tools/system-packages.sh tools/bench-packages.txt
	@.venv/bin/pip install -q --disable-pip-version-check --require-hashes --no-deps --ignore-requires-python \
		--no-compile --upgrade --target .venv/bench -r bench/log_peers.txt

bench: bench-setup ## every script of bench/, one after the other: ours and the peer's, with the ratio
	@set -e; for script in bench/bench_*.py; do echo "== $$script"; $(PYTHON_BIN) "$$script"; done

docs: setup ## make the generated pages again: commands, errors, settings
	$(PYTHON_BIN) tools/make_docs.py

lock: setup ## bring requirements.lock to the newest versions that pyproject.toml allows
	.venv/bin/uv pip compile pyproject.toml --extra dev --universal --generate-hashes --no-emit-index-url \
		--no-header --upgrade --python-version 3.11 -q -o requirements.lock

clean: ## what make made: environment, caches, npm parts
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis tests/interop/node/node_modules page/node_modules
	rm -rf src/*.egg-info
	find src tests bench tools -name __pycache__ -type d -prune -exec rm -rf {} +
