# davscope: one Makefile, no configure, objects in build/ (BUILD=), V=1 shows commands.
# CC, CFLAGS, CPPFLAGS, LDFLAGS, PREFIX and DESTDIR are the user's; `make deps` installs libraries.

BUILD ?= build
PREFIX ?= /usr/local
# The program looks into /etc; a PREFIX of somebody's own keeps everything to itself.
SYSCONFDIR ?= $(if $(filter /usr /usr/local,$(PREFIX)),/etc,$(PREFIX)/etc)
# Where systemd looks: as it says itself, or below PREFIX, where it looks as well.
systemd_dir = $(or $(if $(filter /usr,$(PREFIX)),$(shell pkg-config --variable=$(1) systemd 2>/dev/null)),$(PREFIX)/lib/$(2))
UNITDIR ?= $(call systemd_dir,systemdsystemunitdir,systemd/system)
SYSUSERSDIR ?= $(call systemd_dir,sysusersdir,sysusers.d)
TMPFILESDIR ?= $(call systemd_dir,tmpfilesdir,tmpfiles.d)
DEMO_SAMPLE ?= samples/vdirsyncer-radicale.pcap

MAKEFLAGS += --no-builtin-rules
.DELETE_ON_ERROR:
.SUFFIXES:
Q := $(if $(V),,@)
say = @printf '  %-5s %s\n' $(1) $(2)

