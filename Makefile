# Makefile for developers of sockopt.  Users need none of it: the command
# M-x sockopt-module-compile builds the module.
#
# SPDX-License-Identifier: GPL-3.0-or-later

EMACS = emacs
CFLAGS = -O2 -g
# Set these for `make demo'; empty means a server of our own.
HOST =
PORT =
# Where `make install' puts the Lisp files and the module.
prefix = /usr/local
lispdir = $(prefix)/share/emacs/site-lisp
infodir = $(prefix)/share/info
DESTDIR =
# An ERT selector: make check SELECTOR='"^sockopt-get"'
SELECTOR = t
# A regular expression: make mutants ONLY=connect.c
ONLY =
# Empty means that npm fetches it.
ZIG =
# Whether `make matrix' keeps what it made, and which Emacs it tries.
KEEP =
ENTRIES =

BATCH = $(EMACS) -Q --batch
STD = -std=gnu11 -pthread
WARNINGS = -Wall -Wextra -Wconversion -Wsign-conversion -Wshadow \
	   -Wmissing-prototypes
SUFFIX := $(if $(filter Darwin,$(shell uname -s)),dylib,so)

MODULE = lisp/sockopt-module.$(SUFFIX)
MODULE_C := $(sort $(wildcard module/*/*.c))
MODULE_H := $(sort $(wildcard module/*/*.h))
LISP := $(sort $(wildcard lisp/*.el))
CHECK_C := $(sort $(wildcard test/check/*.c))
CHECK_H := $(sort $(wildcard test/check/*.h))
FUZZ_C := $(sort $(wildcard test/fuzz/*.c))
FAULTS_C := $(sort $(wildcard test/faults/*.c))
FAULTS_H := $(sort $(wildcard test/faults/*.h))
FUZZ_TIME ?= 20
FUZZ ?= 20000
FAULTS ?= 20
SOAK ?= 10
ABORTS ?= 20
WIRE_C := $(sort $(wildcard test/wire/*.c))
WIRE := $(sort $(wildcard test/wire/*-tests.el))
TEST_LISP := $(sort $(wildcard test/*.el test/recipes/*.el test/wire/*.el \
				 test/faults/*.el))
BENCH_LISP := $(sort $(wildcard test/bench/*.el))
BENCH_C := $(sort $(wildcard test/bench/*.c))
ERT := $(sort $(wildcard test/*-tests.el))

# It stands in one place, where Emacs wants it.
VERSION := $(shell sed -n 's/^;; Version: //p' lisp/sockopt.el)
DIST = build/sockopt-$(VERSION)
MANUAL = doc/sockopt.org
INFO = build/sockopt.info

# What the C tests can reach: the floors that know nothing of Emacs.
BARE_C := $(filter-out module/emacs/%,$(MODULE_C))

# Lisp compares this with the sources before it loads a module, and knows
# where emacs-module.h is.
STAMP = $(shell $(BATCH) --eval '(setq load-prefer-newer t)' \
	  -L lisp -l lisp/sockopt-build.el --eval '(princ sockopt--stamp)')
EMACS_INCLUDE = $(shell $(BATCH) -L lisp -l sockopt-build \
		  --eval '(princ (sockopt--header-directory))')

BUILD_CC = $(CC) $(STD) $(WARNINGS) $(CFLAGS)
MODULE_FLAGS = -fPIC -shared -fvisibility=hidden -Imodule \
	       -I"$(EMACS_INCLUDE)" \
	       -DSOCKOPT_STAMP='"$(STAMP)"'
# Debian's libcheck needs libsubunit; elsewhere pkg-config knows.
CHECK_LIBS = $(shell pkg-config --cflags --libs check 2>/dev/null \
	       || echo -lcheck -lsubunit -lm -lrt)

# A tool that is not there is an error, and says what to install.
need = @command -v $(1) >/dev/null \
	 || { echo "$(1) is missing: install the package $(2)"; exit 1; }

SANITIZE = -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined \
	   -fno-sanitize-recover=undefined
SANITIZED = build/sanitize/sockopt-module.$(SUFFIX)
REPORT = $(CURDIR)/build/sanitize/report
# The sanitizers must be in Emacs before the module is.  Leaks are looked
# for in the C tests alone, because Emacs itself leaks by design.
ASAN = exitcode=99:log_path=$(REPORT)
SANITIZED_EMACS = env \
  ASAN_OPTIONS=$(ASAN):detect_leaks=0:suppressions=$(CURDIR)/test/asan.supp \
  LD_PRELOAD=$(shell \
  $(CC) -print-file-name=libasan.so):$(shell \
  $(CC) -print-file-name=libubsan.so) $(EMACS)

all: module lisp		## Build the module, byte-compile the Lisp (default)

module: $(MODULE) lisp/sockopt-build.elc	## Build the module only

lisp: $(LISP:.el=.elc)		## Byte-compile the Lisp only

# Written only when something that goes into a module has changed, so that
# a removed source, another compiler or another Emacs counts as well.  A
# module that `sockopt-module-compile' built from other sources does, too.
# Another make may do the same side by side.
build/config: FORCE
	@mkdir -p build
	@{ echo '$(STAMP)'; echo '$(BUILD_CC) $(EMACS)'; \
	   $(EMACS) --version | head -n 1; } > $@.$$$$ \
	 && if cmp -s $@.$$$$ $@ && grep -qs '$(STAMP)' $(MODULE); \
	    then rm $@.$$$$; else mv $@.$$$$ $@; fi

# A running Emacs may have the old module mapped: never write into it.
$(MODULE): build/config
	@test -f "$(EMACS_INCLUDE)emacs-module.h" || { echo "No emacs-module.h:\
	 it comes with Emacs (Debian: emacs-common); or set EMACS_INCLUDE=DIR/"; \
	 exit 1; }
	$(BUILD_CC) $(MODULE_FLAGS) -o build/module.new $(MODULE_C) -lm
	mv build/module.new $@

# Each may use macros of the others, and byte code is not portable from a
# newer Emacs to an older one.
lisp/%.elc: lisp/%.el $(LISP) build/config
	$(BATCH) -L lisp --eval '(setq load-prefer-newer t)' \
	  -f batch-byte-compile $<

build/check: $(CHECK_C) $(CHECK_H) build/config
	$(BUILD_CC) -Imodule -o $@ $(CHECK_C) $(BARE_C) $(CHECK_LIBS)

demo: all			## Move data with all options set: make demo [HOST=... PORT=...]
	SOCKOPT_DEMO_HOST='$(HOST)' SOCKOPT_DEMO_PORT='$(PORT)' \
	  $(BATCH) -L lisp -l test/demo.el -f sockopt-demo

build/lowest.$(SUFFIX): test/lowest.c build/config
	$(BUILD_CC) -fPIC -shared -o $@ $<

# With CFLAGS=-DSOCKOPT_LOWEST the module does without what only Linux has,
# and Linux refuses what other systems refuse.
LOWEST := $(if $(findstring SOCKOPT_LOWEST,$(CFLAGS)),build/lowest.$(SUFFIX))

check: all build/check $(LOWEST)	## Run all tests, C and ERT: make check [SELECTOR=...]
	EMACS='$(EMACS)' MODULE=$(MODULE) SELECTOR='$(SELECTOR)' \
	  $(addprefix LD_PRELOAD=$(CURDIR)/,$(LOWEST)) \
	  test/run-tests build/results build/check $(ERT)

build/wire/%: test/wire/%.c build/config
	@mkdir -p $(@D)
	$(BUILD_CC) -o $@ $<

wire: all $(WIRE_C:test/%.c=build/%)	## Test what options do between two hosts (root, Linux): make wire [SELECTOR=...]
	EMACS='$(EMACS)' MODULE=$(MODULE) SELECTOR='$(SELECTOR)' \
	  test/run-tests build/wire-results - $(WIRE)

info: $(INFO)			## Make the manual for Info (needs makeinfo)

# The manual itself has all that goes into it: this needs no module.
$(INFO): $(MANUAL) test/export.el
	$(call need,makeinfo,texinfo)
	@mkdir -p $(@D)
	$(BATCH) -l test/export.el -f sockopt-export $(MANUAL) $(INFO:.info=.texi)
	makeinfo --no-split -o $@ $(INFO:.info=.texi)

# The manual for Info, where there is what makes it.
MAYBE_INFO := $(if $(shell command -v makeinfo >/dev/null \
		&& command -v install-info),$(INFO))

# As archives make packages: Lisp files flat, the manual and its entry of
# the directory of Info at the top, the news where describe-package looks.
# Readable to all, whatever the umask.
dist: $(MAYBE_INFO)		## Make the archive that package-install-file takes
	rm -rf $(DIST)
	mkdir -p $(DIST)/doc
	cp -R $(LISP) module README.org COPYING $(DIST)
	cp $(MANUAL) $(DIST)/doc
	cp NEWS $(DIST)/news
	$(if $(MAYBE_INFO),cp $(INFO) $(DIST) \
	  && install-info --dir-file=$(DIST)/dir $(DIST)/sockopt.info, \
	  @echo "No makeinfo or install-info: the archive is without the manual for Info")
	$(BATCH) -l package --visit lisp/sockopt.el --eval "\
	  (package-generate-description-file (package-buffer-info)\
	   \"$(CURDIR)/$(DIST)/sockopt-pkg.el\")"
	chmod -R u=rwX,go=rX $(DIST)
	cd build && tar -cf sockopt-$(VERSION).tar sockopt-$(VERSION)

install: all $(MAYBE_INFO)	## Install for all users: make install [prefix=... DESTDIR=...]
	umask 022 && mkdir -p "$(DESTDIR)$(lispdir)" "$(DESTDIR)$(infodir)"
	install -m 644 $(LISP) $(LISP:.el=.elc) "$(DESTDIR)$(lispdir)"
	install -m 755 $(MODULE) "$(DESTDIR)$(lispdir)"
	$(if $(MAYBE_INFO),install -m 644 $(INFO) "$(DESTDIR)$(infodir)" \
	  && umask 022 && install-info --info-dir="$(DESTDIR)$(infodir)" $(INFO), \
	  @echo "No makeinfo or install-info: installed without the manual for Info")

uninstall:			## Remove what that installed
	cd "$(DESTDIR)$(lispdir)" && rm -f $(notdir $(LISP) $(LISP:.el=.elc) $(MODULE))
	-test ! -f "$(DESTDIR)$(infodir)/sockopt.info" \
	  || install-info --delete --info-dir="$(DESTDIR)$(infodir)" \
	    "$(DESTDIR)$(infodir)/sockopt.info"
	rm -f "$(DESTDIR)$(infodir)/sockopt.info"

install-routes:			## Install it by each route, in an empty home
	EMACS='$(EMACS)' test/install-routes

core-tests: all			## Run Emacs' own tests with the mode off and on (fetched by apt)
	$(call need,gnutls-serv,gnutls-bin)
	$(call need,xz,xz-utils)
	EMACS='$(EMACS)' MODULE=$(MODULE) test/core-tests build/core-tests

build/bare: $(BENCH_C) build/config
	$(BUILD_CC) -Imodule -o $@ $(BENCH_C) $(BARE_C) -lm

test/bench/%.elc: test/bench/%.el $(LISP) build/config
	$(BATCH) -L lisp -L test -L test/bench \
	  --eval '(setq load-prefer-newer t)' -f batch-byte-compile $<

bench: all build/bare $(BENCH_LISP:.el=.elc)	## Compare the speed with core's, C's and Python's
	$(BATCH) -L lisp -L test -L test/bench -l bench -f sockopt-bench build/bare $(LISP)

$(SANITIZED): build/config
	@mkdir -p $(@D)
	$(BUILD_CC) $(SANITIZE) $(MODULE_FLAGS) -o $@ $(MODULE_C) -lm

build/sanitize/check: $(CHECK_C) $(CHECK_H) build/config
	@mkdir -p $(@D)
	$(BUILD_CC) $(SANITIZE) -Imodule -o $@ $(CHECK_C) $(BARE_C) \
	  $(CHECK_LIBS)

# Valgrind takes too long where each test is a process.  In one process a
# test may fail for what another has left, status 1: that was tried before.
sanitize: all build/check build/sanitize/check $(SANITIZED)	## Run all tests under ASan and UBSan, the C tests under valgrind too
	$(call need,valgrind,valgrind)
	rm -f $(REPORT).*
	EMACS='$(SANITIZED_EMACS)' ASAN_OPTIONS='$(ASAN):detect_leaks=1' \
	  UBSAN_OPTIONS='print_stacktrace=1:$(ASAN)' \
	  REPORT='$(REPORT)' MODULE=$(SANITIZED) SELECTOR='$(SELECTOR)' \
	  test/run-tests build/sanitize/results build/sanitize/check $(ERT)
	sed -n 's/^Running suite(s): //p; s/^ \(.*\)/\1/p' \
	  build/sanitize/results/c.log \
	  | xargs -P 3 -d '\n' -I '{}' sh -c 'CK_FORK=no CK_RUN_SUITE="$$1" \
	      timeout 240 valgrind -q --leak-check=full --error-exitcode=99 \
	        build/check || [ $$? = 1 ]' sh '{}'

build/tsan: $(CHECK_C) $(CHECK_H) build/config
	$(BUILD_CC) -O1 -fsanitize=thread -Imodule -o $@ $(CHECK_C) $(BARE_C) \
	  $(CHECK_LIBS)

# The suites of what threads do.  Its memory must not be laid out at random.
TSAN_SUITES = linger lookup pool patience racers connect attempt mute job \
	      "job end" watch
tsan: build/tsan		## Run the C tests of what threads do under TSan
	$(call need,setarch,util-linux)
	printf '%s\n' $(TSAN_SUITES) \
	  | TSAN_OPTIONS='exitcode=66:suppressions=$(CURDIR)/test/tsan.supp' \
	    xargs -P 4 -d '\n' -I '{}' env CK_RUN_SUITE='{}' \
	      timeout 120 setarch -R build/tsan

build/fuzz: $(FUZZ_C) $(MODULE_H) $(BARE_C) build/config
	$(call need,clang,clang)
	clang $(STD) -g -O1 -pthread -Imodule \
	  -fsanitize=fuzzer,address,undefined \
	  -fno-sanitize-recover=undefined -o $@ $(FUZZ_C) $(BARE_C) -lm

# 20 seconds, and tries by the thousand, find what is easily found.
fuzz: all build/fuzz		## Try odd bytes, values, rules and arguments: make fuzz [FUZZ_TIME=600 FUZZ=100000]
	@mkdir -p build/corpus build/home
	build/fuzz -max_total_time=$(FUZZ_TIME) -max_len=400 -timeout=10 \
	  -artifact_prefix=build/ -print_final_stats=1 build/corpus
	FUZZ=$(FUZZ) HOME='$(CURDIR)/build/home' \
	  $(BATCH) --module-assertions -L lisp -L test \
	  -l test/fuzz-tests.el -f ert-run-tests-batch-and-exit

FAULTY = build/faults/sockopt-module.$(SUFFIX)
FAULTY_C = test/faults/faults-module.c test/faults/faults.c
FAULTY_BARE_C = $(filter-out test/faults/faults-module.c,$(FAULTS_C))
# The calls that are made fail, and what else the module may call.
FAULT_CALLS = $(shell sed -n 's/^FAULT[A-Z_]* .\([a-z0-9_]*\),.*/\1/p' \
		test/faults/calls.h)
HARMLESS = $(shell sed -n 's/^ *HARMLESS: \([^*]*\).*/\1/p' \
	     test/faults/calls.h)
comma = ,
WRAP_CALLS = $(patsubst %,-Wl$(comma)--wrap=%,free $(FAULT_CALLS))

# With an entry of its own around the module's, and all its calls wrapped.
$(FAULTY): $(MODULE) $(FAULTY_C) $(FAULTS_H) build/config
	@mkdir -p $(@D)
	$(BUILD_CC) $(MODULE_FLAGS) \
	  -Demacs_module_init=sockopt_module_init -c \
	  module/emacs/sockopt-module.c -o build/faults/entry.o
	$(BUILD_CC) $(MODULE_FLAGS) -o $@ build/faults/entry.o $(FAULTY_C) \
	  $(filter-out module/emacs/sockopt-module.c,$(MODULE_C)) -lm \
	  $(WRAP_CALLS)
	@nm -D --undefined-only $(MODULE) | sed 's/.* U //; s/@.*//' \
	  | grep -vE '^ *[w_]|^__' >build/faults/calls
	@missing=$$(printf '%s\n' $(FAULT_CALLS) $(HARMLESS) \
	  | grep -vxFf - build/faults/calls) \
	  && { echo "not in test/faults/calls.h:" $$missing; exit 1; } || true

# Without Emacs, the sanitizers see what is done with memory.
build/faults/bare: $(FAULTY_BARE_C) $(FAULTS_H) build/config
	@mkdir -p $(@D)
	$(BUILD_CC) $(SANITIZE) -Imodule -o $@ $(FAULTY_BARE_C) $(BARE_C) -lm \
	  $(WRAP_CALLS)

# In Emacs one in twenty, or with FAULTS=1 all of them, which takes minutes.
faults: all $(FAULTY) build/faults/bare	## Have each system call fail in each way it can: make faults [FAULTS=1]
	@mkdir -p build/home
	timeout 900 build/faults/bare
	FAULTS=$(FAULTS) HOME='$(CURDIR)/build/home' timeout 1800 $(BATCH) -L build/faults \
	  -L lisp -L test -l test/faults/faults.el -f faults-run

soak: all			## Do much for long, and see that nothing grows: make soak [SOAK=1]
	@mkdir -p build/home
	SOAK=$(SOAK) HOME='$(CURDIR)/build/home' timeout 900 $(BATCH) -L lisp \
	  -L test -l test/soak.el -f soak-run

aborts: all			## Count how often Lisp threads make Emacs abort, core's and ours: make aborts [ABORTS=200]
	EMACS='$(EMACS)' test/thread-aborts $(ABORTS)

mutants:			## Make mistakes, one at a time, that tests must notice: make mutants [ONLY=REGEXP]
	EMACS='$(EMACS)' CC='$(CC)' ONLY='$(ONLY)' \
	  test/mutants build/mutants test/mutants.list

portability:			## Build for macOS, the BSDs and musl with zig (fetched by npm): make portability [ZIG=...]
	CC_OPTIONS='$(STD) $(WARNINGS) -O2 -Imodule' INCLUDE='$(EMACS_INCLUDE)' \
	  ZIG='$(ZIG)' test/portability build/portability $(MODULE_C)

architectures:			## Run the C tests for big-endian s390x and for arm64, by qemu
	test/foreign-architectures build/architectures $(STD) -Wall -O1 \
	  -Imodule $(CHECK_C) $(BARE_C)

matrix:				## Run all tests with each Emacs of Debian, as root: make matrix [KEEP=yes ENTRIES="sid:amd64:emacs-nox"]
	KEEP='$(KEEP)' test/emacs-matrix build/matrix $(ENTRIES)

LINT_C = $(MODULE_C) $(CHECK_C) $(BENCH_C) $(FUZZ_C) $(FAULTS_C) $(WIRE_C) \
	 test/lowest.c
LINT_FLAGS := $(STD) $(WARNINGS) -O2 -Imodule -DSOCKOPT_STAMP='"lint"'
# Two at a time: clang-tidy takes seconds for each file.
EACH_C = printf '%s\n' $(LINT_C) | xargs -P 2 -I '{}'

lint: lint-floors lint-mutants lint-c lint-tidy lint-lisp	## Complain about everything that linters complain about

# A floor knows itself and those beneath it, and the top floor alone Emacs.
lint-floors:
	! grep -nE '#include ["<](socket/|emacs)' module/option/*.[ch]
	! grep -nE '#include ["<]emacs' module/socket/*.[ch]
	! grep -nE '#include "' module/*/*.[ch] \
	  | grep -vE '#include "(option|socket|emacs)/[a-z-]+\.h"$$'

# What is to be mistaken must be there to be mistaken.
lint-mutants:
	test/mutants --check test/mutants.list

lint-c:
	$(call need,gcc,gcc)
	$(call need,clang,clang)
	$(call need,clang-format,clang-format)
	$(EACH_C) gcc $(LINT_FLAGS) -Werror -I"$(EMACS_INCLUDE)" -c -o /dev/null '{}'
	$(EACH_C) clang $(LINT_FLAGS) -Werror -I"$(EMACS_INCLUDE)" -c -o /dev/null '{}'
	clang-format --dry-run -Werror $(LINT_C) $(MODULE_H) $(CHECK_H) $(FAULTS_H)

lint-tidy:
	$(call need,clang-tidy,clang-tidy)
	$(EACH_C) clang-tidy --quiet '{}' -- $(LINT_FLAGS) -I"$(EMACS_INCLUDE)"

# Of what is compiled, as what each file announces is known then.
lint-lisp: lisp
	$(BATCH) -L lisp -L test -L test/bench -L test/wire -l test/lint.el -f sockopt-lint \
	  $(LISP) $(TEST_LISP) $(BENCH_LISP)

docs: all			## Write the generated parts of the manual
	$(BATCH) -L lisp -l test/docs.el -f sockopt-docs-write

pictures: all			## Take pictures of all buffers (needs Xvfb, xterm, ImageMagick)
	EMACS='$(EMACS)' test/pictures build/pictures

clean:				## Remove all that the other targets make
	rm -rf build $(MODULE) lisp/*.elc test/*.elc test/bench/*.elc test/wire/*.elc

help:				## List the targets
	@sed -n 's/^\([a-z][a-z-]*\):.*## /\1	/p' Makefile

FORCE:
.PHONY: all module lisp demo check wire aborts info dist install uninstall \
	install-routes core-tests bench sanitize tsan fuzz faults soak mutants \
	portability architectures matrix lint lint-floors lint-mutants lint-c lint-tidy lint-lisp docs \
	pictures clean help FORCE
.DELETE_ON_ERROR:
