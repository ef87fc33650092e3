#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""HTTP/2 and gRPC that are not well-formed against a live server, by h2 and by
hand; after each of them a normal call works."""

import gzip
import socket
import struct
import sys

import grpc
import h2.config
import h2.connection
import h2.events

import dce

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST, SETTINGS, PUSH, PING, GOAWAY, WINDOW, \
    CONTINUATION = range(10)
REQUEST = [(":method", "POST"), (":scheme", "http"),
           (":path", "/interop.Echo/Echo"), (":authority", "x"),
           ("te", "trailers"), ("content-type", "application/grpc")]


def frame(kind, flags=0, stream=0, payload=b""):
    return struct.pack(">I", len(payload))[1:] + \
        struct.pack(">BBI", kind, flags, stream) + payload


def framed(message, flag=0):
    return bytes([flag]) + len(message).to_bytes(4, "big") + message


def changed(**changes):
    """REQUEST with other values; None: without that field."""
    names = {name.replace("_", "-"): value for name, value in changes.items()}
    fields = [(n, names.pop(n.strip(":"), v)) for n, v in REQUEST]
    return [(n, v) for n, v in fields if v is not None] + \
        list(names.items())


class Peer:
    """A client by hand."""

    def __init__(self, server, greet=True):
        self.socket = socket.create_connection(server.tcp, dce.TIMEOUT)
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(
            header_encoding="utf-8", validate_outbound_headers=False,
            normalize_outbound_headers=False))
        self.headers, self.data, self.reset, self.goaway = {}, b"", None, None
        self.ended = False
        if greet:
            self.h2.initiate_connection()
            self.flush()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def flush(self):
        self.socket.sendall(self.h2.data_to_send())

    def send(self, data):
        try:
            self.socket.sendall(data)
        except OSError:
            pass

    def take(self, event):
        if isinstance(event, (h2.events.ResponseReceived,
                              h2.events.TrailersReceived)):
            self.headers.update(event.headers)
        elif isinstance(event, h2.events.DataReceived):
            self.data += event.data
            self.h2.acknowledge_received_data(
                event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.StreamEnded):
            self.ended = True
        elif isinstance(event, h2.events.StreamReset):
            self.reset = self.reset or event.error_code
        elif isinstance(event, h2.events.ConnectionTerminated):
            self.goaway = event.error_code

    def until(self, condition):
        """Read until there is what is waited for, or the end."""
        while not condition():
            try:
                data = self.socket.recv(65536)
            except ConnectionResetError:
                return
            if not data:
                return
            for event in self.h2.receive_data(data):
                self.take(event)
            self.send(self.h2.data_to_send())

    def ask(self, fields=REQUEST, data=framed(b"hello"), end=True):
        self.h2.send_headers(1, fields, end_stream=data is None)
        if data is not None:
            self.h2.send_data(1, data, end_stream=end)
        self.flush()
        self.until(lambda: self.ended or self.reset is not None)
        return self.headers


def code(headers):
    return int(headers["grpc-status"])


def refused(server, expected, *arguments, **named):
    with Peer(server) as peer:
        headers = peer.ask(*arguments, **named)
        assert code(headers) == expected, headers
        return headers


def pour(server, *pieces):
    """Send, and wait until the connection has ended for it, or for our end."""
    with Peer(server) as peer:
        for piece in pieces:
            peer.send(piece)
        try:
            peer.socket.shutdown(socket.SHUT_WR)
        except OSError:
            return
        peer.until(lambda: False)


# ----------------------------------------------------------------- gRPC --

def test_a_good_call_by_hand(server):
    with Peer(server) as peer:
        headers = peer.ask()
        assert code(headers) == 0 and peer.data == framed(b"hello")
        assert headers["content-type"] == "application/grpc"
        assert "gzip" in headers["grpc-accept-encoding"]


def test_a_call_in_single_bytes(server):
    with Peer(server, greet=False) as peer:
        peer.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        peer.h2.initiate_connection()
        peer.h2.send_headers(1, REQUEST)
        for byte in framed(b"hello"):
            peer.h2.send_data(1, bytes([byte]))
        peer.h2.end_stream(1)
        for byte in peer.h2.data_to_send():
            peer.send(bytes([byte]))
        peer.until(lambda: peer.ended)
        assert peer.data == framed(b"hello")


def test_without_authority_and_with_an_odd_one(server):
    for authority in (None, "", "unix:%2Frun%2Fx", "a b"):
        with Peer(server) as peer:
            assert code(peer.ask(changed(authority=authority))) == 0, authority


def test_padded_data(server):
    with Peer(server) as peer:
        peer.h2.send_headers(1, REQUEST)
        peer.h2.send_data(1, framed(b"hello"), end_stream=True, pad_length=99)
        peer.flush()
        peer.until(lambda: peer.ended)
        assert peer.data == framed(b"hello")


def test_what_is_not_grpc(server):
    for fields, status in (
            (changed(method="GET"), "405"),
            (changed(content_type="text/plain"), "415"),
            (changed(content_type="application/grpc-web"), "415"),
            (changed(content_type=None), "415")):
        with Peer(server) as peer:
            assert peer.ask(fields)[":status"] == status, fields


def test_another_codec_and_another_encoding(server):
    refused(server, 12, changed(content_type="application/grpc+json"))
    headers = refused(server, 12, changed(grpc_encoding="br"))
    assert headers["grpc-accept-encoding"] == "identity,gzip"


def test_paths(server):
    for path in ("/", "//", "/interop.Echo", "/interop.Echo/", "x",
                 "/interop.Echo/Echo/", "/interop.Echo/echo", "*",
                 "/" + "a" * 3000 + "/b"):
        refused(server, 12, changed(path=path))


def test_timeouts(server):
    for timeout in ("", "1", "S", "123456789S", "1s", "-1S"):
        refused(server, 13, changed(grpc_timeout=timeout))
    with Peer(server) as peer:
        assert code(peer.ask(changed(grpc_timeout="99999999H"))) == 0
    refused(server, 4, changed(path="/interop.Echo/Hold", grpc_timeout="1n"))
    refused(server, 4, changed(grpc_timeout="1m"), framed(b"x")[:3], False)
    with grpc.insecure_channel("127.0.0.1:%d" % server.port) as channel:
        channel.unary_unary("/interop.Echo/Release")(b"", timeout=dce.TIMEOUT)


def test_messages(server):
    refused(server, 13, data=b"")                       # none
    refused(server, 13, data=None)
    refused(server, 13, data=framed(b"a") + framed(b"b"))
    refused(server, 13, data=framed(b"a") + framed(b"b"), end=False)
    refused(server, 13, data=framed(b"a")[:3])          # cut
    refused(server, 13, data=framed(b"abc")[:-1])
    refused(server, 13, data=framed(b"abc", 2))         # a flag of its own
    refused(server, 13, data=framed(b"abc", 1))         # compressed, how?
    refused(server, 13, changed(grpc_encoding="gzip"), framed(b"abc", 1))


def test_messages_are_compressed_as_the_manager_says(server):
    takes = [("grpc-accept-encoding", "identity, gzip")]
    for fields, flag, expected in (
            (takes, b"1", (1, "gzip", b"n" * 32)),
            (takes, b"0", (0, "gzip", b"n" * 32)),
            ([], b"1", (0, None, b"n" * 32)),
            (takes + [("grpc-encoding", "gzip")], b"1", (1, "gzip", b"y" * 32)),
            (takes + [("grpc-encoding", "gzip")], b"0", (0, "gzip", b"y" * 32))):
        packed = ("grpc-encoding", "gzip") in fields
        with Peer(server) as peer:
            headers = peer.ask(
                changed(path="/interop.Echo/Pack") + fields,
                framed(gzip.compress(flag) if packed else flag, packed))
            body = peer.data[5:]
            if peer.data[0]:
                body = gzip.decompress(body)
            assert (peer.data[0], headers.get("grpc-encoding"), body) == \
                expected, (fields, flag, headers, peer.data)


def test_announced_gigabytes_are_refused_at_once(server):
    for size in (0x00500000, 0x7fffffff, 0xffffffff):
        headers = refused(server, 8, data=b"\0" + struct.pack(">I", size),
                          end=False)
        assert headers["becket-not-executed"] == "1"


def test_too_many_announced_at_once(server):
    with Peer(server) as peer:
        peer.until(lambda: peer.h2.remote_settings.max_concurrent_streams
                   < 1000)
        for stream in range(1, 41, 2):
            peer.h2.send_headers(stream, REQUEST)
            peer.h2.send_data(stream, b"\0" + struct.pack(">I", 4000000))
        peer.flush()
        peer.until(lambda: peer.ended)
        assert code(peer.headers) == 8


def test_metadata_over_the_limit(server):
    refused(server, 8, REQUEST + [("a", "b" * 9000)])
    refused(server, 8, REQUEST + [("a%d" % i, "b") for i in range(300)])


def test_values_that_could_split(server):
    for value in ("a\r\nb", "a\0b", "a\nb: c"):
        with Peer(server) as peer:
            peer.ask(REQUEST + [("x", value)])
            assert peer.reset == 1, peer.headers


# --------------------------------------------------------------- HTTP/2 --

def test_malformed_requests_are_reset(server):
    for fields in (changed(path=None), changed(scheme=None),
                   changed(method=None), REQUEST + [(":path", "/a/b")],
                   REQUEST + [("connection", "close")],
                   REQUEST + [(":late", "x")], [("a", "b")] + REQUEST,
                   changed(te="gzip"), REQUEST + [("Upper", "x")]):
        with Peer(server) as peer:
            peer.ask(fields)
            assert peer.reset == 1, (fields, peer.headers)


def test_frames_out_of_place(server):
    for piece in (
            frame(DATA, 0, 0, b"x"), frame(HEADERS, 4, 0, b"\x82"),
            frame(HEADERS, 4, 2, b"\x82"), frame(DATA, 0, 1, b"x"),
            frame(SETTINGS, 0, 1), frame(SETTINGS, 0, 0, b"12345"),
            frame(SETTINGS, 1, 0, b"123456"), frame(PING, 0, 0, b"short"),
            frame(PING, 0, 1, bytes(8)), frame(RST, 0, 0, bytes(4)),
            frame(RST, 0, 1, bytes(4)), frame(WINDOW, 0, 0, bytes(4)),
            frame(WINDOW, 0, 0, b"\x7f\xff\xff\xff"),
            frame(CONTINUATION, 4, 1, b"x"), frame(PUSH, 4, 1, bytes(5)),
            frame(GOAWAY, 0, 1, bytes(8)), frame(GOAWAY, 0, 0, b"x"),
            frame(HEADERS, 4, 1, b"\xff\xff\xff\xff\xff\xff"),
            frame(HEADERS, 0x0c, 1, b"\xff\x82"),
            frame(HEADERS, 0, 1, b"\x82") + frame(PING, 0, 0, bytes(8)),
            frame(SETTINGS, 0, 0, struct.pack(">HI", 4, 1 << 31)),
            b"\xff\xff\xff" + frame(PING)[3:]):
        pour(server, piece)


def test_unknown_frames_and_settings_are_ignored(server):
    with Peer(server) as peer:
        peer.send(frame(0x7f, 0xff, 0, b"whatever"))
        peer.send(frame(SETTINGS, 0, 0, struct.pack(">HI", 0x99, 7)))
        assert code(peer.ask()) == 0


def test_neither_protocol(server):
    for noise in (b"GET / HTTP/1.1\r\n\r\n", b"PRI * HTTP/3.0\r\n\r\n",
                  b"\x16\x03\x01\x02\x00", b"\0", PREFACE[:20] + b"XXXX"):
        with socket.create_connection(server.tcp, dce.TIMEOUT) as peer:
            peer.sendall(noise)
            assert peer.recv(100) == b""


def test_a_preface_alone_and_half_of_it(server):
    for size in range(len(PREFACE) + 1):
        with socket.create_connection(server.tcp, dce.TIMEOUT) as peer:
            peer.sendall(PREFACE[:size])
            peer.shutdown(socket.SHUT_WR)
            while peer.recv(1000):
                pass


# --------------------------------------------------------------- floods --

def test_rapid_resets(server):
    with Peer(server) as peer:
        for stream in range(1, 20001, 2):
            peer.h2.send_headers(stream, REQUEST)
            peer.h2.reset_stream(stream, 8)
            if stream % 1000 == 1:
                peer.send(peer.h2.data_to_send())
        peer.send(peer.h2.data_to_send())
        peer.until(lambda: peer.goaway is not None)
        assert peer.goaway is not None


def test_pings(server):
    with Peer(server) as peer:
        peer.send(frame(PING, 0, 0, bytes(8)) * 200)
        peer.until(lambda: peer.goaway is not None)
        assert peer.goaway == 11, peer.goaway


def test_settings_and_continuations(server):
    pour(server, *[frame(SETTINGS) * 100] * 100)
    pour(server, frame(HEADERS, 0, 1, b"\x82"),
              *[frame(CONTINUATION, 0, 1, b"\0\1a\1b") * 100] * 100)


def test_a_window_that_never_opens(server):
    with Peer(server, greet=False) as peer:
        peer.h2.update_settings({4: 0})
        peer.h2.initiate_connection()
        for stream in range(1, 101, 2):
            peer.h2.send_headers(stream, REQUEST)
            peer.h2.send_data(stream, framed(b"hello"), end_stream=True)
        peer.flush()
        peer.until(lambda: peer.headers)


class Good:
    """Makes a normal call after each test."""

    def __init__(self, test):
        self.test = test

    def __call__(self, server):
        self.test(server)
        with grpc.insecure_channel("127.0.0.1:%d" % server.port) as channel:
            echo = channel.unary_unary("/interop.Echo/Echo")
            assert echo(b"good", timeout=dce.TIMEOUT) == b"good"


if __name__ == "__main__":
    dce.run({name: Good(test) for name, test in list(globals().items())
             if name.startswith("test_")}, [sys.argv[1]] + dce.LISTEN)
