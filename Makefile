# SPDX-License-Identifier: MIT
#
# One makefile for the whole house. Everything built goes under $(B); nothing
# is written next to a source file except gen/, and that only by `make gen`.
#
#   make            the library (static and shared), the compiler, the daemon,
#                   the client
#   make demo       install what is missing, build, and show Files at work
#   make check      every test there is; ends with "N passed, N failed"
#   make bench      what calls and streams cost, as ratios to a raw socket,
#                   and what an idle connection does
#   make lint       format, headers, layers, purity, symbols, drift
#   make install    PREFIX=/usr/local DESTDIR= ...; make uninstall;
#                   make install-lib install-idl: without gRPC and programs
#   make clean
#
# B=dir builds elsewhere, V=1 shows the commands, SAN=address,undefined builds
# with sanitizers (give it a B of its own).

B       ?= build
AR      ?= ar
OBJCOPY ?= objcopy
INSTALL ?= install
CFLAGS  ?= -O2 -g
VERSION := 0.1.0
SOMAJOR := 0

PREFIX     ?= /usr/local
BINDIR     ?= $(PREFIX)/bin
SBINDIR    ?= $(PREFIX)/sbin
LIBDIR     ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
DATADIR    ?= $(PREFIX)/share
MANDIR     ?= $(DATADIR)/man
PCDIR      ?= $(LIBDIR)/pkgconfig
DOCDIR     ?= $(DATADIR)/doc/becket
# Where the loader does not look by itself, installed programs say where.
RPATH      ?= $(if $(filter /usr /usr/local,$(PREFIX)),,$(LIBDIR))

all:

WARN  := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wmissing-prototypes \
         -Wvla -Wwrite-strings -Wformat=2 -Wstrict-prototypes
FLAGS := -std=c11 -D_GNU_SOURCE $(WARN) $(CFLAGS) $(CPPFLAGS) -fPIC \
         -fvisibility=hidden -MMD -MP -Iruntime -I. -Igen -I$(B)/gen
LIBS  := -lprotobuf-c -lcares -lpthread
ifdef SAN
FLAGS   += -fsanitize=$(SAN) -fno-omit-frame-pointer \
           -fno-sanitize-recover=all
LDFLAGS += -fsanitize=$(SAN)
endif
ifdef WERROR
FLAGS   += -Werror
endif
comma := ,
LINK   = $(CC) $(CFLAGS) $(LDFLAGS)

