# `make demo` and `make test` need nothing but Python (3.11 or later) and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test check unit bench bench-peers soak clients generated faults screenshots test-tools clean

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

$(VENV)/.demo:
	@test -x $(BIN)/xswitch || { $(PYTHON) -m venv $(VENV) && $(BIN)/pip install -q --disable-pip-version-check -c constraints.txt -e .; }
	@touch $@

# The whole program against an embedded AWS: nothing to sign up for, nothing of yours touched.
demo: $(VENV)/.demo
	@$(BIN)/xswitch demo

# Linters, types, import contracts, every test, coverage of the core and the use cases.
test: check unit

check: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/codespell

unit: $(VENV)/.installed
	rm -f .coverage .coverage.*
	$(BIN)/python -m pytest -n auto --cov --cov-report= $(PYTEST_ARGS)
	$(BIN)/coverage report --include='src/xswitch/core/*,src/xswitch/actions/*' --fail-under=95

# Every promise of docs/performance.md, with the tools of the package index beside it; writes that page.
BENCH_TOOLS := $(or $(XSWITCH_BENCH_TOOLS),$(HOME)/.cache/xswitch-bench)
bench: $(VENV)/.installed $(BENCH_TOOLS)/.installed
	$(BIN)/python benchmarks/run.py

# The tools written in Go as well, where Go is installed; prints.
bench-peers: $(VENV)/.installed $(BENCH_TOOLS)/.installed
	$(BIN)/python benchmarks/peers.py --go

$(BENCH_TOOLS)/.installed: benchmarks/peers.txt
	mkdir -p $(BENCH_TOOLS)
	$(PYTHON) -m venv --clear $(BENCH_TOOLS)/peers
	$(BENCH_TOOLS)/peers/bin/pip install -q --disable-pip-version-check -r benchmarks/peers.txt
	@touch $@

# The reliability tests with their full counts (under 20 minutes); SOAK_ARGS go to pytest.
soak: $(VENV)/.installed
	$(BIN)/python tests/soak.py $(SOAK_ARGS)

# Every kind of profile and of token file with AWS's own clients; CLIENTS_ARGS go to pytest.
clients: $(VENV)/.installed
	$(BIN)/python tests/soak.py --target clients $(CLIENTS_ARGS)

# Generated config files, read, edited, populated, and pruned; GENERATED_ARGS go to pytest.
generated: $(VENV)/.installed
	$(BIN)/python tests/soak.py --target generated $(GENERATED_ARGS)

# System calls that fail or kill xswitch, by strace; writes docs/fault-injection.md.
faults: $(VENV)/.installed
	$(BIN)/python tests/faults.py

screenshots: $(VENV)/.installed
	$(BIN)/python screenshots/make.py

# The clients and emulators the tests run beside xswitch, into a cache outside the repository.
TOOLS := $(or $(XSWITCH_TEST_TOOLS),$(HOME)/.cache/xswitch-tests)
test-tools: $(TOOLS)/.installed $(TOOLS)/aws-cli/.installed $(TOOLS)/go-identity
$(TOOLS)/.installed: tests/tools/peers.txt tests/tools/package.json
	mkdir -p $(TOOLS)
	$(PYTHON) -m venv --clear $(TOOLS)/peers
	$(TOOLS)/peers/bin/pip install -q --disable-pip-version-check -r tests/tools/peers.txt
	cp tests/tools/package.json $(TOOLS)/package.json
	cd $(TOOLS) && npm install --no-save --no-package-lock --no-audit --no-fund --loglevel=error
	@touch $@

# The newest AWS CLI v2; Debian's is older than `aws login` and than signing in by PKCE.
$(TOOLS)/aws-cli/.installed: tests/tools/aws-cli.txt tests/tools/unpack_aws_cli.py | $(TOOLS)/.installed
	rm -rf $(TOOLS)/aws-cli
	mkdir -p $(TOOLS)/aws-cli
	$(TOOLS)/peers/bin/pip download -q --disable-pip-version-check --no-deps -d $(TOOLS)/aws-cli -r $<
	$(PYTHON) tests/tools/unpack_aws_cli.py $(TOOLS)/aws-cli
	@touch $@

# The client in Go, and the variables that its SDK reads; without Go, the tests that need it are skipped by name.
GO_CLIENT := tests/tools/go-identity
$(TOOLS)/go-identity: $(GO_CLIENT)/main.go $(GO_CLIENT)/go.mod $(GO_CLIENT)/go.sum
	mkdir -p $(TOOLS)
	$(GO_CLIENT)/build $(TOOLS)

clean:
	rm -rf $(VENV) .coverage .coverage.* .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist
