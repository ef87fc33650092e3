#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""worked.py SERVER...: play the worked exchanges of PROTOCOL.md
section 9, a session each, against a server of calc.Calculator, and compare
its answers byte by byte.

The group that a bind_ack names and its secondary address are the server's own.
"""

import re
import sys

import dce


def exchanges():
    """[(title, [(role, bytes)])]"""
    with open("PROTOCOL.md", encoding="utf-8") as file:
        text = file.read()
    section = text[text.index("## 9. "):]
    result = []
    for part in re.split(r"^### ", section, flags=re.M)[1:]:
        title, rest = part.split("\n", 1)
        block = re.search(r"^```\n(.*?)^```", rest, re.S | re.M).group(1)
        pdus = []
        for line in block.splitlines():
            if line.startswith(" "):
                pdus[-1][1].extend(bytes.fromhex(line.split("#")[0]))
            else:
                pdus.append((line.split()[0], bytearray()))
        result.append((title, [(role, bytes(data)) for role, data in pdus]))
    return result


def with_own(expected, got, port):
    """What is expected, with the server's own group and address in it."""
    if expected[2] not in (dce.BIND_ACK, dce.ALTER_CONTEXT_RESP):
        return expected
    size, = dce.LITTLE.unpack("H", expected, 24)
    address = expected[26:26 + size]
    rest = expected[(26 + size + 3) & ~3:]
    if address == b"4747\0":
        address = b"%d\0" % port
    body = expected[16:20] + got[20:24]
    body += dce.LITTLE.pack("H", len(address)) + address
    body += b"\0" * (-len(body) % 4)
    return dce.pdu(expected[2], body + rest, call=dce.LITTLE.unpack(
        "I", expected, 12)[0], flags=expected[3])


def play(server, pdus):
    with server.peer() as peer:
        for role, data in pdus:
            if role == "client":
                peer.send(data)
                continue
            answer = peer.receive()
            assert answer is not None, "end of the stream"
            expected = with_own(data, answer.data, server.port)
            assert answer.data == expected, (
                "expected %s\ngot      %s" % (
                    expected.hex(" "), answer.data.hex(" ")))
        if pdus[-1][1][2] == dce.BIND_NAK:
            peer.expect_end()


def make(pdus):
    return lambda server: play(server, pdus)


if __name__ == "__main__":
    TESTS = {}
    for _title, _pdus in exchanges():
        TESTS["test_worked_exchange_" + _title.replace(" ", "_")] = \
            make(_pdus)
    dce.run(TESTS, sys.argv[1:])