# The rooms, bottom up. `make layers` lets a file include from its own room
# and from those it stands on.
sources   = $(patsubst %.c,%,$(wildcard $(1)/*.c))
base     := $(call sources,runtime/base)
wire     := $(call sources,runtime/wire)
engine   := $(call sources,runtime/engine)
payload  := $(call sources,runtime/payload)
stub     := $(call sources,runtime/stub)
io       := $(call sources,runtime/io)
grpc     := $(call sources,runtime/grpc)
services := $(call sources,runtime/services)
idl      := $(call sources,idl)
server   := $(call sources,server)
client   := $(call sources,client)
tests    := $(patsubst %.c,%,$(wildcard tests/unit/*_test.c tests/live/*_test.c))

obj      = $(1:%=$(B)/%.o)
PURE    := $(call obj,$(base) $(wire) $(engine))
RUNTIME := $(PURE) $(call obj,$(payload) $(stub) $(io))
TESTS   := $(tests:%=$(B)/%)
# Tests may share sources that are no test themselves.
UNIT_HELP := $(call obj,$(filter-out %_test %/grpc_peer,$(call sources,tests/unit)))
LIVE_HELP := $(call obj,$(filter-out %_test,$(call sources,tests/live)))

$(B)/%.o: %.c
	$(Q)mkdir -p $(@D)
	$(call say,CC)$(CC) $(FLAGS) -c -o $@ $<

$(B)/%.o: $(B)/%.c
	$(call say,CC)$(CC) $(FLAGS) -c -o $@ $<

# ------------------------------------------------------------ libraries --
# libbecket.a in $(B) has every symbol of every room, for tests, fuzzers and
# `make small`. The one that is installed is public/libbecket.a, where what is
# hidden in the shared library is local, so that a program may have a
# buffer_append() of its own.

SO     := libbecket.so.$(VERSION)
SONAME := libbecket.so.$(SOMAJOR)

all: $(B)/libbecket.a $(B)/public/libbecket.a $(B)/libbecket.so

$(B)/libbecket.a: $(RUNTIME)
	$(Q)rm -f $@
	$(call say,AR)$(AR) rcs $@ $^

$(B)/public/libbecket.a: $(RUNTIME)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(if $(findstring -flto,$(CFLAGS)),$(CFLAGS) \
	    -flinker-output=nolto-rel) -r -nostdlib -o $(B)/public/becket.o $^
	$(Q)$(OBJCOPY) --localize-hidden $(B)/public/becket.o
	$(Q)rm -f $@
	$(call say,AR)$(AR) rcs $@ $(B)/public/becket.o

$(B)/$(SO): $(RUNTIME) runtime/libbecket.map
	$(call say,LD)$(LINK) -shared -Wl,-soname,$(SONAME) \
	    -Wl,--version-script,runtime/libbecket.map \
	    $(if $(SAN),,-Wl$(comma)-z$(comma)defs) -o $@ $(RUNTIME) $(LIBS)

$(B)/$(SONAME): $(B)/$(SO)
	$(Q)ln -sf $(SO) $@

$(B)/libbecket.so: $(B)/$(SONAME)
	$(Q)ln -sf $(SONAME) $@

# ----------------------------------------------------------------- grpc --
# A library of its own, so that programs without gRPC do not need nghttp2. It
# carries its own copies of the few things of base and wire that it stands on.

# Both ends of the services' protocols are made of their .proto files.
GRPC_PROTO  ?= /usr/share/grpc-proto
SERVICE_IDL := $(addprefix grpc/,health/v1/health reflection/v1/reflection \
                 reflection/v1alpha/reflection) becket/session
SERVICE_C   := $(foreach p,$(SERVICE_IDL),$(addprefix $(B)/gen/$p, \
                 .becket.c .pb-c.c .becket-client.c))
SERVICE_H   := $(foreach p,$(SERVICE_IDL),$(addprefix $(B)/gen/$p, \
                 .becket.h .pb-c.h))
GRPC_OBJ    := $(call obj,$(grpc) $(services)) \
                 $(filter-out %.becket-client.o,$(SERVICE_C:.c=.o))
GRPC_UNDER  := $(call obj,$(addprefix runtime/base/,allocate arena buffer \
                 idmap utf8) \
                 $(addprefix runtime/wire/,cursor protobuf call_header \
                 status_message))
GRPC_LIBS   := -lprotobuf-c -lnghttp2 -lz
GRPC_SO     := libbecket-grpc.so.$(VERSION)
GRPC_SONAME := libbecket-grpc.so.$(SOMAJOR)
PROBES      := nghttp2_option_set_stream_reset_rate_limit \
               nghttp2_option_set_max_continuations

# Distributions have put newer limits of nghttp2 into older releases of it.
$(B)/gen/grpc/probe.h: Makefile
	$(Q)mkdir -p $(@D)
	$(call say,GEN)for f in $(PROBES); do \
	    printf 'void %s(void); int main(void) { %s(); return 0; }' $$f $$f | \
	    $(CC) -x c -o /dev/null - -lnghttp2 2>/dev/null && \
	    echo "#define HAVE_$$f 1"; done >$@ || :

$(call obj,runtime/grpc/http2): $(B)/gen/grpc/probe.h

$(SERVICE_C) $(SERVICE_H) &: $(B)/becketc idl/becket/session.proto
	$(call say,IDL)$(B)/becketc -I $(GRPC_PROTO) -I idl -o $(B)/gen \
	    $(SERVICE_IDL:=.proto)

$(call obj,$(services)) $(B)/tests/unit/grpc_answers_test.o: \
    | $(SERVICE_H)

all: $(B)/libbecket-grpc.a $(B)/public/libbecket-grpc.a $(B)/libbecket-grpc.so

$(B)/libbecket-grpc.a: $(GRPC_OBJ)
	$(Q)rm -f $@
	$(call say,AR)$(AR) rcs $@ $^

$(B)/public/libbecket-grpc.a: $(GRPC_OBJ) $(GRPC_UNDER)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(if $(findstring -flto,$(CFLAGS)),$(CFLAGS) \
	    -flinker-output=nolto-rel) -r -nostdlib \
	    -o $(B)/public/becket-grpc.o $^
	$(Q)$(OBJCOPY) --localize-hidden $(B)/public/becket-grpc.o
	$(Q)rm -f $@
	$(call say,AR)$(AR) rcs $@ $(B)/public/becket-grpc.o

$(B)/$(GRPC_SO): $(GRPC_OBJ) $(GRPC_UNDER) $(B)/libbecket.so \
    runtime/libbecket.map
	$(call say,LD)$(LINK) -shared -Wl,-soname,$(GRPC_SONAME) \
	    -Wl,--version-script,runtime/libbecket.map \
	    $(if $(SAN),,-Wl$(comma)-z$(comma)defs) -o $@ $(GRPC_OBJ) \
	    $(GRPC_UNDER) -L$(B) -lbecket $(GRPC_LIBS)

$(B)/$(GRPC_SONAME): $(B)/$(GRPC_SO)
	$(Q)ln -sf $(GRPC_SO) $@

$(B)/libbecket-grpc.so: $(B)/$(GRPC_SONAME)
	$(Q)ln -sf $(GRPC_SONAME) $@

# ------------------------------------------------------------- programs --
# Programs see the shared library and so nothing but the public interface.
# They find it beside themselves in $(B); `make install` links them again.

PROGRAMS :=
program = $(LINK) -o $@ $(filter %.o,$^) -L$(B) -lbecket $(LIBS) \
          $(if $(1),-Wl$(comma)-rpath$(comma)$(1))

ifneq ($(server),)
PROGRAMS += becketd
$(B)/becketd $(B)/relinked/becketd: $(call obj,$(server))
$(B)/becketd $(B)/relinked/becketd: private LIBS += -lbecket-grpc -linih -ldl
$(B)/becketd $(B)/relinked/becketd: | $(B)/libbecket-grpc.so
# The endpoint mapper knows its stub data by wire and base.
$(B)/becketd $(B)/relinked/becketd: $(call obj,$(base) $(wire))
endif
ifneq ($(client),)
PROGRAMS += becket
# What it needs of a .proto it knows by the compiler's means.
CLIENT_UNDER := $(call obj,$(addprefix idl/,identity place process sha1 stream \
                  text values)) $(call obj,$(base) $(wire))
CLIENT_OBJ   := $(call obj,$(client)) $(B)/gen/client/builtin.o
$(B)/becket $(B)/relinked/becket: $(CLIENT_OBJ) $(CLIENT_UNDER)
$(B)/becket $(B)/relinked/becket: private LIBS += -lbecket-grpc -ljansson -lm
$(B)/becket $(B)/relinked/becket: | $(B)/libbecket-grpc.so
endif

# What servers leave out of their descriptors, for the client: client/builtin.h
BUILTIN := $(addprefix google/protobuf/,any descriptor duration empty \
             field_mask struct timestamp wrappers) becket/options

$(B)/gen/client/builtin.c: idl/becket/options.proto
	$(Q)mkdir -p $(@D)
	$(call say,GEN)protoc -Iidl --include_imports \
	    --descriptor_set_out=$(@D)/builtin.set $(BUILTIN:=.proto)
	$(Q){ echo '#include "client/builtin.h"'; \
	    echo 'const unsigned char builtin_set[] = {'; \
	    od -An -v -tx1 $(@D)/builtin.set | sed 's/ \(..\)/0x\1,/g'; \
	    echo '};'; echo 'const size_t builtin_size = sizeof builtin_set;'; } >$@

all: $(PROGRAMS:%=$(B)/%)

$(PROGRAMS:%=$(B)/%): $(B)/libbecket.so
	$(call say,LD)$(call program,'$$ORIGIN')

$(PROGRAMS:%=$(B)/relinked/%): $(B)/libbecket.so FORCE
	$(Q)mkdir -p $(@D)
	$(call say,LD)$(call program,$(RPATH))

# ------------------------------------------------------------------ idl --
# The compiler stands on base and wire alone. It reads descriptors through
# protobuf-c, whose own output for them is built here and never committed.

IDL_PROGRAMS := becketc protoc-gen-becket
IDL_PROTOS   := google/protobuf/descriptor google/protobuf/compiler/plugin \
                becket/options protobuf_c
IDL_PB_C     := $(IDL_PROTOS:%=$(B)/gen/%.pb-c.c)
IDL_OBJECTS  := $(filter-out $(B)/idl/becketc.o $(B)/idl/plugin.o, \
                  $(call obj,$(idl))) \
                $(IDL_PB_C:.c=.o) $(call obj,$(base) $(wire))

$(IDL_PB_C) $(IDL_PB_C:.c=.h) &: idl/becket/options.proto idl/protobuf_c.proto
	$(Q)mkdir -p $(B)/gen
	$(call say,GEN)protoc --c_out=$(B)/gen -Iidl $(IDL_PROTOS:=.proto)

$(call obj,$(idl)): | $(IDL_PB_C:.c=.h)
$(call obj,$(idl)): private FLAGS += -DIDL_VERSION='"$(VERSION)"'

# The common part of what becketc --emit wireshark writes, as strings of C.
$(B)/gen/idl/wireshark.inc: idl/wireshark.lua
	$(Q)mkdir -p $(@D)
	$(call say,GEN)sed 's/[\\"]/\\&/g; s/^/"/; s/$$/\\n",/' $< >$@
WIRESHARK_OBJ := $(B)/idl/emit_wireshark.o $(B)/fuzz/obj/idl/emit_wireshark.o
$(WIRESHARK_OBJ): $(B)/gen/idl/wireshark.inc
$(WIRESHARK_OBJ): private FLAGS += -I$(B)/gen

# becketc finds becket/options.proto in include/ beside itself.
$(B)/include/becket/%.proto: idl/becket/%.proto
	$(Q)mkdir -p $(@D)
	$(Q)cp $< $@

$(B)/becketc: $(B)/idl/becketc.o $(IDL_OBJECTS) \
    | $(B)/include/becket/options.proto $(B)/include/becket/wire.proto
$(B)/protoc-gen-becket: $(B)/idl/plugin.o $(IDL_OBJECTS)
$(IDL_PROGRAMS:%=$(B)/%):
	$(call say,LD)$(LINK) -o $@ $(filter %.o,$^) -lprotobuf-c

all: $(IDL_PROGRAMS:%=$(B)/%)

install: install-idl
install-idl: $(IDL_PROGRAMS:%=$(B)/%)
	$(call put,755,$^,$(BINDIR))

# -------------------------------------------------------------- install --

PUBLIC_HEADERS := runtime/becket.h runtime/becket_stub.h \
                  runtime/becket_module.h runtime/becket_grpc.h
# becket.h is made of these, so they go with it.
BASE_HEADERS   := $(addprefix runtime/base/,bytes.h limits.h memory.h \
                  status.h status.def uuid.h)
# import "becket/options.proto" is looked for in $(INCLUDEDIR).
PROTOS         := $(wildcard idl/becket/*.proto)
MANUALS        := $(wildcard $(addsuffix /*.[1-8],idl runtime server client))
TOOLS          := $(filter-out becketd,$(PROGRAMS))
DAEMONS        := $(filter becketd,$(PROGRAMS))
under_prefix    = $(patsubst $(PREFIX)/%,$${prefix}/%,$(1))

$(B)/becket.pc $(B)/becket-grpc.pc: $(B)/%.pc: runtime/%.pc.in FORCE
	$(Q)mkdir -p $(@D)
	$(call say,GEN)sed -e 's|@prefix@|$(PREFIX)|' \
	    -e 's|@includedir@|$(call under_prefix,$(INCLUDEDIR))|' \
	    -e 's|@libdir@|$(call under_prefix,$(LIBDIR))|' \
	    -e 's|@version@|$(VERSION)|' $< >$@

$(B)/becketd.service: server/becketd.service.in FORCE
	$(call say,GEN)sed -e 's|@sbindir@|$(SBINDIR)|' $< >$@

put = $(Q)$(INSTALL) -d $(DESTDIR)$(3) && \
      $(INSTALL) -m $(1) $(2) $(DESTDIR)$(3)

# The library without gRPC, which with `make install-idl` is all that programs
# over DCE/RPC need.
install-lib: $(B)/public/libbecket.a $(B)/libbecket.so $(B)/becket.pc
	$(call put,644,$(PUBLIC_HEADERS) $(PROTOS),$(INCLUDEDIR)/becket)
	$(call put,644,$(BASE_HEADERS),$(INCLUDEDIR)/becket/base)
	$(call put,644,$(B)/public/libbecket.a,$(LIBDIR))
	$(call put,755,$(B)/$(SO),$(LIBDIR))
	$(Q)ln -sf $(SO) $(DESTDIR)$(LIBDIR)/$(SONAME)
	$(Q)ln -sf $(SONAME) $(DESTDIR)$(LIBDIR)/libbecket.so
	$(call put,644,$(B)/becket.pc,$(PCDIR))
	$(Q)test -n "$(DESTDIR)" || ldconfig 2>/dev/null || :

install: all install-lib $(B)/becket-grpc.pc $(B)/becketd.service $(PROGRAMS:%=$(B)/relinked/%)
	$(call put,644,$(B)/public/libbecket-grpc.a,$(LIBDIR))
	$(call put,755,$(B)/$(GRPC_SO),$(LIBDIR))
	$(Q)ln -sf $(GRPC_SO) $(DESTDIR)$(LIBDIR)/$(GRPC_SONAME)
	$(Q)ln -sf $(GRPC_SONAME) $(DESTDIR)$(LIBDIR)/libbecket-grpc.so
	$(call put,644,$(B)/becket-grpc.pc,$(PCDIR))
	$(call put,644,LICENSE $(wildcard README.md PROTOCOL.md CHANGELOG.md),$(DOCDIR))
	$(call put,644,server/becketd.conf server/becketd.socket \
	    $(B)/becketd.service,$(DOCDIR))
	$(if $(TOOLS),$(call put,755,$(TOOLS:%=$(B)/relinked/%),$(BINDIR)))
	$(if $(DAEMONS),$(call put,755,$(DAEMONS:%=$(B)/relinked/%),$(SBINDIR)))
	$(Q)for page in $(MANUALS); do \
	    d=$(DESTDIR)$(MANDIR)/man$${page##*.}; \
	    $(INSTALL) -d $$d && $(INSTALL) -m 644 $$page $$d || exit 1; done
	$(Q)test -n "$(DESTDIR)" || ldconfig 2>/dev/null || :

uninstall:
	$(Q)rm -rf $(DESTDIR)$(INCLUDEDIR)/becket $(DESTDIR)$(DOCDIR)
	$(Q)rm -f $(addprefix $(DESTDIR)$(LIBDIR)/,$(SO) $(SONAME) \
	    libbecket.so libbecket.a $(GRPC_SO) $(GRPC_SONAME) \
	    libbecket-grpc.so libbecket-grpc.a) \
	    $(addprefix $(DESTDIR)$(PCDIR)/,becket.pc becket-grpc.pc) \
	    $(TOOLS:%=$(DESTDIR)$(BINDIR)/%) \
	    $(IDL_PROGRAMS:%=$(DESTDIR)$(BINDIR)/%) \
	    $(DAEMONS:%=$(DESTDIR)$(SBINDIR)/%)
	$(Q)for page in $(MANUALS); do \
	    rm -f $(DESTDIR)$(MANDIR)/man$${page##*.}/$${page##*/}; done

# ---------------------------------------------------------------- tests --
# A suite is a target check-NAME that speaks TAP, and its name in SUITES.
# tests/run.py runs them, several at a time, and adds up. So what two of them
# need is made by `make tests`, they keep to directories of their own, and
# `make install` in a suite waits for $(B)/installing.

SUITES :=

$(B)/tests/unit/%_test: $(B)/tests/unit/%_test.o $(UNIT_HELP) $(B)/libbecket.a
	$(call say,LD)$(LINK) -o $@ $(filter %.o,$^) $(filter %.a,$^) -lcmocka $(LIBS)

$(B)/tests/live/%_test: $(B)/tests/live/%_test.o $(LIVE_HELP) $(B)/libbecket.a
	$(call say,LD)$(LINK) -o $@ $(filter %.o,$^) $(filter %.a,$^) -lcmocka $(LIBS)

# The endpoint map is the daemon's.
$(B)/tests/unit/map_test: $(call obj,server/map server/lookups)
$(B)/tests/live/ep_test: $(call obj,$(filter server/map% server/lookups \
                           server/log server/text server/config,$(server)))

# Those of gRPC stand on its library too.
GRPC_TESTS := $(filter $(B)/tests/unit/grpc_% $(B)/tests/live/grpc_% \
                $(B)/tests/live/async_test $(B)/tests/live/context_test \
                $(B)/tests/live/context_async_test \
                $(B)/tests/live/context_stream_test,$(TESTS))
$(GRPC_TESTS): $(B)/libbecket-grpc.a
$(GRPC_TESTS): private LIBS := $(B)/libbecket-grpc.a $(B)/libbecket.a \
    $(GRPC_LIBS) $(LIBS)

# And some on a peer that is made by hand.
$(addprefix $(B)/tests/unit/grpc_,http2_test stall_test ping_test client_test): \
    $(B)/tests/unit/grpc_peer.o

# Descriptors as protoc makes them.
SETS := $(B)/tests/unit/sets
$(SETS)/%.set: tests/unit/sets/%.proto $(wildcard tests/unit/sets/*.proto)
	$(Q)mkdir -p $(@D)
	$(call say,GEN)protoc -Itests/unit/sets --include_imports \
	    --descriptor_set_out=$@ $<
$(B)/tests/unit/grpc_descriptors_test: | $(SETS)/shapes.set $(SETS)/colours.set
$(B)/tests/unit/grpc_descriptors_test.o $(B)/tests/unit/json_group_test.o: \
    private FLAGS += -DSETS='"$(SETS)"'

# Those of the tool's JSON and descriptors stand on that.
CLIENT_PARTS := $(filter-out $(addprefix $(B)/client/,address.o browse.o call.o \
                  call_stream.o export.o failure.o flags.o flags_types.o \
                  flags_value.o headers.o interface.o lookup.o main.o manage.o \
                  map.o output.o ping.o reflection.o sources.o usage.o),\
                  $(CLIENT_OBJ)) $(B)/idl/text.o
CLIENT_TESTS := $(addprefix $(B)/tests/unit/,json_test json_group_test \
                  descriptor_test)
$(CLIENT_TESTS): $(CLIENT_PARTS)
$(CLIENT_TESTS): private LIBS += -ljansson
$(B)/tests/unit/json_group_test: | $(SETS)/groups.set

# A client of the services, with the stubs that their library does not need.
SERVICE_STUBS := $(SERVICE_IDL:%=$(B)/gen/%.becket-client.o)
$(B)/tests/live/grpc_services_test.o: | $(SERVICE_H)
$(B)/tests/live/grpc_services_test: $(SERVICE_STUBS)

tests: $(TESTS)

UNIT_TESTS := $(filter $(B)/tests/unit/%,$(TESTS))
LIVE_TESTS := $(filter $(B)/tests/live/%,$(TESTS))

SUITES += unit
check-unit: $(UNIT_TESTS)
	$(Q)tests/each.sh $^

ifneq ($(LIVE_TESTS),)
SUITES += live
check-live: $(LIVE_TESTS)
	$(Q)tests/each.sh $^
endif

# The same servers with three loops.
LOOPED := $(addprefix $(B)/tests/live/,conn_test context_test \
            context_async_test context_stream_test disconnect_test \
            grpc_services_test mgmt_test offer_test server_test)

SUITES += loops
check-loops: $(LOOPED)
	$(Q)ECHO_LOOPS=3 tests/each.sh $^

# Peers that are not ours, against a server for them.
INTEROP := $(B)/tests/interop/server
CALLER  := $(B)/tests/interop/caller

$(INTEROP) $(CALLER): $(B)/tests/interop/%: $(B)/tests/interop/%.o \
    $(B)/libbecket.so $(B)/libbecket-grpc.so
	$(call say,LD)$(LINK) -o $@ $(filter %.o,$^) -L$(B) -lbecket-grpc \
	    -lbecket $(LIBS) -Wl,-rpath,'$$ORIGIN/../..'

tests: $(INTEROP) $(CALLER)

# grpc.testing.TestService, both roles, of Debian's own .proto.
TESTING       := $(addprefix $(B)/tests/interop/testing/,server client)
TESTING_PROTO := grpc/testing/test grpc/testing/messages grpc/testing/empty
TESTING_C     := $(foreach suffix,.becket .becket-client .becket-server .pb-c, \
                   $(B)/gen/grpc/testing/test$(suffix).c) \
                 $(patsubst %,$(B)/gen/grpc/testing/%.pb-c.c,messages empty)

$(TESTING_C) &: $(B)/becketc
	$(call say,GEN)$(B)/becketc -I $(GRPC_PROTO) -o $(B)/gen \
	    $(TESTING_PROTO:=.proto)

$(TESTING:=.o): | $(TESTING_C)
# protobuf-c's output is not ours to mend.
$(TESTING_C:.c=.o): private WARN :=

$(TESTING): %: %.o $(TESTING_C:.c=.o) $(B)/libbecket.so $(B)/libbecket-grpc.so
	$(call say,LD)$(LINK) -o $@ $(filter %.o,$^) -L$(B) -lbecket-grpc \
	    -lbecket $(LIBS) -Wl,-rpath,'$$ORIGIN/../../..'

tests: $(TESTING)

SUITES += testing
check-testing: $(TESTING)
	$(Q)rm -rf $(B)/testing && mkdir -p $(B)/testing
	$(Q)/usr/bin/python3 -B tests/interop/testing/run.py $(B)/testing $^

SUITES += interop
check-interop: all $(INTEROP) $(CALLER) $(B)/tests/live/server_test \
    $(B)/tests/live/ep_test $(B)/tests/compile/stream_test
	$(Q)MAKE="$(MAKE)" SAN=$(SAN) GRPC_PROTO="$(GRPC_PROTO)" \
	    tests/interop/run.sh $(B)

# The examples and README's call, out of an installed tree.
SUITES += install
check-install: all
	$(Q)MAKE="$(MAKE)" tests/install/run.sh $(B)

# ----------------------------------------------------------------- talk --
# Conversations of PDUs with the engine: tests/talk/README.md

TALK := $(call obj,$(call sources,tests/talk))

$(B)/tests/talk/talk: $(TALK) $(B)/libbecket.a
	$(call say,LD)$(LINK) -o $@ $^ $(LIBS)

tests: $(B)/tests/talk/talk

SUITES += talk
check-talk: $(B)/tests/talk/talk
	$(Q)$< $(sort $(wildcard tests/talk/*/*.talk))

