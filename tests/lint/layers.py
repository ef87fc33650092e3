#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Does every room include only from itself and from those it stands on?

Includes are rooted ("engine/session.h"); angle brackets are for the system.
"""

import os
import re
import subprocess
import sys

PUBLIC = {"becket.h", "becket_stub.h", "becket_module.h", "becket_grpc.h"}
# The headers that becket.h is made of, and that are installed with it.
BASE_PUBLIC = {"base/" + name + ".h"
               for name in ("bytes", "limits", "memory", "status", "uuid")}

PURE = {"base", "wire", "engine"}
# What the pure rooms may have of C: headers without I/O, clock or allocator.
PURE_SYSTEM = {"limits.h", "stdbool.h", "stddef.h", "stdint.h", "string.h",
               "stdalign.h", "stdarg.h", "inttypes.h"}

# Room -> rooms it may include from, besides itself.
ROOMS = {
    "base": set(),
    "wire": {"base"},
    "engine": {"wire", "base"},
    "payload": {"wire", "base"},
    "stub": {"payload", "engine", "wire", "base"},
    "io": {"stub", "payload", "engine", "wire", "base"},
    "grpc": {"engine", "wire", "base"},
    "services": {"grpc", "engine", "wire", "base"},
}

# What `becket` has of the compiler.
CLIENT_BORROWS = {"becket_stub.h"} | {
    "idl/" + name + ".h" for name in (
        "identity", "place", "process", "stream", "text", "values")}

INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^">]+)[">]')


def is_generated(name):
    """A header that becketc or protobuf-c writes."""
    return name.endswith((".becket.h", ".pb-c.h")) or name.startswith("gen/")


def room_of(path):
    parts = path.split("/")
    if parts[0] == "runtime":
        return parts[1] if len(parts) > 2 else "public"
    return parts[0]


def may(room, path, name):
    """May a file of this room include "name"?"""
    target = name.split("/")[0] if "/" in name else ""
    if room == "public":
        return name in PUBLIC | BASE_PUBLIC
    if room in ROOMS:
        if target in ROOMS[room] or target == room:
            return True
        if path.startswith("runtime/base/"):
            return name in ("status.def", "status.h")
        if room in PURE:
            return False
        # payload, stub and io implement what the public headers declare.
        return name in PUBLIC or (room in ("io", "services") and
                                  is_generated(name))
    if room == "idl":
        return target in ("idl", "base", "wire") or is_generated(name) or \
            "/" not in name and os.path.exists("idl/" + name)
    if room == "gen":
        return name == "becket_stub.h" or is_generated(name)
    # The daemon is the endpoint mapper, which speaks NDR.
    if room == "server" and (target in ("wire", "base") or
                             name == "becket_stub.h"):
        return True
    # The tool describes interfaces at run time, as the compiler does.
    if room == "client" and (target in ("wire", "base") or
                             name in CLIENT_BORROWS):
        return True
    if room in ("client", "examples", "server"):
        beside = os.path.join(os.path.dirname(path), name)
        own = any(os.path.exists(file) and room_of(file) == room
                  for file in (beside, name))
        return own or name in ("becket.h", "becket_module.h",
                                          "becket_grpc.h") or \
            is_generated(name)
    return True  # tests see everything


def main():
    files = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard",
         "*.c", "*.h", "*.def"],
        capture_output=True, text=True, check=True).stdout.split()
    broken = 0
    for path in files:
        room = room_of(path)
        if not os.path.exists(path):
            continue
        with open(path, encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                match = INCLUDE.match(line)
                if not match:
                    continue
                kind, name = match.groups()
                if kind == "<":
                    bad = room in PURE and name not in PURE_SYSTEM
                else:
                    bad = not may(room, path, name)
                if bad:
                    broken += 1
                    print("%s:%d: %s must not include %s" % (
                        path, number, room, name))
    sys.exit(1 if broken else 0)


main()
