# SPDX-License-Identifier: MIT
#
# One makefile for the whole house. Everything built goes under $(B); nothing
# is written next to a source file except gen/, and that only by `make gen`.

B       ?= build
CC      ?= cc
AR      ?= ar
CFLAGS  ?= -O2 -g
PREFIX  ?= /usr/local
VERSION := 0.1.0
SOMAJOR := 0

WARN  := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wmissing-prototypes \
         -Wvla -Wwrite-strings -Wformat=2 -Wstrict-prototypes
FLAGS := -std=c11 -D_GNU_SOURCE $(WARN) $(CFLAGS) $(CPPFLAGS) -fPIC \
         -fvisibility=hidden -MMD -MP -Iruntime -I. -Igen -I$(B)/gen
LIBS  := -lprotobuf-c -lpthread
ifdef SAN
FLAGS   += -fsanitize=$(SAN) -fno-omit-frame-pointer
LDFLAGS += -fsanitize=$(SAN)
endif

# The rooms, bottom up. `make layers` lets a file include from its own room
# and from those it stands on.
sources   = $(patsubst %.c,%,$(wildcard $(1)/*.c))
base     := $(call sources,runtime/base)
wire     := $(call sources,runtime/wire)
engine   := $(call sources,runtime/engine)
payload  := $(call sources,runtime/payload)
stub     := $(call sources,runtime/stub)
io       := $(call sources,runtime/io)
idl      := $(call sources,idl)
tests    := $(call sources,tests/unit)

obj      = $(1:%=$(B)/%.o)
PURE    := $(call obj,$(base) $(wire) $(engine))
RUNTIME := $(PURE) $(call obj,$(payload) $(stub) $(io))
TESTS   := $(tests:%=$(B)/%)

all: $(B)/libbecket.a

$(B)/libbecket.a: $(RUNTIME)
	$(Q)rm -f $@
	$(call say,AR)$(AR) rcs $@ $^

$(B)/%.o: %.c
	$(Q)mkdir -p $(@D)
	$(call say,CC)$(CC) $(FLAGS) -c -o $@ $<

$(TESTS): $(B)/%: $(B)/%.o $(B)/libbecket.a
	$(call say,LD)$(CC) $(LDFLAGS) -o $@ $^ -lcmocka $(LIBS)

check: $(TESTS)
	$(Q)for t in $(TESTS); do echo "$$t"; $$t || exit 1; done

clean:
	$(Q)rm -rf $(B)

# `make V=1` shows the commands themselves.
ifneq ($(V),1)
Q   := @
say  = @printf '  %-4s %s\n' $(1) $@;
endif

.PHONY: all check clean
.SECONDARY:
-include $(RUNTIME:.o=.d) $(TESTS:=.d)
