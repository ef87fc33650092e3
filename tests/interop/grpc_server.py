#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A client of ours against servers that know nothing of Becket: grpcio, and
one by hand that does not even speak gRPC well."""

import concurrent.futures
import gzip
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time

import grpc
import h2.config
import h2.connection
import h2.events
import h2.exceptions

import dce

NOT_SENT, MAYBE, EXECUTED = 0, 1, 2
CALL_FAILED_DNE, CALL_FAILED, CANCELLED = 1727, 1726, 1818


class Caller:
    """tests/interop/caller: a call a line."""

    def __init__(self, command, *arguments):
        self.process = subprocess.Popen(
            [command, *arguments], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        assert self.process.wait(dce.TIMEOUT) == 0

    def call(self, opnum, message=b"", timeout=dce.TIMEOUT * 1000):
        self.process.stdin.write(
            "%d %d %s\n" % (opnum, timeout, message.hex()))
        self.process.stdin.flush()
        line = self.process.stdout.readline().rstrip("\n")
        status, outcome, data, sentence = line.split(" ", 3)
        data = b"" if data == "-" else bytes.fromhex(data)
        return int(status), int(outcome), data, sentence


class Service(grpc.GenericRpcHandler):
    def __init__(self):
        self.cancelled = threading.Event()
        self.seen = {}

    def service(self, details):
        self.seen = dict(details.invocation_metadata)
        routine = {"/interop.Echo/Echo": self.echo,
                   "/interop.Echo/Fill": self.fill,
                   "/interop.Echo/Fail": self.fail,
                   "/interop.Echo/Hold": self.hold}.get(details.method)
        return routine and grpc.unary_unary_rpc_method_handler(routine)

    def echo(self, request, context):
        self.left = context.time_remaining()
        return request

    def fill(self, request, context):
        context.set_compression(grpc.Compression.Gzip)
        return bytes(int.from_bytes(request, "little"))

    def fail(self, request, context):
        code = [c for c in grpc.StatusCode if c.value[0] == request[0]][0]
        context.set_trailing_metadata((("x-bin", b"\0\xff"), ("x", "y")))
        context.abort(code, request[1:].decode())

    def hold(self, request, context):
        context.add_callback(self.cancelled.set)
        self.cancelled.wait(dce.TIMEOUT)
        return b""


class GrpcServer:
    def __init__(self):
        self.service = Service()
        self.server = grpc.server(
            concurrent.futures.ThreadPoolExecutor(4), [self.service],
            options=[("grpc.max_receive_message_length", 1 << 20)])
        self.port = self.server.add_insecure_port("127.0.0.1:0")
        self.directory = tempfile.TemporaryDirectory()
        self.path = os.path.join(self.directory.name, "socket")
        self.server.add_insecure_port("unix:" + self.path)
        self.server.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.stop(0).wait()
        self.directory.cleanup()


def grpc_peer(command, *arguments):
    server = GrpcServer()
    caller = Caller(command, "grpc_ip_tcp:127.0.0.1[%d]" % server.port,
                    *arguments)
    return server, caller


def test_calls_of_a_foreign_server(command):
    server, caller = grpc_peer(command)
    with server, caller:
        for i in range(20):
            message = b"%d" % i * i
            assert caller.call(0, message)[:3] == (0, EXECUTED, message)


def test_a_server_at_a_path(command):
    with GrpcServer() as server:
        with Caller(command, "grpc_unix:[%s]" % server.path) as caller:
            assert caller.call(0, b"x")[:3] == (0, EXECUTED, b"x")
    with Caller(command, "grpc_unix:[%s]" % server.path) as caller:
        status, outcome, _, sentence = caller.call(0, b"x")
        assert (status, outcome) == (1722, NOT_SENT) and server.path in sentence


def test_what_is_told_the_server(command):
    server, caller = grpc_peer(command)
    with server, caller:
        caller.call(0, b"", 5000)
        assert 3 < server.service.left < 5.1, server.service.left
        assert server.service.seen["user-agent"].startswith("grpc-c-becket")


def test_every_code(command):
    statuses = {1: 1818, 2: 1726, 3: 87, 4: 0x42000104, 5: 0x42000105,
                6: 0x42000106, 7: 5, 8: 1721, 9: 0x42000109, 10: 0x4200010a,
                11: 0x4200010b, 12: 0x42000004, 13: 0x4200010d, 14: 1722,
                15: 0x4200010f, 16: 0x42000110}
    server, caller = grpc_peer(command)
    with server, caller:
        for code, expected in statuses.items():
            text = "code %d: \u00e4%% \u20ac" % code
            status, outcome, _, sentence = caller.call(
                2, bytes([code]) + text.encode())
            assert status == expected, (code, status)
            assert outcome == MAYBE, outcome
            assert text in sentence, sentence


def test_large_and_packed_responses(command):
    server, caller = grpc_peer(command)
    with server, caller:
        size = (3 << 20).to_bytes(4, "little")
        status, _, data, _ = caller.call(1, size)
        assert status == 0 and data == bytes(3 << 20)


def test_packed_requests(command):
    server, caller = grpc_peer(command, "compress")
    with server, caller:
        for message in b"", b"x", b"again and " * 1000:
            assert caller.call(0, message)[:3] == (0, EXECUTED, message)


def test_a_response_over_the_limit(command):
    server, caller = grpc_peer(command)
    with server, caller:
        size = (70 << 20).to_bytes(4, "little")
        status, _, _, sentence = caller.call(1, size)
        assert status == 0x42000006, sentence
        assert caller.call(0, b"after")[2] == b"after"


def test_a_request_over_the_servers_limit(command):
    server, caller = grpc_peer(command)
    with server, caller:
        status, _, _, sentence = caller.call(0, bytes(2 << 20))
        assert status == 1721, sentence
        assert caller.call(0, b"after")[2] == b"after"


def test_a_method_that_is_not_there(command):
    server, caller = grpc_peer(command)
    with server, caller:
        assert caller.call(3)[0] == 0x42000004


def test_a_deadline_ends_the_call_at_both_ends(command):
    server, caller = grpc_peer(command)
    with server, caller:
        started = time.monotonic()
        status, outcome, _, _ = caller.call(4, b"", 200)
        assert time.monotonic() - started < 5
        assert (status, outcome) == (CANCELLED, MAYBE)
        assert server.service.cancelled.wait(dce.TIMEOUT)


def test_a_server_that_restarts(command):
    server, caller = grpc_peer(command)
    with caller:
        with server:
            assert caller.call(0, b"1")[2] == b"1"
        status, outcome, _, sentence = caller.call(0, b"2")
        assert (status, outcome) == (1722, NOT_SENT), sentence


# ------------------------------------------------------- servers by hand --

class HandServer(threading.Thread):
    """answer(connection, stream) as soon as a request is complete, with h2
    that checks nothing it sends."""

    def __init__(self, answer, settings=None):
        super().__init__(daemon=True)
        self.answer = answer
        self.settings = settings
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.headers = None
        self.ended_by = None
        self.start()

    def run(self):
        while True:
            try:
                peer = self.listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self.serve_one, args=(peer,),
                             daemon=True).start()

    def serve_one(self, peer):
        try:
            self.serve(peer)
        except (OSError, h2.exceptions.ProtocolError):
            pass  # the latter: what still came after a GOAWAY of ours

    def serve(self, peer):
        with peer:
            peer.settimeout(dce.TIMEOUT)
            connection = h2.connection.H2Connection(h2.config.H2Configuration(
                client_side=False, header_encoding="utf-8",
                validate_outbound_headers=False,
                normalize_outbound_headers=False))
            connection.initiate_connection()
            peer.sendall(connection.data_to_send())
            while data := peer.recv(65536):
                for event in connection.receive_data(data):
                    self.take(peer, connection, event)
                peer.sendall(connection.data_to_send())

    def take(self, peer, connection, event):
        if isinstance(event, h2.events.RequestReceived):
            self.headers = dict(event.headers)
            self.ended_by = "HEADERS" if event.stream_ended else "DATA"
            self.data = b""
        if isinstance(event, h2.events.DataReceived):
            self.data += event.data
            connection.acknowledge_received_data(
                event.flow_controlled_length, event.stream_id)
        if isinstance(event, h2.events.StreamEnded):
            self.answer(connection, event.stream_id)

    def close(self):
        self.listener.close()


HEAD = [(":status", "200"), ("content-type", "application/grpc")]
OK = [("grpc-status", "0")]


def ask(command, answer, message=b"x", again=None, *arguments, options=""):
    server = HandServer(answer)
    with Caller(command, "grpc_ip_tcp:127.0.0.1[%d%s]" % (
            server.port, options), *arguments) as caller:
        result = caller.call(0, message)
        if again is not None:
            assert caller.call(0, again)[0] == 0
    server.close()
    return server, result


def framed(message, flag=0):
    return bytes([flag]) + len(message).to_bytes(4, "big") + message


def good(connection, stream):
    connection.send_headers(stream, HEAD)
    connection.send_data(stream, framed(b"yes"))
    connection.send_headers(stream, OK, end_stream=True)


def test_the_request_ends_with_data(command):
    server, result = ask(command, good)
    assert result[:3] == (0, EXECUTED, b"yes"), result
    assert server.ended_by == "DATA"
    headers = server.headers
    assert headers[":path"] == "/interop.Echo/Echo"
    assert headers["te"] == "trailers"
    assert headers[":authority"] == "127.0.0.1:%d" % server.port
    assert headers["content-type"] == "application/grpc"


def test_who_is_called_and_who_calls_may_be_said(command):
    server, result = ask(command, good, options=",authority=a.example:1,"
                         "user_agent=rope/1 (loop)")
    assert result[0] == 0, result
    assert server.headers[":authority"] == "a.example:1"
    assert server.headers["user-agent"] == "rope/1 (loop) grpc-c-becket"
    server, result = ask(command, good)
    assert server.headers["user-agent"] == "grpc-c-becket"
    for wrong in ("authority=", "authority=a b", "authority=\303\244",
                  "user_agent=x ", "user_agent=\n", "authority=" + 256 * "x"):
        assert subprocess.run(
            [command, "grpc_ip_tcp:127.0.0.1[1,%s]" % wrong], check=False,
            stdin=subprocess.DEVNULL).returncode == 1, wrong


def test_a_packed_request_says_so(command):
    server, result = ask(command, good, b"again and " * 100, None, "compress")
    assert result[0] == 0, result
    assert server.headers["grpc-encoding"] == "gzip"
    assert server.data[0] == 1 and len(server.data) < 200
    assert gzip.decompress(server.data[5:]) == b"again and " * 100
    server, result = ask(command, good, b"again and " * 100)
    assert "grpc-encoding" not in server.headers and server.data[0] == 0


def test_a_packed_request_is_refused(command):
    def answer(connection, stream):
        connection.send_headers(stream, HEAD + [
            ("grpc-status", "12"), ("grpc-accept-encoding", "identity")],
            end_stream=True)
    assert ask(command, answer, b"x", None, "compress")[1][0] == 0x42000004


def test_a_message_cut_into_single_bytes(command):
    def answer(connection, stream):
        connection.send_headers(stream, HEAD)
        for byte in framed(b"yes"):
            connection.send_data(stream, bytes([byte]))
        connection.send_headers(stream, OK, end_stream=True)
    assert ask(command, answer)[1][:3] == (0, EXECUTED, b"yes")


def test_padded_data_is_read(command):
    def answer(connection, stream):
        connection.send_headers(stream, HEAD)
        connection.send_data(stream, framed(b"yes"), pad_length=200)
        connection.send_headers(stream, OK, end_stream=True)
    assert ask(command, answer)[1][:3] == (0, EXECUTED, b"yes")


def test_a_response_without_status(command):
    def answer(connection, stream):
        connection.send_headers(stream, HEAD)
        connection.send_data(stream, framed(b"yes"), end_stream=True)
    status, outcome, _, sentence = ask(command, answer)[1]
    assert (status, outcome) == (CALL_FAILED, EXECUTED), sentence
    assert "without a status" in sentence


def test_no_message_and_two(command):
    for count, ends in ((0, True), (2, True), (2, False)):
        def answer(connection, stream):
            connection.send_headers(stream, HEAD)
            for _ in range(count):
                connection.send_data(stream, framed(b"yes"))
            if ends:
                connection.send_headers(stream, OK, end_stream=True)
        status, outcome, _, sentence = ask(command, answer)[1]
        assert (status, outcome) == (1728, EXECUTED), sentence
        assert (count == 2) == ("more than one response" in sentence)


def test_http_without_grpc(command):
    for http, expected in (("404", 0x42000004), ("503", 1722), ("401",
                           0x42000110), ("200", CALL_FAILED)):
        def answer(connection, stream):
            connection.send_headers(stream, [(":status", http),
                                             ("content-type", "text/html")])
            connection.send_data(stream, b"<html>", end_stream=True)
        status, _, _, sentence = ask(command, answer)[1]
        assert status == expected, (http, status, sentence)


def test_compressed_without_encoding_and_unknown_ones(command):
    def unnamed(connection, stream):
        connection.send_headers(stream, HEAD)
        connection.send_data(stream, framed(b"yes", 1))
        connection.send_headers(stream, OK, end_stream=True)

    def unknown(connection, stream):
        connection.send_headers(stream, HEAD + [("grpc-encoding", "zip")])
        connection.send_data(stream, framed(b"yes", 1))
        connection.send_headers(stream, OK, end_stream=True)
    assert ask(command, unnamed)[1][0] == 1728
    assert ask(command, unknown)[1][0] == 1728


def test_announced_gigabytes_are_refused_at_once(command):
    def answer(connection, stream):
        connection.send_headers(stream, HEAD)
        connection.send_data(stream, b"\0\xff\xff\xff\xff")
    status, _, _, sentence = ask(command, answer)[1]
    assert status == 0x42000006, sentence


def test_resets(command):
    for error, expected in ((7, (CALL_FAILED_DNE, NOT_SENT)),
                            (8, (CANCELLED, MAYBE)),
                            (2, (0x4200010d, MAYBE)), (11, (1721, MAYBE))):
        def answer(connection, stream):
            connection.reset_stream(stream, error)
        status, outcome, _, sentence = ask(command, answer)[1]
        assert (status, outcome) == expected, (error, status, outcome)


def test_a_farewell_that_took_nothing(command):
    farewells = []

    def answer(connection, stream):
        if not farewells:
            farewells.append(stream)
            connection.close_connection(last_stream_id=0)
        else:
            good(connection, stream)
    status, outcome, _, sentence = ask(command, answer)[1]
    assert (status, outcome) in ((0, EXECUTED), (CALL_FAILED_DNE, NOT_SENT)), \
        sentence


def test_status_details(command):
    def answer(connection, stream):
        # google.rpc.Status { code: 5 message: "gone" details: { ... } }
        connection.send_headers(stream, HEAD + [
            ("grpc-status", "5"),
            ("grpc-status-details-bin", "CAUSBGdvbmUaBQoDYS9i")],
            end_stream=True)
    status, _, _, sentence = ask(command, answer)[1]
    assert status == 0x42000105 and "gone" in sentence, sentence


def test_bytes_that_are_no_http(command):
    for noise in (b"HTTP/1.1 400 Bad Request\r\n\r\n", bytes(64),
                  b"\5\0\2\3\x10\0\0\0" + bytes(40)):
        listener = socket.create_server(("127.0.0.1", 0))

        def serve():
            peer = listener.accept()[0]
            peer.recv(100)
            peer.sendall(noise)
            peer.shutdown(socket.SHUT_WR)
            while peer.recv(65536):
                pass
        thread = threading.Thread(target=serve)
        thread.start()
        with Caller(command, "grpc_ip_tcp:127.0.0.1[%d]" %
                    listener.getsockname()[1]) as caller:
            status, outcome, _, sentence = caller.call(0, b"x")
        assert status != 0 and outcome != EXECUTED, (status, sentence)
        listener.close()
        thread.join(dce.TIMEOUT)
        assert not thread.is_alive()


def main():
    failed = 0
    for name, function in list(globals().items()):
        if not name.startswith("test_"):
            continue
        failed += not dce.check(name[5:], function, sys.argv[1])
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
