# SPDX-License-Identifier: Apache-2.0
#
#   make          build the module and its command; installs what is missing first, as root or through sudo. The page that
#                 shows the API to browsers as well, where there is npm
#   make reference  that page for sure: installs npm
#   make run      a private PostgreSQL cluster, two demo tenants and httpd on 127.0.0.1:8080 and :8443
#   make stop     stop them; `make run` starts them again with the same data
#   make clean    stop them and remove everything that was built or made
#   make test     all tests, under one prove; TESTS="t/api t/smoke.t ..." only these
#   make test-scale  several web nodes, HAProxy, PgBouncer, a PostgreSQL with a standby: what may happen to them
#   make asan     the tests with AddressSanitizer and UndefinedBehaviorSanitizer; make tsan with ThreadSanitizer
#   make coverage which lines of the module the tests run: build/coverage/index.html
#   make schema   sql/schema.sql, what the Sqitch changes deploy
#   make debug    a build for gdb; make compile_commands.json for language servers
#   make bench    how fast it is: seeds 1,000 tenants, measures, prints a table; leaves its servers running until make stop
#   make lint     the compiler's warnings, the format, the walls between the rooms, the scripts, the documents' links
#   make fuzz     the parsers under libFuzzer, SECONDS (300) each
#   make dist     a release, build/mod_tenant-VERSION.tar.gz, with the reference page
#   make deb      Debian packages of such a release, in build/deb, looked at by lintian
#   make test-deb that package in a fresh Debian 12 by debootstrap, through tenantctl setup to an answer; as root
#   make install  module, header, .load and .conf, tenantctl, reference page, Sqitch project; enables nothing (DESTDIR)
#
# What takes more than a line is a script in tools/.

# One line for each file; V=1 shows the whole commands.
quiet = $(if $(V),,@)
say = @$(if $(V),:,echo)

.DELETE_ON_ERROR:
.SUFFIXES:
.PHONY: all page reference dist deb test-deb units made run stop clean test test-scale asan tsan debug coverage schema bench lint fuzz install FORCE

MODULE = build/mod_tenant.so
COMMAND = build/tenantctl
REFERENCE = build/reference

all: $(MODULE) $(COMMAND) page

# The flags of this machine. Making this file installs what the build needs, so nothing that builds goes
# without it; what only stops or removes does.
ifneq ($(filter-out stop clean,$(or $(MAKECMDGOALS),all)),)
include build/config.mk
endif

build/config.mk: tools/configure tools/packages
	@tools/install-packages build
	@mkdir -p $(@D)
	@tools/configure >$@

# --- Objects ---------------------------------------------------------------------------------------------

CFLAGS = $(HTTPD_CFLAGS) -std=gnu11 -fPIC -Wall -Wextra -Wshadow -Wconversion -Werror \
    -MMD -MP -Ibuild $(APR_HEADERS) $(ROOM_HEADERS) $(CFLAGS_$(BUILD)) $(EXTRA_CFLAGS)
LDFLAGS = $(HTTPD_LDFLAGS) $(LDFLAGS_$(BUILD)) $(EXTRA_LDFLAGS)

# Other builds, for who looks for a fault: make debug, asan, tsan, coverage; or BUILD=debug with any target.
CFLAGS_debug = -O0 -g3
CFLAGS_asan = -O1 -g $(LDFLAGS_asan) -fno-omit-frame-pointer
LDFLAGS_asan = -fsanitize=address,undefined -fno-sanitize-recover=all
CFLAGS_tsan = -O1 -g $(LDFLAGS_tsan) -fno-omit-frame-pointer
LDFLAGS_tsan = -fsanitize=thread
CFLAGS_coverage = -O0 -g $(LDFLAGS_coverage)
LDFLAGS_coverage = --coverage

object = $(patsubst mod_tenant/%.c,build/obj/%.o,$(1))

