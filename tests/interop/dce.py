# SPDX-License-Identifier: MIT
"""PDUs of connection-oriented DCE/RPC, written for the tests alone and from
PROTOCOL.md alone, so that a mistake of the library is not made twice. Also the
server under test, and TAP.
"""

import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import traceback
import unittest
import uuid

TIMEOUT = 20

REQUEST, RESPONSE, FAULT = 0, 2, 3
BIND, BIND_ACK, BIND_NAK = 11, 12, 13
ALTER_CONTEXT, ALTER_CONTEXT_RESP, AUTH3 = 14, 15, 16
SHUTDOWN, CO_CANCEL, ORPHANED = 17, 18, 19

FIRST, LAST, PENDING_CANCEL, CONC_MPX = 0x01, 0x02, 0x04, 0x10
DID_NOT_EXECUTE, MAYBE, OBJECT = 0x20, 0x40, 0x80

BECKET = ("857a7d2a-712b-415f-8668-f858323b0a44", 1, 0)
NDR = ("8a885d04-1ceb-11c9-9fe8-08002b104860", 2, 0)
NDR64 = ("71710533-beba-4937-8319-b5dbef9ccc36", 1, 0)
MGMT = ("afa8bd80-7d8a-11c9-bef4-08002b102989", 1, 0)
ECHO = ("b8a1f0a4-6f2e-4c58-9c3f-1d0c2e4b7a61", 1, 2)
OTHER = ("3c9d5c0e-2a53-4f7e-8a16-5f7b0d9e6c22", 3, 0)
NOBODY = ("00000000-0000-4000-8000-000000000001", 1, 0)

OP_RNG, UNK_IF, PROTO_ERROR = 0x1C010002, 0x1C010003, 0x1C01000B
BAD_STUB_DATA, ACCESS_DENIED, NO_CALL_ACTIVE = 0x6F7, 5, 0x6BD


def features(bits):
    return ("6cb71c2c-9812-4540-%02x00-000000000000" % bits, 1, 0)


class Order:
    """How a sender lays integers and UUIDs out."""

    def __init__(self, big=False):
        self.big = big
        self.mark = ">" if big else "<"
        self.drep = b"\0\0\0\0" if big else b"\x10\0\0\0"

    def pack(self, layout, *values):
        return struct.pack(self.mark + layout, *values)

    def unpack(self, layout, data, offset=0):
        return struct.unpack_from(self.mark + layout, data, offset)

    def uuid(self, text):
        value = uuid.UUID(text)
        return value.bytes if self.big else value.bytes_le

    def syntax(self, syntax):
        return self.uuid(syntax[0]) + self.pack(
            "I", syntax[2] << 16 | syntax[1])


LITTLE, BIG = Order(), Order(big=True)


def pdu(kind, body=b"", call=1, flags=FIRST | LAST, order=LITTLE, size=None,
        version=(5, 0), drep=None, auth=0):
    size = 16 + len(body) if size is None else size
    return (struct.pack("BBBB", version[0], version[1], kind, flags) +
            (order.drep if drep is None else drep) +
            order.pack("HHI", size, auth, call) + body)


def bind(*elements, kind=BIND, xmit=65528, recv=65528, group=0, order=LITTLE,
         **rest):
    """elements: (id, interface, [transfer syntaxes])"""
    body = order.pack("HHIBxxx", xmit, recv, group, len(elements))
    for number, interface, syntaxes in elements:
        body += order.pack("HBx", number, len(syntaxes))
        body += order.syntax(interface)
        body += b"".join(order.syntax(s) for s in syntaxes)
    return pdu(kind, body, order=order, **rest)


def alter(*elements, **rest):
    return bind(*elements, kind=ALTER_CONTEXT, **rest)


def request(opnum, stub=b"", context=0, hint=None, object_=None, order=LITTLE,
            flags=FIRST | LAST, **rest):
    body = order.pack("IHH", len(stub) if hint is None else hint, context,
                      opnum)
    if object_:
        flags |= OBJECT
        body += order.uuid(object_)
    return pdu(REQUEST, body + stub, flags=flags, order=order, **rest)


class Pdu:
    """One that has been received."""

    def __init__(self, data):
        self.data = data
        self.order = BIG if data[4] == 0 else LITTLE
        self.kind, self.flags = data[2], data[3]
        unpack = self.order.unpack
        self.size, self.auth, self.call = unpack("HHI", data, 8)
        if self.kind == FAULT:
            self.hint, self.context, self.status = unpack("IHxxI", data, 16)
            self.stub = data[32:]
        elif self.kind == RESPONSE:
            self.hint, self.context = unpack("IH", data, 16)
            self.stub = data[24:]
        elif self.kind in (BIND_ACK, ALTER_CONTEXT_RESP):
            self.decode_bind_ack(data)
        elif self.kind == BIND_NAK:
            self.reason, = unpack("H", data, 16)

    def decode_bind_ack(self, data):
        unpack = self.order.unpack
        self.xmit, self.recv, self.group, size = unpack("HHIH", data, 16)
        self.address = data[26:26 + size]
        at = (26 + size + 3) & ~3
        count = data[at]
        self.results = [unpack("HH", data, at + 4 + 24 * i)
                        for i in range(count)]
        self.syntaxes = [data[at + 8 + 24 * i:at + 28 + 24 * i]
                         for i in range(count)]
        assert len(data) == at + 4 + 24 * count, "size of a bind_ack"


