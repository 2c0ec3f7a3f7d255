# `make demo` and `make test` are all that anybody needs: each does its own set-up.
# The others are parts of them.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

HOMEWORK := examples/homework
DEMO_OUT := target/demo
BIN := target/capsule-run
# What the demo grades: a good one, and one of each kind of trouble.
DEMO_SUBMISSIONS := correct-c correct-python wrong-answer does-not-compile endless-loop memory-hog \
	fork-bomb crashes reads-answers calls-home

.PHONY: help
help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | expand -t 16

.PHONY: setup
setup: ## Install what is missing: a C compiler, Python and the Rust toolchain's parts
	@bash .ci/setup

.PHONY: build
build: setup ## Build target/capsule-run
	@bash .ci/build

.PHONY: demo
demo: build ## Grade the homework example and show what a grader would want to see
	@bash $(HOMEWORK)/demo $(BIN) $(HOMEWORK) $(DEMO_OUT) $(DEMO_SUBMISSIONS)

.PHONY: setup-tests
setup-tests:
	@bash .ci/setup tests

.PHONY: setup-bench
setup-bench:
	@bash .ci/setup bench

.PHONY: test
test: setup-tests ## Run all tests, and check format and lints
	cargo fmt --all --check
	cargo clippy --all-targets --locked -- -D warnings
	cargo test --locked

.PHONY: test-reports
test-reports: build ## Check real reports with consumers other than ours
	tests/reports/run
	tests/reports/live $(BIN)

.PHONY: test-vm
test-vm: setup ## Run the live tests in virtual machines: two kernels, cgroup v2, root and not
	tests/vm/check

.PHONY: test-vm-short
test-vm-short: setup ## The part of test-vm that takes five minutes; says so where no machine can be made
	tests/vm/check --short

.PHONY: stress
stress: build ## Run all stressors of stress-ng in the sandbox, ten minutes in all, and compare the host
	@bash .ci/setup stress
	tests/stress $(BIN)

.PHONY: bench
bench: setup-bench build ## Time a bare spawn, this sandbox and others; print ratios of medians, plot what grows
	CAPSULE_BENCH_BINARY=$(CURDIR)/$(BIN) cargo bench --locked --bench launch

.PHONY: fuzz-short
fuzz-short: setup ## Run each fuzz target for 5 s; says so where cargo-fuzz cannot be had
	fuzz/run --short

.PHONY: fuzz
fuzz: setup ## Run each fuzz target for 30 s; cargo-fuzz is installed if it is missing
	fuzz/run 30