COMMAND_SOURCES := $(wildcard mod_tenant/tenantctl/*.c) mod_tenant/store/console.c
SOURCES := $(sort $(filter-out $(COMMAND_SOURCES),$(wildcard mod_tenant/*.c mod_tenant/*/*.c)))
OBJECTS := $(call object,$(SOURCES))
COMMAND_OBJECTS := $(call object,$(COMMAND_SOURCES))
SECRET := $(call object,$(wildcard mod_tenant/secret/*.c) mod_tenant/problem.c mod_tenant/text.c)
JSON := $(call object,$(wildcard mod_tenant/json/*.c))
FIGURES := $(call object,$(wildcard mod_tenant/metrics/*.c))

# SQL that is C's by a header.
SQL_SOURCES := $(wildcard mod_tenant/*/*.sql)
SQL_HEADERS := $(patsubst %.sql,build/%_sql.h,$(notdir $(SQL_SOURCES)))
vpath %.sql $(sort $(dir $(SQL_SOURCES)))

# A room sees the headers that it may know, and no others.
$(OBJECTS): ROOM_HEADERS = $(HTTPD_HEADERS)
$(SECRET) $(JSON) $(FIGURES): ROOM_HEADERS =
$(filter build/obj/store/%,$(OBJECTS)): ROOM_HEADERS = $(HTTPD_HEADERS) $(LIBPQ_HEADERS)
$(COMMAND_OBJECTS): ROOM_HEADERS = -DHTTPD_MODULES='"$(LIBEXECDIR)"'
build/obj/tenantctl/delivery.o build/obj/tenantctl/upstream.o: ROOM_HEADERS = $(CURL_HEADERS)
build/obj/store/console.o: ROOM_HEADERS = $(LIBPQ_HEADERS)

# Changes when the flags do.
build/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(CFLAGS_$(BUILD)) $(EXTRA_CFLAGS) $(EXTRA_LDFLAGS)' | cmp -s - $@ || \
	    echo '$(CFLAGS_$(BUILD)) $(EXTRA_CFLAGS) $(EXTRA_LDFLAGS)' >$@
FORCE:

build/obj/%.o: mod_tenant/%.c build/config.mk build/flags | build/schema.h $(SQL_HEADERS)
	@mkdir -p $(@D)
	$(say) CC $<
	$(quiet)$(CC) $(CFLAGS) -c -o $@ $<

build/schema.h: sql/sqitch.plan tools/schema-header
	@mkdir -p $(@D)
	@tools/schema-header $< >$@

$(SQL_HEADERS): build/%_sql.h: %.sql tools/sql-header
	@mkdir -p $(@D)
	@tools/sql-header $< >$@

# --- Programs --------------------------------------------------------------------------------------------

$(MODULE): $(OBJECTS) tools/exports.map tools/check-exports
	$(say) LD $@
	$(quiet)$(CC) -shared $(LDFLAGS) -Wl,--version-script=tools/exports.map -o $@ $(OBJECTS) $(MODULE_LIBS)
	@tools/check-exports $@ tenant_module

$(COMMAND): $(COMMAND_OBJECTS) build/librooms.a
	$(say) LD $@
	$(quiet)$(CC) $(LDFLAGS) -o $@ $^ $(APR_LIBS) $(MODULE_LIBS) $(CURL_LIBS)

# The page that shows the API to browsers; nothing else needs npm.
page:
	@tools/reference-page $(REFERENCE)

reference:
	@tools/install-packages reference
	@tools/reference-page $(REFERENCE) wanted

# A release: the tree as it was committed, and the page, so that who builds it needs no npm.
VERSION = $(shell sed -n 's/^.define TENANT_VERSION "\(.*\)"/\1/p' mod_tenant/version.h)
dist: RELEASE = mod_tenant-$(VERSION)
dist: reference
	@rm -rf build/dist
	@mkdir -p build/dist/$(RELEASE)/reference/built
	@git archive HEAD | tar -x -f - -C build/dist/$(RELEASE)
	@cp $(REFERENCE)/* build/dist/$(RELEASE)/reference/built
	@tar -c -z --owner=0 --group=0 -f build/$(RELEASE).tar.gz -C build/dist $(RELEASE)
	$(say) build/$(RELEASE).tar.gz

deb: dist
	@tools/install-packages deb
	@tools/deb build/mod_tenant-$(VERSION).tar.gz build/deb

test-deb: deb
	@tools/install-packages test-deb
	@tools/test-deb build/deb/libapache2-mod-tenant_*.deb

# What of the rooms needs no httpd: secrets, JSON, parsers, caches.
PARSERS := $(call object,$(patsubst %,mod_tenant/http/%.c,csv etag form formula gate media percent prefer query span) \
    $(patsubst %,mod_tenant/resource/%.c,bodies check cursor filter named page page_query resource resources route scalar sql sql_create sql_list sql_text) \
    $(patsubst %,mod_tenant/identity/%.c,attempts cache flight generations ledger logins table) \
    $(patsubst %,mod_tenant/store/%.c,conninfo group lasting row sqlstate statement) \
    $(patsubst %,mod_tenant/twilio/%.c,event members signature snapshot twiml upsert) mod_tenant/monitor/exposition.c mod_tenant/billing/billfile.c)

build/librooms.a: $(SECRET) $(JSON) $(FIGURES) $(PARSERS) Makefile
	@rm -f $@
	@$(AR) -crs $@ $(filter %.o,$^)

# The unit tests, and what other tests run: programs, and modules for httpd.
TEST_PROGRAMS = build/unit/resources build/unit/statements build/unit/unseal build/unit/verify
UNITS := $(patsubst t/unit/%_test.c,build/unit/%,$(wildcard t/unit/*_test.c)) $(TEST_PROGRAMS)
TEST_MODULES = build/mod_test_null.so build/mod_test_peer.so build/mod_test_tenant.so build/mod_test_clock.so build/mod_test_order.so

units: $(UNITS) $(TEST_MODULES) $(patsubst t/%.c,build/%.o,$(wildcard t/unit/*_fuzz.c))

build/unit/%: t/unit/%_test.c build/librooms.a build/config.mk build/flags
	@mkdir -p $(@D)
	$(say) CC $<
	$(quiet)$(CC) $(CFLAGS) -Imod_tenant $(LDFLAGS) -o $@ $< build/librooms.a $(APR_LIBS) $(MODULE_LIBS)

build/unit/cache build/unit/ledger build/unit/route: private ROOM_HEADERS = $(HTTPD_HEADERS)
build/unit/scalar: private ROOM_HEADERS = $(LIBPQ_HEADERS)
build/unit/batch: private ROOM_HEADERS = $(HTTPD_HEADERS)

$(TEST_PROGRAMS): build/unit/%: t/unit/%.c build/librooms.a build/config.mk build/flags
	@mkdir -p $(@D)
	$(say) CC $<
	$(quiet)$(CC) $(CFLAGS) -Imod_tenant $(LDFLAGS) -o $@ $< build/librooms.a $(APR_LIBS) $(MODULE_LIBS)

$(TEST_MODULES): private ROOM_HEADERS = $(HTTPD_HEADERS)
build/mod_test_order.so: t/c-modules/order/mod_test_order.c
build/mod_test_clock.so: t/c-modules/clock/mod_test_clock.c
build/mod_test_null.so: t/c-modules/null/mod_test_null.c
build/mod_test_peer.so: t/c-modules/peer/mod_test_peer.c
build/mod_test_tenant.so: t/c-modules/tenant/mod_test_tenant.c mod_tenant/mod_tenant.h
$(TEST_MODULES): build/config.mk build/flags
	$(say) CC $(filter %.c,$^)
	$(quiet)$(CC) -shared $(CFLAGS) -Imod_tenant $(LDFLAGS) -o $@ $(filter %.c,$^)

# Fuzzers: compiled with the other tests, so that they keep up with what they test; made and run by `make fuzz`,
# which needs clang.
FUZZERS := $(patsubst t/unit/%_fuzz.c,build/fuzz/%,$(wildcard t/unit/*_fuzz.c))
SECONDS = 300

build/unit/%_fuzz.o: t/unit/%_fuzz.c build/config.mk build/flags
	@mkdir -p $(@D)
	$(say) CC $<
	$(quiet)$(CC) $(CFLAGS) -c -o $@ $<

build/fuzz/%: t/unit/%_fuzz.c $(patsubst build/obj/%.o,mod_tenant/%.c,$(SECRET) $(JSON) $(PARSERS))
	@tools/install-packages fuzz
	@mkdir -p $@.corpus
	$(say) CLANG $<
	$(quiet)clang $(filter-out -MMD -MP,$(CFLAGS)) $(HTTPD_HEADERS) $(LIBPQ_HEADERS) \
	    -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -o $@ $^ $(APR_LIBS) $(MODULE_LIBS)

fuzz: $(FUZZERS)
	$(foreach fuzzer,$^,$(fuzzer) -max_total_time=$(SECONDS) $(fuzzer).corpus &&) :

-include $(patsubst %.o,%.d,$(OBJECTS) $(COMMAND_OBJECTS)) $(UNITS:=.d) $(wildcard build/unit/*_fuzz.d)

# --- Running, testing, installing ------------------------------------------------------------------------

run: all
	@tools/install-packages run
	@tools/demo start

stop:
	@t/bench/site stop
	@tools/demo stop

clean:
	@t/bench/site clean
	@tools/demo clean
	rm -rf build */node_modules $(addprefix t/,*/node_modules logs state htdocs conf/apache_test_config.pm \
	    conf/extra.conf conf/httpd.conf conf/mime.types)

# What a run needs is made by as many compilers as there are processors, unless make was told how many.
test test-scale: made
made: FORCE
	@$(MAKE) --no-print-directory $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc)) $(MODULE) $(COMMAND) units

