# make demo   a lesson from the LMS launch to the grade, with real programs on this machine
# make test   all tests
# See `make help`.

CARGO ?= cargo

.PHONY: help setup demo test lint bench

help:
	@echo 'make demo    take a lesson from the LMS launch to the grade, on this machine; then try it'
	@echo '             yourself until Ctrl-C. DEMO_ONCE=1 make demo ends after the lesson'
	@echo 'make test    run all tests, with a real Prosody, profanity, libotr and Chromium'
	@echo 'make lint    check format, lints and documentation'
	@echo 'make bench   measure'
	@echo 'make setup   install the programs that tests and demo drive (the others do this first)'

setup:
	@tests/setup.sh

demo: setup
	$(CARGO) build --locked --bin otrbot --example demo
	@$(CARGO) run --quiet --locked --example demo

test: setup
	$(CARGO) test --locked --no-fail-fast

lint:
	$(CARGO) fmt --check
	$(CARGO) clippy --all-targets --locked -- -D warnings
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc --no-deps --document-private-items --locked

bench:
	$(CARGO) bench --locked
