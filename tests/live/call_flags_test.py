#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""call_flags_test.py STAGE EXAMPLES: grpcurl's flags in `becket`; call_test.py
says how.
"""

import contextlib
import json
import os
import socket
import subprocess
import threading

import grpc
import h2.config
import h2.connection
import h2.events
from google.protobuf import any_pb2, descriptor_pb2, duration_pb2

from call_test import (BECKET, CALC, ECHO, HERE, STAGE, TIMEOUT, Place, daemon,
                       grpc_server, main, messages, reflecting)


def both(*flags):
    """With one dash, as in Go, and with two."""
    yield flags
    yield tuple("-" + flag if flag.startswith("-") else flag
                for flag in flags)


def port_of(doors):
    return "127.0.0.1:" + doors["grpc_ip_tcp"].split("[")[1].rstrip("]")


def test_tls_is_refused_in_as_many_words():
    with Place() as place, daemon(place) as doors:
        where = port_of(doors)
        for refused in (("-insecure",), ("-insecure=true",), ("-cacert", "x"),
                        ("-cert=x",), ("-key", "x"), ("-servername", "x"),
                        ("-alts",), ("-alts-handshaker-service", "x"),
                        ("-alts-target-service-account", "x"),
                        ("-plaintext=false",)):
            for flags in both(*refused):
                place.fails(2, "%s is about TLS, which becket does not speak"
                            % refused[0].split("=t")[0].lstrip("-").replace(
                                "cert=x", "cert"),
                            "call", *flags, where, "Add")
        for wrong in both("-plaintext=yes"):
            place.fails(2, "neither true nor false: yes", "list", *wrong,
                        where)
        for accepted in both("-insecure=false", "-alts=0", "-plaintext",
                             "-plaintext=true", "-insecure=F", "-plaintext=1"):
            assert place.json("call", *accepted, where, "Add",
                              '{"a": 1}') == {"sum": "1"}
        for flags in both("-format", "text"):
            place.fails(2, "there is no format but json, not text", "call",
                        *flags, where, "Add")


def test_an_address_is_a_path_or_that_of_IPv6():
    with Place() as place, daemon(place) as doors:
        path = place.path + "/a,b]c=d@e"
        os.symlink(place.path + "/calls", path)
        for flags in both("-unix"):
            for socket_path in (place.path + "/calls", path):
                assert place.json("call", *flags, socket_path, "Add",
                                  '{"a": 1}') == {"sum": "1"}
                assert place.json("call", *flags, "-proto", CALC, socket_path,
                                  "Add", '{"a": 1}') == {"sum": "1"}
                assert "calc.Calculator.Add\n" in place.run(
                    "list", *flags, socket_path, "Calculator").stdout
            result = place.run("list", *flags, "-proto", CALC, path,
                               "Calculator")
            assert "calc.Calculator.Add\n" in result.stdout, result
        assert place.json("call", "unix:" + path, "Add", '{"a": 1}') == {
            "sum": "1"}
        place.fails(78, "cannot be reached", "list", "-unix",
                    place.path + "/nobody")
        # what is a string binding stays one
        assert place.run("list", "-unix", doors["ncalrpc"]).returncode == 0
    with Place() as place:
        result = place.run("list", "[::1]:1")
        assert "grpc_ip_tcp:\\:\\:1[1]" in result.stderr or \
            "::1" in result.stderr, result
        assert result.returncode == 78, result


def test_who_calls_and_who_is_called():
    seen = {}

    def same(request, context):
        seen.update(context.invocation_metadata())
        seen["authority"] = context._rpc_event.call_details.host.decode()
        return request

    def asked(requests, context):
        same(None, context)
        yield from reflect(requests, context)

    answers = reflecting("v1", messages("echo.proto", HERE + "/call")[0])
    (path, (form, reflect)), = answers.items()
    with Place() as place, grpc_server({
            "/tests.echo.Echo/One": ("one", same),
            path: (form, asked)}) as port:
        where = "127.0.0.1:%d" % port
        place.json("call", "-proto", ECHO, where, "One")
        assert seen["authority"] == where, seen
        assert seen["user-agent"] == "grpc-c-becket", seen
        place.json("call", "-proto", ECHO, where, "One", "-authority", "",
                   "-user-agent", "", "-proto", "", "-import-path", "",
                   "-protoset", "")
        assert seen["authority"] == where, seen
        assert seen["user-agent"] == "grpc-c-becket", seen
        for flags in both("-authority", "a,b]c:1", "-user-agent",
                          "rope/1 (x, y)"):
            for command in (("call", "-proto", ECHO, where, "One"),
                            ("list", where)):
                seen.clear()
                result = place.run(*command, *flags)
                assert result.returncode == 0, result
                assert seen["authority"] == "a,b]c:1", seen
                assert seen["user-agent"] == "rope/1 (x, y) grpc-c-becket"
        place.fails(2, '"authority"', "call", "-proto", ECHO, where, "One",
                    "-authority", "two words")
    with Place() as place, daemon(place) as doors:
        for flag in ("-authority", "--user-agent"):
            place.fails(2, "is for gRPC alone", "call", flag, "x",
                        doors["ncacn_ip_tcp"], "Add")


def test_headers_may_have_variables():
    seen = {}

    def same(request, context):
        seen.update(context.invocation_metadata())
        return request

    with Place() as place, grpc_server(
            {"/tests.echo.Echo/One": ("one", same)}) as port:
        place.environment.update(WORD="a ${b}", NOTHING="")
        begin = ("call", "-proto", ECHO, "127.0.0.1:%d" % port, "One")
        header = ("-H", "x: $WORD ${WORD}-${WORD} ${NOTHING}$ ${} ${WORD")
        for flags in both("-expand-headers"):
            assert place.run(*begin, *flags, *header).returncode == 0
            assert seen["x"] == "$WORD a ${b}-a ${b} $ ${} ${WORD", seen
            place.fails(2, "there is no variable MISSING in the environment",
                        *begin, *flags, "-rpc-header", "x: ${MISSING}")
        assert place.run(*begin, *header).returncode == 0
        assert seen["x"] == header[1][3:], seen


def test_the_server_is_asked_for_what_files_have_not():
    with Place() as place, daemon(place) as doors:
        begin = ("call", "-proto", ECHO, doors["ncalrpc"], "calc.Calculator.Add")
        place.fails(2, "there is no calc.Calculator.Add", *begin)
        for flags in both("-use-reflection"):
            assert place.json(*begin, '{"b": 2}', *flags) == {"sum": "2"}
            names = place.run("list", "-proto", ECHO, "-proto", CALC, *flags,
                              doors["ncalrpc"]).stdout.splitlines()
            assert names.count("calc.Calculator") == 1, names
            assert "files.Files" in names and "tests.echo.Echo" in names
        # and not for what they have
        for flags in both("-use-reflection"):
            assert place.json("call", "-proto", CALC, *flags,
                              doors["grpc_unix"], "-reflect-header",
                              "no metadata", "Add", '{"b": 2}') == {"sum": "2"}


def compiled(place, *arguments):
    out = place.path + "/compiled"
    subprocess.run(["protoc", "--descriptor_set_out=" + out, "-I",
                    STAGE + "/include", *arguments], check=True)
    with open(out, "rb") as file:
        return descriptor_pb2.FileDescriptorSet.FromString(file.read())


def test_types_are_written_to_files():
    with Place() as place, daemon(place) as doors:
        before = compiled(place, "-I", os.path.dirname(CALC), CALC)
        for command, rest in (("list", ()), ("list", ("calc.Calculator",)),
                              ("describe", ("calc.Calculator",)),
                              ("call", ("calc.Calculator.Add", '{"a": 1}'))):
            for i, flags in enumerate(both(
                    "-protoset-out", place.path + "/set", "-proto-out-dir",
                    place.path + "/new/" + command)):
                result = place.run(command, doors["grpc_ip_tcp"], *rest,
                                   *flags)
                assert result.returncode == 0 and result.stdout, result
                assert compiled(place, "-I", flags[3], "calc.proto") == before
                with open(flags[1], "rb") as file:
                    files = descriptor_pb2.FileDescriptorSet.FromString(
                        file.read()).file
                assert "calc.proto" in [file.name for file in files]
                assert ("files.proto" in [file.name for file in files]) == \
                    (not rest), (command, i)
                os.remove(flags[1])
        # as where a variable of a script is empty
        result = place.run("describe", "-proto", CALC, "-protoset-out", "",
                           "-proto-out-dir", "", "calc.Calculator")
        assert result.returncode == 0 and not result.stderr, result
        assert not os.path.exists("/calc.proto")
        for flag in ("-protoset-out", "-proto-out-dir"):
            result = place.run("describe", "-proto", CALC, flag,
                               "/dev/null/x")
            assert result.returncode == 1 and "cannot write /dev/null/x" in \
                result.stderr, result


def test_no_file_is_written_outside():
    files, _ = messages("echo.proto", HERE + "/call")
    for name in ("../out.proto", "/tmp/out.proto", "a/../../out.proto", "..",
                 "a//b.proto", "./out.proto", "out/"):
        files[-1].name = name
        with Place() as place, grpc_server(reflecting("v1", files)) as port:
            os.mkdir(place.path + "/in")
            result = place.run("describe", "127.0.0.1:%d" % port,
                               "tests.echo.Echo", "-proto-out-dir",
                               place.path + "/in/dir")
            assert result.returncode == 1, result
            assert "which is not written" in result.stderr, result
            assert not os.path.exists(place.path + "/in/out.proto")
            assert not os.path.exists(place.path + "/in/dir/out.proto")


def test_failures_as_json():
    status = {"code": 3, "message": 'not "so"', "details": [
        {"@type": "x/google.protobuf.Duration", "value": "1.500s"},
        {"@type": "x/nobody.Knows", "value": "AQI="}]}
    span = duration_pb2.Duration(seconds=1, nanos=500000000)

    def fail(_, context):
        details = b"".join(
            b"\x1a" + bytes([len(one)]) + one for one in (
                any_pb2.Any(type_url="x/google.protobuf.Duration",
                            value=span.SerializeToString())
                .SerializeToString(),
                any_pb2.Any(type_url="x/nobody.Knows", value=b"\1\2")
                .SerializeToString()))
        context.set_trailing_metadata(
            [("grpc-status-details-bin", b"\x08\x03" + details)])
        context.abort(grpc.StatusCode.INVALID_ARGUMENT, 'not "so"')

    with Place() as place, grpc_server(
            {"/tests.echo.Echo/One": ("one", fail)}) as port:
        begin = ("call", "-proto", ECHO, "127.0.0.1:%d" % port, "One")
        for flags in both("-format-error"):
            result = place.run(*begin, *flags)
            assert result.returncode == 64 + 3 and not result.stdout, result
            assert json.loads(result.stderr) == status, result
        result = place.run(*begin)
        assert result.stderr.count("becket: detail: ") == 2, result
        result = place.run("list", "-format-error", "127.0.0.1:%d" % port)
        assert json.loads(result.stderr)["code"] == 12, result


def test_very_verbose_says_how_much_and_how_long():
    with Place() as place, daemon(place) as doors:
        begin = ("call", doors["grpc_ip_tcp"], "Add", '{"a": 1}')
        for flags in both("-vv"):
            result = place.run(*begin, *flags)
            assert "response of 2 bytes\n" in result.stderr, result
            assert "finding the types took" in result.stderr, result
            assert "metadata of the response:" in result.stderr, result
        for flags in both("-verbose"):
            result = place.run(*begin, *flags)
            assert "bytes" not in result.stderr and "metadata of the " in \
                result.stderr, result


@contextlib.contextmanager
def silent_server(pinged):
    """It takes a request and says nothing more; but it sees a PING."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        peer, _ = listener.accept()
        connection = h2.connection.H2Connection(
            h2.config.H2Configuration(client_side=False))
        connection.initiate_connection()
        peer.sendall(connection.data_to_send())
        with peer:
            for data in iter(lambda: peer.recv(65536), b""):
                for event in connection.receive_data(data):
                    if isinstance(event, h2.events.PingReceived):
                        pinged.set()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    with listener:
        yield listener.getsockname()[1]


def test_a_silent_server_is_pinged():
    pinged = threading.Event()
    with Place() as place, silent_server(pinged) as port:
        for flags in both("-keepalive-time", "0"):
            place.fails(2, "a timeout is at least", "list", *flags,
                        "127.0.0.1:%d" % port)
        with subprocess.Popen(
                [BECKET, "call", "-proto", ECHO, "127.0.0.1:%d" % port, "Many",
                 "-keepalive-time", "5"], env=place.environment,
                stdin=subprocess.DEVNULL) as client:
            assert pinged.wait(TIMEOUT)
            client.terminate()


if __name__ == "__main__":
    main(globals())