test:
	@tools/install-packages run test reference
	@tools/reference-page $(REFERENCE)
	@TENANT_TEST_BUILD=$(BUILD) tools/test $(TESTS)

# Many minutes. TENANT_SCALE_EVENT=PATTERN runs some of it.
test-scale:
	@tools/install-packages run test scale
	@TENANT_TEST_JOBS=1 tools/test $(or $(TESTS),t/scale)

# The suite, or TESTS, with every program of ours built that way.
asan tsan:
	@$(MAKE) --no-print-directory test BUILD=$@

debug:
	@$(MAKE) --no-print-directory all BUILD=$@

coverage:
	@tools/install-packages coverage
	@tools/coverage $(TESTS)

# The schema as it stands, for reading.
schema: build/config.mk
	@tools/install-packages run
	@tools/schema make

# What language servers and linters read.
compile_commands.json: FORCE build/config.mk
	@$(MAKE) --no-print-directory -n -B V=1 all units | tools/compile-commands >$@

bench: $(MODULE) $(COMMAND) build/mod_test_null.so
	@tools/install-packages run bench
	@t/bench/bench

lint: $(MODULE) $(COMMAND) units
	@tools/install-packages run test lint
	@tools/lint

MODULES = $(DESTDIR)$(LIBEXECDIR)
HEADERS = $(DESTDIR)$(INCLUDEDIR)
AVAILABLE = $(DESTDIR)$(SYSCONFDIR)/mods-available
SHARED = $(DESTDIR)/usr/share/mod_tenant
MANUAL = $(DESTDIR)/usr/share/man/man8