# ./davscope is the plain build; every variant keeps its own in its own BUILD.
PROGRAM := $(if $(filter build,$(BUILD)),davscope,$(BUILD)/davscope)
PLAYER := $(PROGRAM)-play
KEEPER := $(PROGRAM)-keeper
PRODUCT := $(sort $(wildcard base/*.c capture/*.c decode/*.c analysis/*.c rules/*.c report/*.c \
	cmd/*.c cmd/scrub/*.c cmd/monitor/*.c cmd/player/player.c play/*.c) \
	$(filter-out cmd/keeper/main.c,$(wildcard cmd/keeper/*.c)))
SHIPPED := $(sort $(wildcard rules/*.yaml analysis/*.yaml))
UNITS := $(patsubst %.c,$(BUILD)/%,$(sort $(wildcard tests/unit/test_*.c)))
# Here a file with a main is a program of its own; the others help them all.
TEST_SOURCES := $(sort $(wildcard tests/tool/*.c tests/prop/*.c tests/bench/*.c tests/machine/*.c \
	tests/play/*.c))
MAINS := $(if $(TEST_SOURCES),$(shell grep -l '^int main' $(TEST_SOURCES)))
TOOLS := $(patsubst %.c,$(BUILD)/%,$(MAINS))
HELPERS := $(patsubst %.c,$(BUILD)/%.o,$(filter-out $(MAINS),$(TEST_SOURCES)))
FUZZERS := $(patsubst %.c,$(BUILD)/%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
REPLAY := $(BUILD)/tests/fuzz/replay.o
OBJECTS := $(PRODUCT:%.c=$(BUILD)/%.o) $(BUILD)/rules/shipped.o $(BUILD)/analysis/shipped.o \
	$(BUILD)/decode/zones.o $(BUILD)/main.o $(BUILD)/cmd/player/main.o \
	$(BUILD)/cmd/keeper/main.o
# The program that writes decode/zones.c is built from these, without the user's flags.
ZONES := dist/zones.c decode/zone.c decode/vtimezone.c decode/content_line.c decode/object_time.c \
	base/arena.c base/bytes.c base/hash.c
LIBRARY := $(BUILD)/libdavscope.a
HELPER_LIBRARY := $(BUILD)/libtool.a

.PHONY: all test check-asan check-tsan fuzz bench bench-instructions lint campaign cover oracle bless install deps demo \
	clean man deb check-deb run-tests run-threads run-fuzz run-demo run-lint run-cover tools
all: $(PROGRAM) $(PLAYER) $(KEEPER)

# These first install what they lack, then start make again: what config.mk holds exists only then.
# With as many jobs as there are processors, unless the user gave -j.
AGAIN = $(MAKE) $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc 2>/dev/null || echo 2)) \
	--no-print-directory
test:
	@dist/deps.sh build test
	@+$(AGAIN) run-tests
demo:
	@dist/deps.sh build
	@+$(AGAIN) run-demo
lint:
	@dist/deps.sh build lint
	@+$(AGAIN) BUILD=build/lint run-lint
check-asan:
	@dist/deps.sh build test
	@+$(AGAIN) BUILD=build/asan SANITIZE=address,undefined run-tests
check-tsan:
	@dist/deps.sh build test
	@+$(AGAIN) BUILD=build/tsan SANITIZE=thread run-threads
fuzz:
	@dist/deps.sh build fuzz
	@+$(AGAIN) BUILD=build/fuzz CC=clang SANITIZE=fuzzer-no-link,address,undefined run-fuzz
cover:
	@dist/deps.sh build test
	@+$(AGAIN) BUILD=build/cover CFLAGS='-O0 --coverage -DDAVSCOPE_COVERAGE' LDFLAGS=--coverage run-cover
deps:
	@dist/deps.sh build test
# A Debian package of what git tracks, and its life in a bare system: SUITE, CHROOTS.
deb:
	@dist/deps.sh build deb
	@dist/deb.sh
check-deb: deb
	@dist/deps.sh check-deb
	@tests/tool/deb.sh $(SUITE) $(CHROOTS)
clean:
	rm -rf build davscope davscope-play davscope-keeper

# Everything below compiles and needs the compiler's and pkg-config's answers.
ALONE := test demo lint check-asan check-tsan fuzz cover deps deb check-deb clean
ifneq ($(filter-out $(ALONE),$(or $(MAKECMDGOALS),all)),)

# Other flags, other objects: all of them depend on the key, whose time moves only with its text.
KEY := $(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) $(SANITIZE)
ifneq ($(file <$(BUILD)/key),$(KEY))
$(shell mkdir -p $(BUILD))
$(file >$(BUILD)/key,$(KEY))
endif

# The same for the YAML files that are built in: their names move this time, not only their bytes.
ifneq ($(file <$(BUILD)/names),shipped: $(SHIPPED))
$(file >$(BUILD)/names,shipped: $(SHIPPED))
endif

# DEBUG HARDEN LINK_HARDEN LTO_COMPILE LTO_LINK PKG_CFLAGS PKG_LIBS, ICAL_CFLAGS ICAL_LIBS, LLHTTP_CFLAGS and
# LLHTTP_LIBS or LLHTTP_SOURCE
include $(BUILD)/config.mk
$(BUILD)/config.mk: $(BUILD)/key Makefile dist/config.sh
	@dist/deps.sh --check build
	$(call say,PROBE,$(CC))
	$(Q)CC='$(CC)' FLAGS='$(CPPFLAGS) $(CFLAGS)' SANITIZE='$(SANITIZE)' dist/config.sh >$@
$(BUILD)/key: ;
Makefile dist/config.sh: ;

OPTIMISE := -O3
OPTIMISE_TOOLS := -O2
# To optimise a unit test takes longer than to run it; warnings that follow values want that much.
OPTIMISE_UNITS := -O1
STANDARD := -std=c11 -D_GNU_SOURCE -I. $(OPTIMISE) $(DEBUG)
WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla
CONVERSION := -Wconversion -Wno-sign-conversion
SANITIZERS := $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-sanitize-recover=all \
	-fno-omit-frame-pointer)
COMPILE = $(CC) $(STANDARD) $(HARDEN) $(SANITIZERS) $(PKG_CFLAGS) $(LLHTTP_CFLAGS)
LINK = $(CC) -pie -Wl,--as-needed $(LINK_HARDEN) $(SANITIZERS) $(CFLAGS) $(LDFLAGS)
LIBS := $(PKG_LIBS) $(LLHTTP_LIBS) -lpthread
# One object; what the compiler says of it is shown, and stays beside it.
heard = $(COMPILE) $(LTO) $(WARN) -MMD -MP $(CPPFLAGS) $(CFLAGS) -c -o $@ $< 2>$(@:.o=.said); \
	code=$$?; cat $(@:.o=.said) >&2; exit $$code
LLHTTP_OBJECTS := $(if $(LLHTTP_SOURCE),$(addprefix $(BUILD)/llhttp/,llhttp.o http.o api.o))

ifeq ($(BUILD),build)
davscope davscope-play davscope-keeper: %: $(BUILD)/%
	$(Q)ln -f $< $@
endif

# Which libraries each of them loads, it says itself: --as-needed. Only the one that reads packets is
# optimised as a whole: that takes long, and the others wait for somebody most of the time.
$(BUILD)/davscope: $(BUILD)/main.o $(LIBRARY)
$(BUILD)/davscope-play: $(BUILD)/cmd/player/main.o $(LIBRARY)
$(BUILD)/davscope-keeper: $(BUILD)/cmd/keeper/main.o $(LIBRARY)
$(BUILD)/davscope: WHOLE = $(LTO_LINK)
$(BUILD)/davscope-play $(BUILD)/davscope-keeper: WHOLE = $(if $(LTO_LINK),-fno-lto)
$(BUILD)/davscope $(BUILD)/davscope-play $(BUILD)/davscope-keeper:
	$(call say,LINK,$@)
	$(Q)$(LINK) $(WHOLE) -o $@ $^ $(LIBS)

# Made anew each time, or objects of sources that are gone stay in; q, as base names repeat.
$(LIBRARY): $(filter-out %main.o,$(OBJECTS)) $(LLHTTP_OBJECTS)
$(HELPER_LIBRARY): $(HELPERS)
$(LIBRARY) $(HELPER_LIBRARY): $(BUILD)/key
	$(call say,AR,$@)
	$(Q)rm -f $@
	$(Q)$(AR) qcs $@ $(filter %.o,$^)

$(OBJECTS): WARN := $(WARNINGS) $(CONVERSION)
$(OBJECTS): LTO := $(LTO_COMPILE)
$(BUILD)/tests/%.o: WARN := $(WARNINGS) $(OPTIMISE_TOOLS)
$(BUILD)/tests/unit/%.o: WARN := $(WARNINGS) $(OPTIMISE_UNITS)
$(BUILD)/%.o: %.c $(BUILD)/key $(BUILD)/config.mk
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(heard)

$(BUILD)/names: ;
$(BUILD)/%/shipped.c: dist/embed.sh $(SHIPPED) $(BUILD)/names
	$(call say,EMBED,$@)
	$(Q)mkdir -p $(@D)
	$(Q)dist/embed.sh $(filter $*/%,$(SHIPPED)) >$@
$(BUILD)/dist/zones: $(ZONES) $(wildcard decode/*.h base/*.h) $(BUILD)/config.mk
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(STANDARD) $(WARNINGS) $(ICAL_CFLAGS) -o $@ $(ZONES) $(ICAL_LIBS)
$(BUILD)/decode/zones.c: $(BUILD)/dist/zones
	$(call say,ZONES,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$< >$@
$(BUILD)/rules/shipped.o $(BUILD)/analysis/shipped.o $(BUILD)/decode/zones.o: %.o: %.c $(BUILD)/key $(BUILD)/config.mk
	$(call say,CC,$<)
	$(Q)$(heard)

$(BUILD)/cmd/help.o: LTO += -DDAVSCOPE_LIBRARIES='"$(LIBRARIES)"'

# Not our code: no warnings of ours.
$(BUILD)/llhttp/%.o: $(LLHTTP_SOURCE)/%.c $(BUILD)/key $(BUILD)/config.mk
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(COMPILE) $(LTO_COMPILE) -w $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

# The allocation-failure tests stand between our objects and malloc.
$(BUILD)/tests/unit/test_alloc_%: WRAP := -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc
$(UNITS): LIBS += -lcmocka
$(UNITS) $(TOOLS): LIBS += -lbrotlienc
$(TOOLS): $(HELPER_LIBRARY)
$(UNITS) $(TOOLS): %: %.o $(LIBRARY)
	$(call say,LINK,$@)
	$(Q)$(LINK) $(if $(LTO_LINK),-fno-lto) $(WRAP) -o $@ $< $(filter $(HELPER_LIBRARY),$^) $(LIBRARY) $(LIBS)

# With libFuzzer, or with a main of our own that feeds the corpus.
FUZZER := $(findstring fuzzer,$(SANITIZE))
$(FUZZERS): $(BUILD)/tests/fuzz/%: $(BUILD)/tests/fuzz/%.o $(if $(FUZZER),,$(REPLAY)) $(HELPER_LIBRARY) $(LIBRARY)
	$(call say,LINK,$@)
	$(Q)$(LINK) $(if $(LTO_LINK),-fno-lto) $(if $(FUZZER),-fsanitize=fuzzer) -o $@ $^ $(LIBS)

-include $(OBJECTS:.o=.d) $(HELPERS:.o=.d) $(REPLAY:.o=.d) $(addsuffix .d,$(UNITS) $(TOOLS) $(FUZZERS))
.SECONDARY:

TESTABLE := $(PROGRAM) $(PLAYER) $(KEEPER) $(UNITS) $(TOOLS) $(FUZZERS)
RUN := BUILD=$(BUILD) DAVSCOPE=$(if $(filter /%,$(BUILD)),,./)$(PROGRAM) \
	MKPCAP=$(BUILD)/tests/tool/mkpcap
run-tests: $(TESTABLE)
	@$(RUN) tests/tool/run_tests.sh
run-threads: $(TESTABLE)
	@$(RUN) tests/tool/run_tests.sh --threads
run-fuzz: $(FUZZERS)
	@BUILD=$(BUILD) tests/fuzz/run.sh $(T)
run-cover: $(TESTABLE)
	@find $(BUILD) -name '*.gcda' -delete
	@code=0; $(RUN) tests/tool/run_tests.sh || code=1; tests/tool/cover.sh $(BUILD); exit $$code
run-lint:
	@BUILD=$(BUILD) CPPFLAGS='$(PKG_CFLAGS) $(ICAL_CFLAGS) $(LLHTTP_CFLAGS)' tests/tool/lint.sh
run-demo: davscope
	@echo ./davscope -r $(DEMO_SAMPLE)
	@./davscope -r $(DEMO_SAMPLE)
tools: $(PROGRAM) $(PLAYER) $(KEEPER) $(TOOLS)

# Speed against other programs, memory, instructions: markdown on standard output. FILE, ROUNDS, RECORD: tests/README.md.
BENCH := $(RUN) FLAGS='$(strip $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) $(SANITIZE))'
bench: tools
	@dist/deps.sh bench >&2
	@dist/deps.sh rivals >&2 || :
	@$(BENCH) tests/bench/run.sh $(FILE)
bench-instructions: tools
	@dist/deps.sh bench >&2
	@$(BENCH) tests/bench/instructions.sh
oracle: tools
	@$(RUN) tests/tool/oracle.sh
campaign: $(TESTABLE)
	@$(RUN) tests/tool/campaign.sh
bless: tools
	@$(RUN) tests/tool/golden.sh --bless $(CASE)

man: $(BUILD)/davscope-fields.7
$(BUILD)/davscope-fields.7: docs/fields.sh $(PROGRAM)
	$(call say,MAN,$@)
	$(Q)docs/fields.sh $(if $(filter /%,$(BUILD)),,./)$(PROGRAM) >$@

install: $(PROGRAM) $(PLAYER) $(KEEPER) man
	install -d '$(DESTDIR)$(PREFIX)/bin'
	install -m 755 $(PROGRAM) '$(DESTDIR)$(PREFIX)/bin/davscope'
	install -m 755 $(PLAYER) '$(DESTDIR)$(PREFIX)/bin/davscope-play'
	install -m 755 $(KEEPER) '$(DESTDIR)$(PREFIX)/bin/davscope-keeper'
	for page in $(wildcard docs/*.1 docs/*.5 docs/*.8) $(BUILD)/davscope-fields.7; do \
		dir='$(DESTDIR)$(PREFIX)/share/man/man'$${page##*.}; \
		install -d "$$dir" && install -m 644 $$page "$$dir" || exit 1; \
	done
	ln -sf davscope.1 '$(DESTDIR)$(PREFIX)/share/man/man1/davscope-play.1'
	ln -sf davscope-monitor.8 '$(DESTDIR)$(PREFIX)/share/man/man8/davscope-capture.8'
	ln -sf davscope-monitor.8 '$(DESTDIR)$(PREFIX)/share/man/man8/davscope-keeper.8'
	install -d '$(DESTDIR)$(UNITDIR)' '$(DESTDIR)$(SYSUSERSDIR)' '$(DESTDIR)$(TMPFILESDIR)' \
		'$(DESTDIR)$(SYSCONFDIR)/davscope/rules' '$(DESTDIR)$(SYSCONFDIR)/logrotate.d' \
		'$(DESTDIR)$(PREFIX)/share/davscope'
	sed -e 's|@BINDIR@|$(PREFIX)/bin|' -e 's|@SYSCONFDIR@|$(SYSCONFDIR)|' 'dist/davscope@.service' \
		>$(BUILD)/davscope@.service
	install -m 644 '$(BUILD)/davscope@.service' '$(DESTDIR)$(UNITDIR)'
	install -m 644 dist/davscope.sysusers '$(DESTDIR)$(SYSUSERSDIR)/davscope.conf'
	install -m 644 dist/davscope.tmpfiles '$(DESTDIR)$(TMPFILESDIR)/davscope.conf'
	install -m 644 dist/davscope.logrotate '$(DESTDIR)$(SYSCONFDIR)/logrotate.d/davscope'
	install -m 644 dist/davscope.rules.yml '$(DESTDIR)$(PREFIX)/share/davscope'
	install -m 644 dist/rules-README '$(DESTDIR)$(SYSCONFDIR)/davscope/rules/README'
	[ -e '$(DESTDIR)$(SYSCONFDIR)/davscope/davscope.yaml' ] || \
		install -m 644 dist/davscope.yaml '$(DESTDIR)$(SYSCONFDIR)/davscope'

endif
