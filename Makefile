# make demo   a lesson from the LMS launch to the grade, with real programs on this machine
# make test   all tests
# See `make help`.

CARGO ?= cargo

.PHONY: help setup demo pictures test lint deny bench bench-lti bench-listening budgets load soak rubric fuzz ct reference deb test-deb

# Seconds that each target of `make fuzz` runs.
SECONDS ?= 600
FUZZ_TARGETS ?= plain encrypted fragments tlvs key_file group

help:
	@echo 'make demo    take a lesson from the LMS launch to the grade, on this machine; then try it'
	@echo '             yourself until Ctrl-C. DEMO_ONCE=1 make demo ends after the lesson'
	@echo 'make pictures  have a class take the lesson, and take the pictures of README.md anew, in'
	@echo '             docs/pictures'
	@echo 'make test    run all tests, with a real Prosody, profanity, libotr, potr and Chromium'
	@echo 'make lint    check format, lints and documentation'
	@echo 'make deny    check licences, sources and doubles of the dependencies; needs no database'
	@echo 'make bench   measure the OTR engine beside libotr, on one core, and print a table'
	@echo 'make bench-listening  measure what it costs to find out what a message is about'
	@echo 'make bench-lti  measure launches a second beside a tool of PyLTI, and print a table'
	@echo 'make budgets  measure what each kind of request costs, and attacks beside 100 honest learners,'
	@echo '             with tables, also in target/budgets.md; SCENES="rest attacks" or names of attacks,'
	@echo '             BASELINE=path/to/otrbot: beside an older program; PROFILE=dev: as the tests built it'
	@echo 'make load    measure the daemon under load, with a table; SCENES="lessons idle enrolled",'
	@echo '             WAY_IN=component: the bot as a component of the server'
	@echo 'make soak    lessons for MINUTES=30 while the server is restarted, frozen and cut off'
	@echo 'make rubric  have difficult learners take all lessons in all languages'
	@echo 'make fuzz    fuzz the OTR engine: SECONDS=600 for each of FUZZ_TARGETS'
	@echo 'make ct      hold the OTR engine to constant time, by memcheck with its secrets undefined'
	@echo 'make reference  run the engine'"'"'s tests on the group arithmetic of crypto-bigint'
	@echo 'make deb     make the Debian package, in target/debian, and one for debuggers (-dbgsym)'
	@echo 'make test-deb  install it in a clean Debian (as root), try it, and take it away again'
	@echo 'make setup   install the programs that tests and demo drive (the others do this first)'

setup:
	@tests/setup.sh

demo: setup
	$(CARGO) build --locked --bin otrbot --bin demo
	@$(CARGO) run --quiet --locked --bin demo

pictures:
	@tests/setup.sh pictures
	$(CARGO) build --locked --bin otrbot --bin demo
	@$(CARGO) run --quiet --locked --bin demo -- pictures docs/pictures

test: setup
	$(CARGO) test --locked --no-fail-fast

lint:
	$(CARGO) fmt --check
	$(CARGO) clippy --all-targets --locked -- -D warnings
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc --no-deps --document-private-items --locked

deny:
	@tests/setup.sh deny
	@# Those for other systems, too, which nothing has built. If all are there, nobody is asked.
	$(CARGO) fetch --locked --quiet
	PATH="$(CURDIR)/target/tools/bin:$$PATH" $(CARGO) deny --locked --offline \
		check --deny warnings --hide-inclusion-graph licenses bans sources

bench: setup
	$(CARGO) bench --locked --bench compare
	@echo 'More in detail: $(CARGO) bench --bench otr'

PYLTI = target/pylti
bench-listening:
	$(CARGO) bench --locked --bench listening