class Peer:
    """A connection that speaks bytes."""

    def __init__(self, address):
        kind = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
        self.socket = socket.socket(kind)
        self.socket.settimeout(TIMEOUT)
        self.socket.connect(address)
        self.data = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, *pdus):
        self.socket.sendall(b"".join(pdus))

    def fill(self):
        part = self.socket.recv(65536)
        self.data += part
        return len(part) > 0

    def receive(self):
        """The next PDU; None at the end of the stream."""
        while len(self.data) < 16:
            if not self.fill():
                assert not self.data, "the stream ends within a header"
                return None
        order = BIG if self.data[4] == 0 else LITTLE
        size, = order.unpack("H", self.data, 8)
        while len(self.data) < size:
            assert self.fill(), "the stream ends within a PDU"
        data, self.data = self.data[:size], self.data[size:]
        return Pdu(data)

    def ask(self, *pdus):
        self.send(*pdus)
        return self.receive()

    def bind(self, interface=ECHO, syntax=BECKET, context=0, **rest):
        answer = self.ask(bind((context, interface, [syntax]), **rest))
        assert answer.kind == BIND_ACK, "kind %d" % answer.kind
        assert answer.results == [(0, 0)], answer.results
        return answer

    def reply(self):
        """A response, put together of its fragments."""
        stub = b""
        while True:
            part = self.receive()
            assert part is not None, "end of the stream, no response"
            assert part.kind == RESPONSE, (
                "kind %d, status %#x" % (part.kind, getattr(part, "status", 0)))
            assert bool(part.flags & FIRST) == (stub == b""), "FIRST"
            stub += part.stub
            if part.flags & LAST:
                return stub

    def call(self, opnum, stub=b"", **rest):
        """Over our transfer syntax: one byte of flags."""
        self.send(request(opnum, b"\0" + stub, **rest))
        answer = self.reply()
        assert answer[:1] == b"\0", "flags of the response"
        return answer[1:]

    def fault(self, *pdus):
        answer = self.ask(*pdus)
        assert answer is not None, "end of the stream, no fault"
        assert answer.kind == FAULT, "kind %d" % answer.kind
        return answer

    def expect_end(self):
        """The server closes in good order: end of stream, no reset."""
        answer = self.receive()
        assert answer is None, "kind %d, no end" % answer.kind


class Server:
    """A program under test: it says where it listens, a line each, and then
    "ready". The end of its input ends it, becketd ends with SIGTERM.
    """

    def __init__(self, command, directory):
        self.directory = directory
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=dict(os.environ, BECKET_NCALRPC_DIR=directory),
            stderr=None if os.environ.get("V") else subprocess.DEVNULL)
        self.bindings = []
        for line in self.process.stdout:
            if line == "ready\n":
                break
            self.bindings.append(line.split()[-1])
        else:
            raise RuntimeError("the server did not start")
        tcp = [b for b in self.bindings if b.startswith("ncacn_ip_tcp")][0]
        self.port = int(tcp[tcp.index("[") + 1:-1])
        self.tcp = ("127.0.0.1", self.port)
        self.local = os.path.join(directory, "interop")

    def peer(self, local=False):
        return Peer(self.local if local else self.tcp)

    def bound(self, **rest):
        peer = self.peer()
        peer.bind(**rest)
        return peer

    def stop(self):
        if self.process.args[0].endswith("becketd"):
            self.process.send_signal(signal.SIGTERM)
        self.process.stdin.close()
        status = self.process.wait(TIMEOUT)
        assert status == 0, "the server ended with status %d" % status


LISTEN = ["ncacn_ip_tcp:127.0.0.1", "ncalrpc:[interop]"]


def check(name, function, *arguments):
    """Say how function ends. True: well."""
    try:
        function(*arguments)
        print("ok " + name)
    except unittest.SkipTest as why:
        print("ok %s # SKIP %s" % (name, why))
    except Exception:  # every way to fail is one
        for line in traceback.format_exc().splitlines():
            print("# " + line)
        print("not ok " + name)
        return False
    finally:
        sys.stdout.flush()
    return True


def run(tests, command):
    """Run tests(server) and say TAP; the tests are the functions of a module
    whose names begin with test_."""
    failed = 0
    with tempfile.TemporaryDirectory() as directory:
        server = Server(command, directory)
        for name, function in list(tests.items()):
            if name.startswith("test_"):
                failed += not check(name[5:], function, server)
        failed += not check("the_server_ends_in_good_order", server.stop)
    sys.exit(1 if failed else 0)