SUITES += valgrind
check-valgrind: $(UNIT_TESTS)
	$(Q)BECKET_MEMORY_CACHE=0 UNDER="valgrind -q --error-exitcode=99 --leak-check=full" \
	    tests/each.sh $^

# ----------------------------------------------------------------- live --
# One live test is of generated code.

CALC_MADE := $(B)/tests/live/made
CALC_C    := $(addprefix $(CALC_MADE)/calc,.becket.c .becket-client.c \
               .becket-server.c .pb-c.c)

$(CALC_C) &: examples/calculator/calc.proto $(B)/becketc
	$(call say,IDL)$(B)/becketc -I examples/calculator -o $(CALC_MADE) \
	    calc.proto

$(CALC_C:.c=.o) $(B)/tests/live/calc_test.o: private FLAGS += -I$(CALC_MADE)
$(B)/tests/live/calc_test.o: $(CALC_C)
$(B)/tests/live/calc_test: $(B)/tests/live/calc_test.o $(CALC_C:.c=.o) \
    $(LIVE_HELP) $(B)/libbecket.a
	$(call say,LD)$(LINK) -o $@ $^ -lcmocka $(LIBS)

# Those of context handles share a server of generated code.
STORE_MADE := $(B)/tests/live/context/made
STORE_C    := $(addprefix $(STORE_MADE)/store,.becket.c .becket-client.c \
                .becket-server.c .pb-c.c)