bench-lti: setup
	@[ -x $(PYLTI)/bin/pylti-is-here ] || { \
		echo 'bench-lti: bringing PyLTI 0.7.0, Flask and gunicorn into $(PYLTI)'; \
		rm -rf $(PYLTI); python3 -m venv $(PYLTI) || { \
			echo 'bench-lti: install the package python3-venv'; exit 1; }; \
		$(PYLTI)/bin/pip install --quiet PyLTI==0.7.0 'Flask<2.3' 'Werkzeug<2.3' gunicorn && \
		ln -s python $(PYLTI)/bin/pylti-is-here; }
	$(CARGO) bench --locked --bench lti -- --warm-up-time 1 --measurement-time 3
	PYLTI="$(abspath $(PYLTI))" $(CARGO) bench --locked --bench launches

budgets: setup
	$(CARGO) bench --locked $(if $(filter dev,$(PROFILE)),--profile dev) --bench budgets

load: setup
	$(CARGO) bench --locked --bench load

soak: setup
	SCENES=soak $(CARGO) bench --locked --bench load

rubric:
	$(CARGO) build --locked
	@set -e; for locale in en_GB ar de_DE es_ES fa fr_FR nl_NL; do \
		for lesson in basics impostor question; do \
			$(CARGO) run --locked --quiet -- lesson rubric $$lesson --locale $$locale; \
		done; \
	done

fuzz:
	@$(CARGO) +nightly fuzz --version >/dev/null 2>&1 || { \
		echo 'make fuzz needs a nightly toolchain and cargo-fuzz:'; \
		echo '    rustup toolchain install nightly && cargo install cargo-fuzz'; exit 1; }
	for target in $(FUZZ_TARGETS); do \
		mkdir -p crates/otr/fuzz/target/found/$$target && \
		$(CARGO) +nightly fuzz run --fuzz-dir crates/otr/fuzz $$target \
			crates/otr/fuzz/target/found/$$target crates/otr/fuzz/corpus/$$target -- \
			-max_total_time=$(SECONDS) -rss_limit_mb=2048 -timeout=25 || exit 1; \
	done

CT = crates/otr/ct
# With the processor's instructions for AES, and without.
CT_CHECK = valgrind --quiet --error-limit=no --error-exitcode=1 target/ct
ct:
	@tests/setup.sh ct
	$(CARGO) build --locked --release --manifest-path $(CT)/Cargo.toml --target-dir target/ct/native
	RUSTFLAGS='--cfg aes_backend="soft"' $(CARGO) build --locked --release \
		--manifest-path $(CT)/Cargo.toml --target-dir target/ct/soft
	@for way in branch address engine; do \
		echo "ct: memcheck must complain of the leak by $$way"; \
		valgrind --quiet --error-limit=no --log-file=/dev/null \
			target/ct/native/release/otr-ct leak $$way || exit 1; \
	done
	$(CT_CHECK)/native/release/otr-ct check
	$(CT_CHECK)/soft/release/otr-ct check

reference: setup
	$(CARGO) test --locked -p otr --features reference

GENERATED = packaging/generated
# The program in the package: `make test-deb PROFILE=dev` takes the one that the tests have built.
PROFILE ?= release
BUILT = target/$(if $(filter dev,$(PROFILE)),debug,$(PROFILE))/otrbot

deb:
	@tests/setup.sh deb
	$(CARGO) build --locked --bin otrbot --profile $(PROFILE)
	rm -rf $(GENERATED)
	mkdir -p $(GENERATED)
	$(BUILT) man --output $(GENERATED)/man
	$(BUILT) completions bash >$(GENERATED)/otrbot.bash
	$(BUILT) completions zsh >$(GENERATED)/_otrbot
	$(BUILT) completions fish >$(GENERATED)/otrbot.fish
	@# The tables for debuggers, which are larger than the program, go into a package of their own.
	PATH="$(CURDIR)/target/tools/bin:$$PATH" $(CARGO) deb --no-build --locked --quiet \
		--dbgsym --profile $(PROFILE)

test-deb: deb
	packaging/test-deb.sh
