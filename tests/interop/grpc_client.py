#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""grpcio, a client that knows nothing of Becket, against a live server: the
same interface, on the same port as DCE/RPC."""

import concurrent.futures
import os
import struct
import sys
import tempfile
import time

import grpc

import dce
import grpc_server

TIMEOUT = dce.TIMEOUT


def u32(number):
    return struct.pack("<I", number)


def channel(server, local=False, **options):
    options = [(k.replace("_", "."), v) for k, v in options.items()]
    options += [("grpc.max_receive_message_length", -1),
                ("grpc.max_send_message_length", -1)]
    target = "unix:" + server.local if local else \
        "127.0.0.1:%d" % server.port
    return grpc.insecure_channel(target, options)


def method(channel, name, service="interop.Echo"):
    return channel.unary_unary("/%s/%s" % (service, name))


def call(server, name, message=b"", service="interop.Echo", local=False,
         timeout=TIMEOUT, **rest):
    with channel(server, local) as c:
        return method(c, name, service)(message, timeout=timeout, **rest)


def refusal(code, function, *arguments, **named):
    try:
        function(*arguments, **named)
    except grpc.RpcError as error:
        assert error.code() == code, error
        return error
    raise AssertionError("no error")


def trailers(error):
    return dict(error.trailing_metadata())


def test_a_call_on_the_port_of_dce(server):
    assert call(server, "Echo", b"hello") == b"hello"
    with server.bound() as peer:
        assert peer.call(0, b"hello") == b"hello"


def test_a_call_on_a_unix_socket(server):
    assert call(server, "Echo", b"hello", local=True) == b"hello"


def test_an_empty_message_both_ways(server):
    assert call(server, "Echo", b"") == b""


def test_many_calls_on_one_connection(server):
    with channel(server) as c:
        echo = method(c, "Echo")
        for i in range(200):
            assert echo(b"%d" % i, timeout=TIMEOUT) == b"%d" % i


def test_many_calls_at_once(server):
    with channel(server) as c:
        echo = method(c, "Echo")
        futures = [echo.future(b"%d" % i * 100, timeout=TIMEOUT)
                   for i in range(500)]
        for i, future in enumerate(futures):
            assert future.result() == b"%d" % i * 100


def test_large_messages(server):
    body = bytes(range(256)) * 16383
    assert call(server, "Echo", body) == body
    answer = call(server, "Fill", u32(20000000))
    assert len(answer) == 20000000 and answer[:257] == bytes(range(256)) + b"\0"


def test_a_message_over_the_limit(server):
    error = refusal(grpc.StatusCode.RESOURCE_EXHAUSTED, call, server, "Echo",
                    bytes(5000000))
    assert "larger" in error.details(), error
    assert trailers(error)["becket-not-executed"] == "1"


def test_a_fault_with_sentence_and_status(server):
    error = refusal(grpc.StatusCode.INVALID_ARGUMENT, call, server, "Fail",
                    u32(1767))
    assert error.details() == "asked to fail with 1767", error
    assert trailers(error)["becket-status"] == "1767"
    assert "becket-not-executed" not in trailers(error)


def test_statuses_have_their_codes(server):
    for status, code in ((5, "PERMISSION_DENIED"), (87, "INVALID_ARGUMENT"),
                         (1721, "RESOURCE_EXHAUSTED"), (534, "UNKNOWN"),
                         (0x42000105, "NOT_FOUND"), (1818, "CANCELLED"),
                         (0x42000104, "DEADLINE_EXCEEDED"),
                         (6, "FAILED_PRECONDITION"), (1722, "UNAVAILABLE")):
        refusal(getattr(grpc.StatusCode, code), call, server, "Fail",
                u32(status))


def test_what_is_not_there(server):
    code = grpc.StatusCode.UNIMPLEMENTED
    error = refusal(code, call, server, "None")
    assert error.details() == "interface has no such operation", error
    error = refusal(code, call, server, "Echo", service="interop.None")
    assert error.details() == "interface is not registered", error
    error = refusal(code, call, server, "Absent")
    assert trailers(error)["becket-not-executed"] == "1"


def test_the_second_interface_and_its_major_version(server):
    assert call(server, "Echo", b"other", service="interop.Other") == b"other"


def test_metadata_are_taken(server):
    metadata = [("key", "value"), ("x-bin", bytes(range(256))), ("key", "2")]
    assert call(server, "Echo", b"m", metadata=metadata) == b"m"


METADATA = [("x-key", "value"), ("x-bin", bytes(range(256))), ("x-key", "2")]


def as_reflected(prefix):
    return [(prefix + key, value) for key, value in METADATA]


def is_reflected(metadata, prefix):
    """grpcio leaves the order of names to itself."""
    seen = [tuple(pair) for pair in metadata
            if pair[0].startswith(prefix + "x-")]
    assert sorted(seen, key=repr) == sorted(as_reflected(prefix), key=repr), \
        seen
    return True


def test_metadata_go_there_and_back(server):
    with channel(server) as c:
        answer, finished = method(c, "Mirror").with_call(
            b"m", metadata=METADATA, timeout=TIMEOUT)
        assert answer == b"m"
        assert is_reflected(finished.initial_metadata(), "i-")
        assert is_reflected(finished.trailing_metadata(), "t-")
        assert "grpc-status-details-bin" not in \
            dict(finished.trailing_metadata())


def test_a_failure_brings_metadata_and_details(server):
    error = refusal(grpc.StatusCode.ABORTED, call, server, "Mirror",
                    metadata=METADATA)
    assert is_reflected(error.initial_metadata(), "i-")
    assert is_reflected(error.trailing_metadata(), "t-")
    detail = trailers(error)["grpc-status-details-bin"]
    url = b"type.googleapis.com/google.protobuf.StringValue"
    # google.rpc.Status: code 10, message, details
    assert detail == b"\x08\x0a\x12\x05empty\x1a" + bytes(
        [len(url) + 9, 0x0a, len(url)]) + url + b"\x12\x05\x0a\x03why", detail


def test_too_much_metadata(server):
    with channel(server) as c:
        echo = method(c, "Echo")
        error = refusal(grpc.StatusCode.RESOURCE_EXHAUSTED, echo, b"",
                        metadata=[("key", "v" * 9000)], timeout=TIMEOUT)
        assert echo(b"after", timeout=TIMEOUT) == b"after"


def test_the_object_travels_as_metadata(server):
    uuid = "11223344-5566-7788-99aa-bbccddeeff00"
    assert call(server, "Object", metadata=[("becket-object", uuid)]) == \
        uuid.encode()


def test_time_is_told(server):
    assert call(server, "Time") == b"yes"
    assert call(server, "Time", timeout=None) == b"no"


def test_a_deadline_reaches_the_routine(server):
    started = time.monotonic()
    refusal(grpc.StatusCode.DEADLINE_EXCEEDED, call, server, "Hold",
            timeout=0.2)
    assert time.monotonic() - started < 5
    assert wait_for(server, b"cancelled")


def test_a_cancel_reaches_the_routine(server):
    with channel(server) as c:
        future = method(c, "Hold").future(b"", timeout=TIMEOUT)
        assert method(c, "Echo")(b"", timeout=TIMEOUT) == b""
        future.cancel()
        assert wait_for(server, b"cancelled")


def test_a_client_that_goes_away_cancels(server):
    c = channel(server)
    future = method(c, "Hold").future(b"", timeout=TIMEOUT)
    assert method(c, "Echo")(b"", timeout=TIMEOUT) == b""
    c.close()
    assert wait_for(server, b"cancelled")
    assert future.cancelled() or future.done()


def wait_for(server, answer):
    """The server is the only one who can tell when it has heard."""
    with channel(server) as c:
        release = method(c, "Release")
        return release(b"", timeout=TIMEOUT) == answer


def test_a_deferred_answer(server):
    with channel(server) as c:
        future = method(c, "Hold").future(b"", timeout=TIMEOUT)
        assert method(c, "Echo")(b"", timeout=TIMEOUT) == b""
        assert method(c, "Release")(b"", timeout=TIMEOUT) == b"released"
        assert future.result() == b"released"


def test_gzip_both_ways(server):
    with channel(server) as c:
        echo = method(c, "Echo")
        for body in (b"", b"x", b"ab" * 100000, os.urandom(10000)):
            assert echo(body, timeout=TIMEOUT,
                        compression=grpc.Compression.Gzip) == body


def test_a_message_that_unpacks_to_too_much(server):
    error = refusal(grpc.StatusCode.RESOURCE_EXHAUSTED, call, server, "Echo",
                    bytes(200000000), compression=grpc.Compression.Gzip)
    assert "too large" in error.details(), error


def test_an_encoding_that_is_not_known(server):
    error = refusal(grpc.StatusCode.UNIMPLEMENTED, call, server, "Echo",
                    b"ab" * 1000, compression=grpc.Compression.Deflate)
    assert "encoding" in error.details(), error


def test_any_authority(server):
    with channel(server, grpc_default__authority="who.ever:1") as c:
        assert method(c, "Echo")(b"a", timeout=TIMEOUT) == b"a"


def test_many_clients(server):
    def one(i):
        return call(server, "Echo", b"%d" % i, local=i % 2 == 0) == b"%d" % i
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert all(pool.map(one, range(100)))


def test_our_own_client_learns_all_that_dce_would_tell(server):
    program = os.path.join(os.path.dirname(sys.argv[1]), "caller")
    os.environ["BECKET_NCALRPC_DIR"] = server.directory
    for binding in ("grpc_ip_tcp:127.0.0.1[%d]" % server.port,
                    "grpc_ip_tcp:localhost[%d]" % server.port,
                    "grpc_unix:[interop]",
                    "grpc_unix:[%s]" % server.local,
                    "ncacn_ip_tcp:127.0.0.1[%d]" % server.port):
        with grpc_server.Caller(program, binding) as caller:
            body = bytes(range(256)) * 4000
            assert caller.call(0, body)[:3] == (0, 2, body)
            assert caller.call(0, b"")[:3] == (0, 2, b"")
            for status in (1767, 534, 5, 0x42000104):
                got, outcome, _, sentence = caller.call(2, u32(status))
                assert (got, outcome) == (status, 2), sentence
                assert "asked to fail with %d" % status in sentence
            got, outcome, _, sentence = caller.call(0, bytes(5000000))
            assert (got, outcome) == (0x42000006, 0), (got, outcome, sentence)


def test_a_socket_anywhere(server):
    program = os.path.join(os.path.dirname(sys.argv[1]), "caller")
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "x.sock")
        other = dce.Server([sys.argv[1], "grpc_unix:[%s]" % path] +
                           dce.LISTEN, directory)
        with grpc_server.Caller(program, "grpc_unix:[%s]" % path) as caller:
            assert caller.call(0, b"here")[:3] == (0, 2, b"here")
        with grpc.insecure_channel("unix:" + path) as c:
            assert method(c, "Echo")(b"a", timeout=TIMEOUT) == b"a"
        other.stop()
        assert os.listdir(directory) == [], os.listdir(directory)


def test_a_binding_without_endpoint(server):
    program = os.path.join(os.path.dirname(sys.argv[1]), "caller")
    with grpc_server.Caller(program, "grpc_ip_tcp:127.0.0.1") as caller:
        status, outcome, _, sentence = caller.call(0, b"")
        assert (status, outcome) == (1708, 0), sentence
        assert "gRPC" in sentence, sentence


if __name__ == "__main__":
    dce.run(globals(), [sys.argv[1]] + dce.LISTEN)