install: all
	install -d $(MODULES) $(HEADERS) $(AVAILABLE) $(DESTDIR)/usr/bin $(DESTDIR)/usr/lib/mod_tenant $(SHARED)/sql $(SHARED)/reference $(MANUAL)
	install -m 644 $(MODULE) $(MODULES)
	install -m 644 mod_tenant/mod_tenant.h $(HEADERS)
	install -m 644 conf/tenant.load $(AVAILABLE)
	[ -e $(AVAILABLE)/tenant.conf ] || install -m 644 conf/tenant.conf $(AVAILABLE)
	install -m 755 $(COMMAND) $(DESTDIR)/usr/bin
	install -m 755 mod_tenant/tenantctl/setup.pl $(DESTDIR)/usr/lib/mod_tenant/tenantctl-setup
	install -m 644 mod_tenant/tenantctl/SetupPrograms.pm $(DESTDIR)/usr/lib/mod_tenant
	install -m 644 conf/site.conf conf/apache2-tenant.conf $(SHARED)
	install -m 644 man/tenantctl.8 $(MANUAL)
	[ ! -d $(REFERENCE) ] || install -m 644 $(REFERENCE)/* $(SHARED)/reference
	install -m 644 conf/grafana.json conf/prometheus-rules.yml $(SHARED)
	cp -R sql/. $(SHARED)/sql
	chmod -R u=rwX,go=rX $(SHARED)/sql
