#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""worked.py CLIENT SERVER...: play the worked exchanges of PROTOCOL.md
section 9, a session each, against a server of calc.Calculator, and compare
its answers byte by byte. Then play the server of the first of them to CLIENT,
examples/calculator's, and compare what it sends.

The group that a bind_ack names and its secondary address are the server's own,
and what is left of a call's time is the client's.
"""

import re
import socket
import subprocess
import sys
import threading

import dce


def exchanges():
    """[(title, [(role, bytes)])]"""
    with open("PROTOCOL.md", encoding="utf-8") as file:
        text = file.read()
    section = text[text.index("\n## 9. "):text.index("\n## 10. ")]
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


# In the request of the first exchange.
REMAINING = slice(27, 31)


def serve(listener, pdus, failures):
    """The server's part, and how the client's bytes differ."""
    connection, _ = listener.accept()
    connection.settimeout(dce.TIMEOUT)
    with connection:
        for role, data in pdus:
            if role == "server":
                connection.sendall(data)
                continue
            got = bytearray()
            while len(got) < len(data):
                part = connection.recv(len(data) - len(got))
                if not part:
                    break
                got += part
            if data[2] == dce.REQUEST and len(got) == len(data):
                assert got[REMAINING][3] < 0x80  # the last of a varint
                got[REMAINING] = data[REMAINING]
            if got != data:
                failures.append("expected %s\ngot      %s" % (
                    data.hex(" "), got.hex(" ")))
        if connection.recv(1):
            failures.append("the client has more to say")


def check_client(program, pdus):
    failures = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(dce.TIMEOUT)
        thread = threading.Thread(target=serve,
                                  args=(listener, pdus, failures))
        thread.start()
        done = subprocess.run(
            [program, "ncacn_ip_tcp:127.0.0.1[%d]" % listener.getsockname()[1],
             "divide", "7", "2"], timeout=dce.TIMEOUT, check=False,
            capture_output=True, text=True)
        thread.join()
    assert not failures, failures
    assert done.returncode == 0, done
    assert re.search(r"\b3\b", done.stdout), done.stdout


def make(pdus):
    return lambda server: play(server, pdus)


if __name__ == "__main__":
    TESTS = {}
    EXCHANGES = exchanges()
    for _title, _pdus in EXCHANGES:
        TESTS["test_worked_exchange_" + _title.replace(" ", "_")] = \
            make(_pdus)
    TESTS["test_our_client_sends_the_first_exchange"] = \
        lambda _: check_client(sys.argv[1], EXCHANGES[0][1])
    dce.run(TESTS, sys.argv[2:])
