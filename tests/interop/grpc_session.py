#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Context handles for who knows gRPC and nothing of ours but two .proto files:
Files of a becketd, by grpcio, in sessions that becket.v1.Session/Hold holds.

grpc_session.py WORK ROOT COMMAND..."""

import contextlib
import os
import subprocess
import sys
import time

import grpc

import dce

work, root, *command = sys.argv[1:]
subprocess.run(["protoc", "-Iidl", "-Iexamples/files", "--python_out=" + work,
                "files.proto", "becket/session.proto", "becket/options.proto"],
               check=True)
sys.path.insert(0, work)
import files_pb2  # noqa: E402 (they are made by the lines above)
from becket import session_pb2  # noqa: E402

NAME = b"held"
TEXT = b"held by a session\n"
os.makedirs(root, exist_ok=True)
with open(os.path.join(os.fsencode(root), NAME), "wb") as file:
    file.write(TEXT)


def channel(server):
    # Channels to one place share a connection if nobody says otherwise.
    return grpc.insecure_channel("127.0.0.1:%d" % server.port, [
        ("grpc.use_local_subchannel_pool", 1)])


def call(c, name, message, session=None, timeout=dce.TIMEOUT):
    service = files_pb2.DESCRIPTOR.services_by_name["Files"]
    method = service.methods_by_name[name]
    answer = getattr(files_pb2, method.output_type.name)
    stub = c.unary_unary("/%s/%s" % (service.full_name, name),
                         request_serializer=lambda m: m.SerializeToString(),
                         response_deserializer=answer.FromString)
    return stub(message, timeout=timeout,
                metadata=[("becket-session", session)] if session else None)


def hold(c, timeout=None):
    """The call, and the id that it has sent."""
    stub = c.unary_stream(
        "/becket.v1.Session/Hold",
        request_serializer=lambda m: m.SerializeToString(),
        response_deserializer=session_pb2.HoldResponse.FromString)
    held = stub(session_pb2.HoldRequest(), timeout=timeout)
    session = next(held).id
    assert len(session) == 32 and set(session) <= set("0123456789abcdef")
    return held, session


@contextlib.contextmanager
def holding(c):
    held, session = hold(c)
    try:
        yield session
    finally:
        held.cancel()


def open_file(c, session):
    answer = call(c, "Open", files_pb2.OpenRequest(path=NAME), session)
    assert answer.size == len(TEXT) and len(answer.file) == 20
    return answer.file


def read(c, handle, session):
    return call(c, "ReadAt", files_pb2.ReadAtRequest(file=handle, size=100),
                session).data


def refusal(code, function, *arguments):
    try:
        function(*arguments)
    except grpc.RpcError as error:
        assert error.code() == code, error
        return error
    raise AssertionError("no error")


def expect_refusal(function, *arguments):
    error = refusal(grpc.StatusCode.FAILED_PRECONDITION, function, *arguments)
    assert dict(error.trailing_metadata())["becket-not-executed"] == "1", error
    return error


def open_in(server):
    """How many descriptors of the file the server has."""
    fds = "/proc/%d/fd" % server.process.pid
    path = os.path.join(os.fsencode(os.path.realpath(root)), NAME)
    count = 0
    for fd in os.listdir(fds):
        with contextlib.suppress(OSError):
            count += os.readlink(os.fsencode(os.path.join(fds, fd))) == path
    return count


def wait_until_open(server, count):
    until = time.monotonic() + dce.TIMEOUT
    while open_in(server) != count:
        assert time.monotonic() < until, open_in(server)
        time.sleep(0.01)


def test_without_a_session_there_are_no_context_handles(server):
    with channel(server) as c:
        error = expect_refusal(open_file, c, None)
        assert "becket.v1.Session" in error.details(), error
        for nobody in ("x", "0" * 32, "f" * 32, "0" * 31 + "g"):
            error = expect_refusal(open_file, c, nobody)
            assert "session" in error.details(), error
        stat = files_pb2.StatRequest(path=NAME)
        assert call(c, "Stat", stat).entry.size == len(TEXT)
    assert open_in(server) == 0


def test_a_session_has_context_handles(server):
    with channel(server) as c, holding(c) as session:
        handle = open_file(c, session)
        assert open_in(server) == 1
        assert read(c, handle, session) == TEXT
        expect_refusal(read, c, handle, None)
        closed = call(c, "Close", files_pb2.CloseMessage(file=handle), session)
        assert closed.file in (b"", bytes(20)), closed
        assert open_in(server) == 0
        expect_refusal(read, c, handle, session)


def test_no_connection_matters_but_that_of_the_session(server):
    with channel(server) as c, holding(c) as session:
        with channel(server) as other:
            handle = open_file(other, session)
            assert read(other, handle, session) == TEXT
        with channel(server) as third:
            assert read(third, handle, session) == TEXT
            assert read(c, handle, session) == TEXT
        assert open_in(server) == 1
    wait_until_open(server, 0)


def test_the_end_of_hold_is_the_end_of_its_handles(server):
    with channel(server) as c:
        held, session = hold(c)
        handles = [open_file(c, session) for _ in range(10)]
        assert open_in(server) == 10
        held.cancel()
        wait_until_open(server, 0)
        expect_refusal(read, c, handles[0], session)
        with holding(c) as session:
            expect_refusal(read, c, handles[0], session)
            assert read(c, open_file(c, session), session) == TEXT


def test_two_sessions_on_one_connection_are_two(server):
    with channel(server) as c, holding(c) as one:
        with holding(c) as two:
            assert one != two
            mine, other = open_file(c, one), open_file(c, two)
            expect_refusal(read, c, other, one)
            expect_refusal(read, c, mine, two)
        wait_until_open(server, 1)
        assert read(c, mine, one) == TEXT
        expect_refusal(read, c, other, one)


def test_the_deadline_of_hold_counts(server):
    with channel(server) as c:
        held, session = hold(c, timeout=1)
        open_file(c, session)
        refusal(grpc.StatusCode.DEADLINE_EXCEEDED, next, held)
        wait_until_open(server, 0)


def test_a_client_that_is_gone_leaves_nothing(server):
    with channel(server) as c:
        _, session = hold(c)
        open_file(c, session)
    wait_until_open(server, 0)


def test_many_sessions_come_and_go(server):
    with channel(server) as c:
        for _ in range(5):
            held = [hold(c) for _ in range(40)]
            for _, session in held:
                open_file(c, session)
            for stream, _ in held:
                stream.cancel()
            wait_until_open(server, 0)


def test_a_server_that_stops_ends_sessions(server):
    """The last one."""
    with channel(server) as c:
        held, session = hold(c)
        open_file(c, session)
        server.stop()
        error = refusal(grpc.StatusCode.UNAVAILABLE, next, held)
        assert "shutting down" in error.details(), error


if __name__ == "__main__":
    dce.run(globals(), command)
