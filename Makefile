# What a newcomer needs: `make run` shows the product, `make test` proves it.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:

LISTEN ?= 127.0.0.1:8080
DATA ?= ./data
CARGO ?= cargo

FUZZ_SECONDS ?= 300
# A folder of tests/fixtures
FIXTURE ?= $(shell date +%F)

.PHONY: run test web e2e oracle check bench bench-web guide-pictures fixtures simulate fuzz tools web-tools debian-wasm test-tools help

help: ## What there is to make
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

run: tools web ## Build, load the demo county into ./data, and serve it
	$(CARGO) build --package ruhu
	./target/debug/ruhu demo load --data $(DATA)
	@echo "  the console: http://$(LISTEN)/console/    the tablet's app: http://$(LISTEN)/tablet/    an enrolment code:"
	@echo -n "    "; ./target/debug/ruhu device enrol cadre --data $(DATA)
	@echo
	./target/debug/ruhu serve --data $(DATA) --listen $(LISTEN)

test: tools test-tools web ## Every test, on SQLite and PostgreSQL, on a folder and S3, and in a browser
	$(CARGO) build --workspace --all-targets
	INSTA_UPDATE=no $(CARGO) test --workspace --no-fail-fast
	npm test --silent --prefix web
	npm run e2e --silent --prefix web
	$(MAKE) oracle

web: tools web-tools ## The tablet's app, in web/dist, which the server carries
	web/build-engine.sh
	npm ci --silent --prefix web
	npm run build --silent --prefix web

e2e: web ## The app in a real browser, with a real server; pictures of its screens in web/e2e/shots
	$(CARGO) build --package ruhu
	npm run e2e --silent --prefix web

fixtures: web ## What later builds are to open, made by this one: tests/fixtures
	$(CARGO) build --package ruhu --package tablets
	cd web && FIXTURE=$(FIXTURE) npx playwright test --config playwright.earlier.config.ts

ORACLE_FORMS ?= 200
# JavaRosa, the engine of ODK Collect, is in here.
ODK_VALIDATE = target/oracle/pyxform/validators/odk_validate/bin/ODK_Validate.jar
oracle: tools web-tools $(ODK_VALIDATE) ## The form engine against ODK's own, those of browsers and of Collect: random forms and answers, and the forms of the tests
	$(call install,javac=default-jdk-headless)
	$(CARGO) build --workspace --bin ruhu
	npm ci --silent --prefix web/e2e/forms-oracle
	TZ=Asia/Shanghai node web/e2e/forms-oracle/run.mjs ./target/debug/ruhu --forms $(ORACLE_FORMS) \
	  --javarosa $(ODK_VALIDATE) mobile-schema/tests/forms/*.md packs/*/forms/*.md \
	  $(filter-out $(TOLD_ONLY),$(wildcard mobile-schema/tests/faults/*.md)) mobile-schema/tests/faults/*.xml

# What these do in other engines is theirs: here they are told of when they are checked.
TOLD_ONLY = $(addprefix mobile-schema/tests/faults/,07-search.md 08-select-multiple-from-a-repeat.md 09-column-that-is-not-there.md)

$(ODK_VALIDATE): web/e2e/forms-oracle/requirements.txt
	$(call install,pip3=python3-pip)
	pip3 download --quiet --no-deps --require-hashes --dest target/oracle --requirement $<
	python3 -m zipfile -e target/oracle/pyxform-*.whl target/oracle
	touch $@

check: tools ## Formatting and lints, warnings denied
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- --deny warnings
	@if command -v cargo-deny >/dev/null; then $(CARGO) deny check; \
	else echo "cargo-deny is not installed; licences and advisories were not checked"; fi

bench: tools test-tools ## Measure, and print the tables of docs/benchmarks.md
	$(CARGO) bench --package bench
	$(CARGO) bench --package mobile-schema --features workbooks
	$(CARGO) run --release --package bench

bench-web: web test-tools ## What the tablet's app costs in a browser: bytes, waiting, memory
	$(CARGO) build --package ruhu
	cd web && npx playwright test --config playwright.bench.config.ts

guide-pictures: web test-tools ## The pictures of the guides, as the walks see the screens now
	$(CARGO) build --package ruhu
	cd web && npx playwright test console/screens tablet/screens && node e2e/guide-pictures.mjs

simulate: tools ## The protocol under every fault: 20,000 stories, and every known bug switched on
	$(CARGO) run --release --package simulation -- --seeds 20000
	$(CARGO) run --release --package simulation -- --mutants --seeds 40000

fuzz: tools ## Each fuzz target under libFuzzer for FUZZ_SECONDS, going on from its last finds
	@command -v cargo-fuzz >/dev/null || $(CARGO) install cargo-fuzz --locked
	for target in messages canonical uploads cursors merge expressions forms photos receipts; do \
	  mkdir -p tests/fuzz/libfuzzer/corpus/$$target; \
	  RUSTC_BOOTSTRAP=1 $(CARGO) fuzz run --fuzz-dir tests/fuzz/libfuzzer --sanitizer none $$target \
	    tests/fuzz/libfuzzer/corpus/$$target tests/fuzz/corpus/$$target -- -max_total_time=$(FUZZ_SECONDS) -max_len=65536; \
	done

# Installs what is missing where that is allowed, and names the exact command where it is not.
define install
	@missing=""; \
	for pair in $(1); do \
	  what=$${pair%%=*}; package=$${pair#*=}; \
	  case $$what in \
	    */*) [ -e $$what ] || ls $$what >/dev/null 2>&1 || missing="$$missing $$package" ;; \
	    *) command -v $$what >/dev/null || missing="$$missing $$package" ;; \
	  esac; \
	done; \
	if [ -n "$$missing" ]; then \
	  if [ "$$(id -u)" = 0 ]; then \
	    apt-get update -qq; DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $$missing; \
	  elif sudo -n true 2>/dev/null; then \
	    sudo apt-get update -qq; sudo DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $$missing; \
	  else \
	    echo "Please run: sudo apt-get install$$missing"; exit 1; \
	  fi; \
	fi
endef

tools:
	@command -v $(CARGO) >/dev/null || { \
	  echo "Rust $$(sed -n 's/^channel = "\(.*\)"/\1/p' rust-toolchain.toml) is needed."; \
	  echo "Debian 13 and Ubuntu 24.04 or newer: sudo apt-get install rustup"; \
	  echo "Otherwise install rustup as its site says. It then fetches the right toolchain itself."; \
	  exit 1; }
	$(call install,cc=gcc /usr/include/postgresql/libpq-fe.h=libpq-dev pkg-config=pkg-config)

# Node.js, and Rust's library for WebAssembly: the toolchain's own, or Debian's.
web-tools:
	$(call install,node=nodejs npm=npm)
	@node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' || { \
	  echo "Node.js $$(node --version) is too old for the web app: 20.19 or newer is needed."; \
	  echo "Debian 13 and Ubuntu 25.04 have it; elsewhere install it as its site says."; \
	  exit 1; }
	@[ -d "$$(rustc --print sysroot)/lib/rustlib/wasm32-unknown-unknown" ] || \
	  $(MAKE) --no-print-directory debian-wasm

debian-wasm:
	$(call install,/usr/bin/rustc=rustc-web /usr/src/rustc-*/library/std=rust-web-src)

test-tools:
	$(call install,/usr/bin/chromium=chromium certutil=libnss3-tools /usr/lib/postgresql/*/bin/initdb=postgresql /usr/bin/python3=python3 \
	  /usr/lib/python3/dist-packages/cbor2=python3-cbor2 \
	  /usr/lib/python3/dist-packages/zstandard=python3-zstandard)