STORE_TESTS := $(addprefix $(B)/tests/live/context_,test wire_test async_test \
                 stream_test)
STORE_HELP := $(STORE_C:.c=.o) $(B)/tests/live/context/store.o

$(STORE_C) &: tests/live/context/store.proto $(B)/becketc
	$(call say,IDL)$(B)/becketc -I tests/live/context -o $(STORE_MADE) \
	    store.proto

$(STORE_HELP) $(STORE_TESTS:%=%.o): private FLAGS += -I$(STORE_MADE)
$(B)/tests/live/context/store.o $(STORE_TESTS:%=%.o): $(STORE_C)
$(STORE_TESTS): $(STORE_HELP)

# ---------------------------------------------------------- server, client --
# becketd and becket as installed, with the examples as anybody builds them.

HELD       := $(B)/tests/live/modules
DAEMON_DIR := $(abspath $(B))/daemon

$(HELD)/hold.so $(HELD)/hold_abi.so: tests/live/modules/hold.c $(B)/libbecket.so
	$(Q)mkdir -p $(@D)
	$(call say,LD)$(CC) $(FLAGS) $(LDFLAGS) -shared -o $@ $< -L$(B) \
	    -lbecket -lpthread
$(HELD)/hold_abi.so: private FLAGS += -DHOLD_ABI=99

tests: $(HELD)/hold.so $(HELD)/hold_abi.so

SUITES += daemon
check-daemon: all $(HELD)/hold.so $(HELD)/hold_abi.so
	$(Q)rm -rf $(DAEMON_DIR)
	$(Q)flock $(B)/installing $(MAKE) -s --no-print-directory install \
	    DESTDIR= PREFIX=$(DAEMON_DIR)/stage
	$(Q)for e in calculator files loop; do \
	    PATH=$(DAEMON_DIR)/stage/bin:$$PATH \
	    PKG_CONFIG_PATH=$(DAEMON_DIR)/stage/lib/pkgconfig \
	    $(MAKE) -s -C examples/$$e O=$(DAEMON_DIR)/$$e \
	    CFLAGS="$(CFLAGS) -Wall -Wextra -Werror \
	        $(if $(SAN),-fsanitize=$(SAN))" \
	    LDFLAGS=-Wl,-rpath,$(DAEMON_DIR)/stage/lib || exit 1; done
	$(Q)status=0; for t in daemon files; do \
	    /usr/bin/python3 tests/live/$${t}_test.py \
	        $(DAEMON_DIR)/stage $(DAEMON_DIR) $(HELD) || status=1; done; \
	    exit $$status

# `becket call` and its kin, likewise, in a directory of their own.
CALL_DIR := $(abspath $(B))/call

SUITES += call
check-call: all
	$(Q)rm -rf $(CALL_DIR)
	$(Q)flock $(B)/installing $(MAKE) -s --no-print-directory install \
	    DESTDIR= PREFIX=$(CALL_DIR)/stage
	$(Q)for e in calculator files; do \
	    PATH=$(CALL_DIR)/stage/bin:$$PATH \
	    PKG_CONFIG_PATH=$(CALL_DIR)/stage/lib/pkgconfig \
	    $(MAKE) -s -C examples/$$e O=$(CALL_DIR)/$$e \
	    CFLAGS="$(CFLAGS) $(if $(SAN),-fsanitize=$(SAN))" \
	    LDFLAGS=-Wl,-rpath,$(CALL_DIR)/stage/lib || exit 1; done
	$(Q)failed=; for t in call_test call_flags_test; do \
	    /usr/bin/python3 tests/live/$$t.py $(CALL_DIR)/stage $(CALL_DIR) \
	    || failed=1; done; test -z "$$failed"

# ------------------------------------------------------------ idl tests --
# Golden files; programs of what was generated; whatever else it compiles.

MADE    := $(B)/tests/compile/made
MADE_C  := $(foreach p,two three streams outputs/calc,$(addprefix $(MADE)/$p, \
             .becket.c .becket-client.c .becket-server.c .pb-c.c)) \
           $(MADE)/google/protobuf/empty.pb-c.c
LINKED  := $(B)/tests/compile/link_test $(B)/tests/compile/caller \
           $(B)/tests/compile/stream_test
CXX     ?= c++

$(MADE_C) &: $(patsubst %,tests/compile/%.proto,two three streams) \
             tests/golden/outputs/calc.proto $(B)/becketc
	$(call say,IDL)$(B)/becketc -I tests/compile -I tests/golden \
	    -o $(MADE) two.proto three.proto streams.proto \
	    outputs/calc.proto \
	    google/protobuf/empty.proto

$(MADE_C:.c=.o) $(LINKED:=.o): private FLAGS += -I$(MADE)
$(LINKED:=.o): $(MADE_C)
$(B)/tests/compile/caller.o: tests/compile/caller.cc
	$(Q)mkdir -p $(@D)
	$(call say,CXX)$(CXX) -std=c++11 -Wall -Wextra -Wpedantic $(CFLAGS) \
	    $(if $(SAN),-fsanitize=$(SAN)) -Iruntime -I$(MADE) -MMD -MP -c -o $@ $<

$(B)/tests/compile/link_test: $(B)/tests/compile/link_test.o \
    $(MADE_C:.c=.o) $(B)/libbecket.a
	$(call say,LD)$(LINK) -o $@ $^ -lcmocka $(LIBS)
$(B)/tests/compile/stream_test: $(B)/tests/compile/stream_test.o \
    $(MADE_C:.c=.o) $(B)/libbecket-grpc.a $(B)/libbecket.a
	$(call say,LD)$(LINK) -o $@ $^ -lcmocka $(GRPC_LIBS) $(LIBS)
$(B)/tests/compile/caller: $(B)/tests/compile/caller.o $(MADE_C:.c=.o) \
    $(B)/libbecket.a
	$(call say,LD)$(CXX) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)
$(B)/tests/compile/idl_test.o: | $(IDL_PB_C:.c=.h)
$(B)/tests/compile/idl_test: $(B)/tests/compile/idl_test.o $(IDL_OBJECTS)
	$(call say,LD)$(LINK) -o $@ $^ -lcmocka -lprotobuf-c

tests: $(LINKED) $(B)/tests/compile/idl_test

SUITES += idl
check-idl: $(LINKED) $(B)/tests/compile/idl_test
	$(Q)tests/each.sh $(LINKED) $(B)/tests/compile/idl_test

SUITES += golden
check-golden: $(IDL_PROGRAMS:%=$(B)/%)
	$(Q)tests/golden/run.py $(B)

SUITES += compile
check-compile: $(IDL_PROGRAMS:%=$(B)/%) $(B)/libbecket.so
	$(Q)WARN="$(WARN)" tests/compile/run.py $(B)

golden: check-golden

golden-update: $(IDL_PROGRAMS:%=$(B)/%)
	$(Q)tests/golden/run.py $(B) --update

compile-tests: check-compile

# gen/ shows what the compiler makes of the project's own interfaces.
GEN_PROTOS := calc.proto files.proto
make_gen    = $(Q)rm -rf $(1) && $(B)/becketc -I examples/calculator \
              -I examples/files -o $(1) $(GEN_PROTOS) && rm $(1)/*.pb-c.*

gen: $(B)/becketc
	$(call make_gen,gen)

SUITES += drift
check-drift gen-drift: $(B)/becketc
	$(call make_gen,$(B)/gen-drift)
	$(Q)diff -ru gen $(B)/gen-drift && echo "ok gen/ is what becketc makes" || \
	    { echo "not ok gen/ has drifted: make gen"; exit 1; }

.PHONY: golden golden-update compile-tests gen gen-drift

# The same suites again, built with sanitizers in a directory of their own.
SUITES += asan
check-asan:
	$(Q)$(MAKE) -k B=$(B)/asan SAN=address,undefined $(addprefix check-, \
	    unit talk live daemon call idl golden interop)

ifneq ($(LIVE_TESTS),)
SUITES += tsan
check-tsan:
	$(Q)$(MAKE) B=$(B)/tsan SAN=thread check-live check-loops
endif


SUITES += lint
LINT := format licence headers layers purity symbols declared names scripts \
        manuals paths compilers
check-lint: all
	$(Q)MAKE="$(MAKE)" tests/lint/lint.sh $(B) $(LINT)

lint: check-lint

format:
	$(Q)git ls-files '*.[ch]' | xargs clang-format-14 -i

# ----------------------------------------------------------------- demo --
# Installs into $(B)/demo and shows what is there at work.

demo:
	$(Q)dist/deps.sh build
	$(Q)$(MAKE) -s --no-print-directory all
	$(Q)$(MAKE) -s --no-print-directory install DESTDIR= PREFIX=$(abspath $(B))/demo
	$(Q)examples/demo.sh $(abspath $(B))/demo

deps:
	$(Q)dist/deps.sh check

check:
	$(Q)dist/deps.sh check
	$(Q)$(MAKE) $(if $(filter -j%,$(MAKEFLAGS)),,-j$$(nproc)) all tests
	$(Q)MAKE='$(MAKE) $(MAKEOVERRIDES)' tests/run.py $(B)/check $(SUITES)

clean:
	$(Q)rm -rf $(B)

# ------------------------------------------------------------ test protos --
# Messages for tests of the payload room, by protoc for C and for C++.

TEST_PROTOS := tests/fuzz/everything tests/fuzz/strict
TEST_PB_C   := $(TEST_PROTOS:%=$(B)/gen/%.pb-c.c)

$(TEST_PB_C) $(TEST_PB_C:.c=.h) &: $(TEST_PROTOS:=.proto)
	$(Q)mkdir -p $(B)/gen
	$(call say,GEN)protoc --c_out=$(B)/gen $^

$(B)/tests/unit/payload_test.o: | $(TEST_PB_C:.c=.h)
$(B)/tests/unit/payload_test: $(TEST_PB_C:.c=.o)

# ---------------------------------------------------------------- bench --
# Ratios to a raw socket, measured in the same run; never part of `check`.

BENCH := $(B)/bench

$(BENCH)/echo.becket.h: bench/echo.proto $(B)/becketc
	$(Q)mkdir -p $(@D)
	$(call say,IDL)$(B)/becketc -I bench -o $(BENCH) echo.proto

BENCHES := $(addprefix $(BENCH)/,pingpong stream idle)
$(BENCHES): $(BENCH)/%: bench/%.c bench/measure.c bench/measure.h \
    $(BENCH)/echo.becket.h $(B)/libbecket.so $(B)/libbecket-grpc.so
	$(call say,LD)$(LINK) -D_GNU_SOURCE -Iruntime -I$(BENCH) -o $@ \
	    bench/$*.c bench/measure.c $(addprefix $(BENCH)/echo.,becket.c \
	    becket-client.c becket-server.c pb-c.c) -L$(B) -lbecket-grpc \
	    -lbecket $(LIBS) -Wl,-rpath,'$$ORIGIN/..'

bench: $(BENCHES)
	$(Q)for bench in $^; do $$bench || exit 1; done

.PHONY: bench

# ----------------------------------------------------------------- fuzz --
# tests/fuzz/NAME_fuzz.c or .cc is a fuzzer, tests/fuzz/corpus/NAME what it
# starts from. Its own objects are prerequisites of $(B)/fuzz/NAME_fuzz, its own
# libraries stand in fuzz_libs_NAME. All are built by clang, in $(B)/fuzz, each
# once with libFuzzer, which looks for inputs, and as NAME_repeat, whose inputs
# are always the same.

FUZZ_SECONDS ?= 60
FUZZ_CC      ?= clang
FUZZ_CXX     ?= clang++
FUZZ_SAN     := address,undefined
FUZZ_FLAGS   := -g -O1 -fno-omit-frame-pointer \
                -fsanitize=fuzzer-no-link,$(FUZZ_SAN) -fno-sanitize-recover=all
FUZZERS      := $(sort $(patsubst tests/fuzz/%,$(B)/fuzz/%,$(basename \
                  $(wildcard tests/fuzz/*_fuzz.c tests/fuzz/*_fuzz.cc))))
fuzz_obj      = $(1:$(B)/%.o=$(B)/fuzz/obj/%.o)

$(B)/fuzz/obj/%.o: %.c
	$(Q)mkdir -p $(@D)
	$(call say,CC)$(FUZZ_CC) $(FLAGS) $(FUZZ_FLAGS) -c -o $@ $<

$(B)/fuzz/obj/%.o: $(B)/%.c
	$(Q)mkdir -p $(@D)
	$(call say,CC)$(FUZZ_CC) $(FLAGS) $(FUZZ_FLAGS) -c -o $@ $<

$(B)/fuzz/obj/%.o: %.cc
	$(Q)mkdir -p $(@D)
	$(call say,CXX)$(FUZZ_CXX) -std=c++17 $(FUZZ_FLAGS) -MMD -MP -Iruntime \
	    -I. -I$(B)/gen -c -o $@ $<

$(B)/fuzz/obj/%.o: $(B)/%.cc
	$(Q)mkdir -p $(@D)
	$(call say,CXX)$(FUZZ_CXX) -std=c++17 $(FUZZ_FLAGS) -MMD -MP -I$(B)/gen \
	    -c -o $@ $<

$(B)/fuzz/libbecket.a: $(call fuzz_obj,$(RUNTIME))
	$(Q)rm -f $@
	$(call say,AR)$(AR) rcs $@ $^

FUZZ_REPEAT := $(B)/fuzz/obj/tests/fuzz/repeat.o
$(B)/fuzz/%_fuzz: $(B)/fuzz/obj/tests/fuzz/%_fuzz.o $(B)/fuzz/libbecket.a \
    $(FUZZ_REPEAT)
	$(call say,LD)$(FUZZ_CXX) -fsanitize=$(FUZZ_SAN) \
	    -o $(@:%_fuzz=%_repeat) $(filter %.o,$^) $(filter %.a,$^) $(LIBS) \
	    $(fuzz_libs_$*)
	$(Q)$(FUZZ_CXX) -fsanitize=fuzzer,$(FUZZ_SAN) -o $@ \
	    $(filter-out $(FUZZ_REPEAT),$(filter %.o,$^)) $(filter %.a,$^) \
	    $(LIBS) $(fuzz_libs_$*)

TEST_PB_CC := $(TEST_PROTOS:%=$(B)/gen/%.pb.cc)
$(TEST_PB_CC) $(TEST_PB_CC:.cc=.h) &: $(TEST_PROTOS:=.proto)
	$(Q)mkdir -p $(B)/gen
	$(call say,GEN)protoc --cpp_out=$(B)/gen $^

CHECK_DECODE := $(call fuzz_obj,$(B)/tests/fuzz/check_decode.o \
                  $(TEST_PB_C:.c=.o) $(TEST_PB_CC:.cc=.o))
$(B)/fuzz/check_decode_fuzz: $(CHECK_DECODE)
$(CHECK_DECODE): | $(TEST_PB_C:.c=.h)
$(B)/fuzz/obj/tests/fuzz/check_decode_fuzz.o: | $(TEST_PB_CC:.cc=.h)
fuzz_libs_check_decode := -lprotobuf

$(B)/fuzz/session_server_fuzz $(B)/fuzz/session_client_fuzz: \
    $(call fuzz_obj,$(B)/tests/fuzz/session_drive.o)
$(B)/fuzz/map_fuzz: $(call fuzz_obj,$(B)/server/map.o)

# JSON of the client, which C++ knows too; its protos are for C++ alone.
JSON_FUZZ_CC := $(B)/gen/tests/fuzz/known.pb.cc
$(JSON_FUZZ_CC) $(JSON_FUZZ_CC:.cc=.h) &: tests/fuzz/known.proto
	$(Q)mkdir -p $(B)/gen
	$(call say,GEN)protoc --cpp_out=$(B)/gen $^

JSON_FUZZ    := $(call fuzz_obj,$(CLIENT_PARTS) $(B)/tests/fuzz/json_both.o \
                  $(JSON_FUZZ_CC:.cc=.o) $(B)/gen/tests/fuzz/everything.pb.o)
$(B)/fuzz/json_fuzz: $(JSON_FUZZ)
$(B)/fuzz/obj/tests/fuzz/json_fuzz.o: | $(TEST_PB_CC:.cc=.h) \
    $(JSON_FUZZ_CC:.cc=.h)
fuzz_libs_json := -lprotobuf -ljansson

$(B)/fuzz/describe_fuzz: $(call fuzz_obj,$(CLIENT_PARTS) \
    $(B)/tests/fuzz/describe_text.o)
fuzz_libs_describe := -lprotobuf -ljansson

GRPC_FUZZERS := $(B)/fuzz/grpc_server_fuzz $(B)/fuzz/grpc_client_fuzz \
                $(B)/fuzz/deframe_fuzz
$(GRPC_FUZZERS): $(call fuzz_obj,$(GRPC_OBJ) $(B)/tests/fuzz/grpc_drive.o)
$(call fuzz_obj,$(GRPC_OBJ)): $(B)/gen/grpc/probe.h | $(SERVICE_H)
$(B)/fuzz/descriptors_fuzz: $(call fuzz_obj,$(call obj,runtime/services/descriptors))
fuzz_libs_descriptors := -lprotobuf
fuzz_libs_grpc_server := $(GRPC_LIBS)
fuzz_libs_grpc_client := $(GRPC_LIBS)
fuzz_libs_deframe     := $(GRPC_LIBS)

PLUGIN := $(call fuzz_obj,$(filter $(B)/idl/% $(B)/gen/%,$(IDL_OBJECTS)))
$(B)/fuzz/plugin_fuzz: $(PLUGIN)
$(PLUGIN) $(B)/fuzz/obj/tests/fuzz/plugin_fuzz.o: | $(IDL_PB_C:.c=.h)

fuzz: $(FUZZERS)

# Two at a time; what one ended badly on is in $(B)/fuzz/run/NAME.
fuzz_run = $(Q)printf '%s\n' $(FUZZERS) | FUZZ_SECONDS=$(FUZZ_SECONDS) \
    xargs -P 2 -I FUZZER sh -c 'tests/fuzz/run.sh $(1) \
        $(B)/fuzz/run/$$(basename FUZZER _fuzz) FUZZER'

fuzz-run: $(FUZZERS)
	$(call fuzz_run,explore)

SUITES += fuzz
check-fuzz: $(FUZZERS)
	$(call fuzz_run,repeat)

.PHONY: fuzz fuzz-run

# ---------------------------------------------------------------- small --
# Both roles on base, wire, engine and the bytes codec: static memory, no heap,
# malloc a trap. A role is files that can be left out: neither names the other.

SMALL     := $(base) $(wire) $(engine) runtime/payload/bytes \
             $(call sources,tests/small)
SMALL_OBJ := $(SMALL:%=$(B)/small/%.o)

$(B)/small/%.o: %.c
	$(Q)mkdir -p $(@D)
	$(call say,CC)$(CC) -std=c11 -D_GNU_SOURCE $(WARN) $(CPPFLAGS) -Os \
	    -ffunction-sections -fdata-sections -MMD -MP -Iruntime -c -o $@ $<

$(B)/small/small: $(SMALL_OBJ)
	$(call say,LD)$(CC) -Wl,--gc-sections -o $@ $^

small: $(B)/small/small
	$(Q)! nm -u $(B)/small/runtime/engine/dce_server*.o | grep dce_client
	$(Q)! nm -u $(B)/small/runtime/engine/dce_client*.o | grep dce_server
	$(Q)$< | tee $(B)/small/output
	$(Q)size $<

SUITES += small
check-small: small
	$(Q)grep -v '^most' $(B)/small/output | diff tests/small/expected - && \
	    echo "ok small: both roles without a heap"

.PHONY: small

# `make V=1` shows the commands themselves.
ifneq ($(V),1)
Q   := @
say  = @printf '  %-4s %s\n' $(1) $@;
endif

FORCE:
.PHONY: demo install-idl install-lib all tests check lint format deps install uninstall \
        clean FORCE $(SUITES:%=check-%)
.SECONDARY:
.DELETE_ON_ERROR:
# Not those of the builds within it, which others may be writing just now.
-include $(shell find $(addprefix $(B)/,runtime idl server client tests gen \
    $(if $(filter %fuzz fuzz-run,$(MAKECMDGOALS)),fuzz) \
    $(if $(filter %small,$(MAKECMDGOALS)),small)) -name '*.d' 2>/dev/null)
