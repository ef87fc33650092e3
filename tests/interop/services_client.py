#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What every server with gRPC offers, as a client of others finds it: health
and reflection of becketd, with Calculator, by grpcio and messages that protoc
made of grpc-proto's files.

services_client.py WORK PROTOS MODULE BECKETD"""

import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

import dce
import grpc_malformed as by_hand

work, protos, module, becketd = sys.argv[1:]
names = ["grpc/health/v1/health.proto", "grpc/reflection/v1/reflection.proto",
         "grpc/reflection/v1alpha/reflection.proto"]
made = os.path.join(work, "protos.set")
subprocess.run(["protoc", "-I" + protos, "--descriptor_set_out=" + made,
                *names], check=True)
with open(made, "rb") as file:
    FILES = descriptor_pb2.FileDescriptorSet.FromString(file.read())
for each in FILES.file:
    for kind in each.message_type:
        for field in kind.field:
            field.ClearField("json_name")  # which follows from its name
POOL = descriptor_pool.DescriptorPool()
for each in FILES.file:
    POOL.Add(each)


def message(name, pool=POOL):
    return message_factory.MessageFactory(pool).GetPrototype(
        pool.FindMessageTypeByName(name))


HEALTH = "grpc.health.v1."
Asked, Answer = (message(HEALTH + "HealthCheck" + kind)
                 for kind in ("Request", "Response"))
UNKNOWN, SERVING, NOT_SERVING, SERVICE_UNKNOWN = range(4)
SESSION = "becket.v1.Session"
SERVICES = ["grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection",
            "grpc.reflection.v1alpha.ServerReflection"]
VERSIONS = ("v1", "v1alpha")


def channel(server):
    return grpc.insecure_channel("127.0.0.1:%d" % server.port)


def stub(kind, path, answer):
    return kind(path, request_serializer=lambda m: m.SerializeToString(),
                response_deserializer=answer.FromString)


# ---------------------------------------------------------------- health --

def check(c, name):
    return stub(c.unary_unary, "/grpc.health.v1.Health/Check", Answer)(
        Asked(service=name), timeout=dce.TIMEOUT).status


class Watch:
    """A call of Watch: what it tells, and how it ends."""

    def __init__(self, c, name):
        self.call = stub(c.unary_stream, "/grpc.health.v1.Health/Watch",
                         Answer)(Asked(service=name))
        self.told = queue.Queue()
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        try:
            for answer in self.call:
                self.told.put(answer.status)
            self.told.put(None)
        except grpc.RpcError as error:
            self.told.put(error.code())

    def next(self):
        return self.told.get(timeout=dce.TIMEOUT)


def test_what_is_registered_serves(server):
    with channel(server) as c:
        for name in ["", "calc.Calculator"] + SERVICES:
            assert check(c, name) == SERVING, name


def test_what_is_not_is_not_found(server):
    with channel(server) as c:
        for name in ("calc", "calc.Calculators", ".", "mgmt", "x" * 10000):
            try:
                check(c, name)
            except grpc.RpcError as error:
                assert error.code() == grpc.StatusCode.NOT_FOUND, error
            else:
                raise AssertionError(name)


def test_a_watch_is_told_at_once(server):
    with channel(server) as c:
        assert Watch(c, "").next() == SERVING
        assert Watch(c, "calc.Calculator").next() == SERVING
        assert Watch(c, "calc.Other").next() == SERVICE_UNKNOWN


def test_a_watch_that_is_cancelled_leaves_nothing(server):
    with channel(server) as c:
        for _ in range(300):
            watch = Watch(c, "calc.Calculator")
            assert watch.next() == SERVING
            watch.call.cancel()
            assert watch.next() == grpc.StatusCode.CANCELLED
        assert check(c, "") == SERVING


def test_many_watches_on_one_connection(server):
    with channel(server) as c:
        watches = [Watch(c, "calc.Calculator") for _ in range(100)]
        assert all(watch.next() == SERVING for watch in watches)


def test_an_interface_that_goes_and_comes(server):
    with channel(server) as c:
        calculator, other = Watch(c, "calc.Calculator"), Watch(c, "")
        assert calculator.next() == other.next() == SERVING
        server.configure(calculator=False)
        assert calculator.next() == SERVICE_UNKNOWN
        assert reflect(c, "v1", list_services="").names() == \
            [SESSION] + SERVICES
        server.configure(calculator=True)
        assert calculator.next() == SERVING
        assert "calc.Calculator" in reflect(c, "v1", list_services="").names()
        assert other.told.empty()


# ------------------------------------------------------------ reflection --

class Reflected:
    def __init__(self, response):
        self.response = response

    def names(self):
        services = self.response.list_services_response.service
        return [service.name for service in services]

    def files(self):
        given = self.response.file_descriptor_response.file_descriptor_proto
        return [descriptor_pb2.FileDescriptorProto.FromString(data)
                for data in given]

    def error(self):
        assert self.response.WhichOneof("message_response") == \
            "error_response", self.response
        return self.response.error_response.error_code


def talk(c, version, requests):
    package = "grpc.reflection.%s." % version
    request = message(package + "ServerReflectionRequest")
    answer = message(package + "ServerReflectionResponse")
    call = stub(c.stream_stream,
                "/%sServerReflection/ServerReflectionInfo" % package, answer)
    made = [request(host="there", **one) for one in requests]
    for asked, response in zip(made, call(iter(made), timeout=dce.TIMEOUT),
                               strict=True):
        assert response.valid_host == "there"
        assert response.original_request == asked
        yield Reflected(response)


def reflect(c, version, **request):
    return list(talk(c, version, [request]))[0]


def test_services_are_listed(server):
    with channel(server) as c:
        for version in VERSIONS:
            assert reflect(c, version, list_services="*").names() == \
                [SESSION, "calc.Calculator"] + SERVICES


def test_symbols_are_in_their_files(server):
    with channel(server) as c:
        for version in VERSIONS:
            for symbol in ("calc.Calculator", "calc.Calculator.Divide",
                           "calc.DivideRequest", "calc.DivideRequest.divisor"):
                files = reflect(c, version, file_containing_symbol=symbol)
                assert files.files()[0].name == "calc.proto", symbol
            for service in SERVICES:
                files = reflect(c, version, file_containing_symbol=service)
                assert files.files()[0].name in names
                assert files.files()[0].service[0].name in service


def test_what_there_is_not(server):
    with channel(server) as c:
        for version in VERSIONS:
            for request in ({"file_by_filename": "none.proto"},
                            {"file_containing_symbol": "calc.Nothing"},
                            {"file_containing_symbol": "calc"},
                            {"file_containing_symbol": ""},
                            {"all_extension_numbers_of_type": "calc.None"},
                            {"file_containing_extension": {
                                "containing_type": "calc.DivideRequest",
                                "extension_number": 100}}):
                assert reflect(c, version, **request).error() == 5, request
            assert reflect(c, version).error() == 3
            assert not reflect(
                c, version, all_extension_numbers_of_type="calc.AddRequest"
            ).response.all_extension_numbers_response.extension_number


def test_files_say_what_protoc_says(server):
    with channel(server) as c:
        for version in VERSIONS:
            for file in FILES.file:
                answer = reflect(c, version, file_by_filename=file.name)
                assert answer.files() == [file], file.name


def test_a_thousand_questions_in_one_talk(server):
    requests = [{"file_by_filename": "calc.proto"}, {"list_services": ""}]
    with channel(server) as c:
        answers = list(talk(c, "v1", requests * 500))
        assert len(answers) == 1000
        assert answers[-2].files()[0].name == "calc.proto"
        assert answers[-1].names()[1] == "calc.Calculator"


class Database:
    """Descriptors as they are asked for, from the server."""

    def __init__(self, c):
        self.c = c

    def find(self, **request):
        files = reflect(self.c, "v1", **request).files()
        if not files:
            raise KeyError(request)
        return files[0]

    def FindFileByName(self, name):
        return self.find(file_by_filename=name)

    def FindFileContainingSymbol(self, symbol):
        return self.find(file_containing_symbol=symbol)


def test_a_call_by_what_reflection_says(server):
    with channel(server) as c:
        pool = descriptor_pool.DescriptorPool(Database(c))
        service = pool.FindServiceByName("calc.Calculator")
        divide = service.methods_by_name["Divide"]
        request = message(divide.input_type.full_name, pool)
        answer = message(divide.output_type.full_name, pool)
        got = stub(c.unary_unary, "/calc.Calculator/Divide", answer)(
            request(dividend=47, divisor=5), timeout=dce.TIMEOUT)
        assert (got.quotient, got.remainder) == (9, 2)


# ------------------------------------------------------------- the daemon --

class Daemon(dce.Server):
    def __init__(self, directory, limits=None, **settings):
        self.config = os.path.join(directory, "becketd.conf")
        self.limits = limits or {}
        self.settings = settings
        self.write(True)
        super().__init__([becketd, "--config", self.config, "--listen",
                          "ncacn_ip_tcp:127.0.0.1"], directory)

    def write(self, calculator):
        with open(self.config, "w", encoding="ascii") as file:
            file.write("[becketd]\n")
            for key, value in self.settings.items():
                file.write("%s = %s\n" % (key, value))
            for key, value in self.limits.items():
                file.write("[limits]\n%s = %s\n" % (key, value))
            if calculator:
                file.write("[module calculator]\nPath = %s\n" % module)

    def configure(self, calculator):
        self.write(calculator)
        self.process.send_signal(signal.SIGHUP)


def test_a_stop_ends_watches_and_talks(server):
    with channel(server) as c:
        watch = Watch(c, "calc.Calculator")
        assert watch.next() == SERVING
        open_end = threading.Event()
        package = "grpc.reflection.v1."
        call = stub(c.stream_stream,
                    "/%sServerReflection/ServerReflectionInfo" % package,
                    message(package + "ServerReflectionResponse"))

        def requests():
            yield message(package + "ServerReflectionRequest")(
                list_services="")
            open_end.wait()
        reflection = call(requests())
        assert Reflected(next(reflection)).names()
        server.stop()
        assert watch.next() == NOT_SERVING
        assert watch.next() == grpc.StatusCode.UNAVAILABLE
        try:
            next(reflection)
        except grpc.RpcError as error:
            assert error.code() == grpc.StatusCode.UNAVAILABLE, error
        else:
            raise AssertionError("no end")
        open_end.set()


def without(directory):
    server = Daemon(directory, Health="no", Reflection="no")
    try:
        with channel(server) as c:
            for call in (lambda: check(c, ""),
                         lambda: reflect(c, "v1", list_services="")):
                try:
                    call()
                except grpc.RpcError as error:
                    assert error.code() == grpc.StatusCode.UNIMPLEMENTED
                else:
                    raise AssertionError("they are there")
    finally:
        server.stop()


def fields(path):
    return [(name, path if name == ":path" else value)
            for name, value in by_hand.REQUEST]


def held_late(directory):
    """Until a client has heard that the server stops, it may begin calls: one
    that has no end must not keep the server."""
    server = Daemon(directory)
    hold = fields("/becket.v1.Session/Hold")
    with by_hand.Peer(server) as peer:
        peer.h2.send_headers(1, fields("/calc.Calculator/Divide"))
        peer.h2.send_headers(3, hold)
        peer.h2.send_data(3, by_hand.framed(b""), end_stream=True)
        peer.flush()
        peer.until(lambda: peer.data)
        server.process.terminate()
        told = b""
        while b"\x7f\xff\xff\xff" not in told:  # the first GOAWAY
            told += peer.socket.recv(65536)
        for stream, message_ in ((5, b""), (1, b"\x08\7\x10\2")):
            if stream == 5:
                peer.send(by_hand.frame(by_hand.HEADERS, 4, stream,
                                        peer.h2.encoder.encode(hold)))
            peer.send(by_hand.frame(by_hand.DATA, 1, stream,
                                    by_hand.framed(message_)))
        try:
            assert server.process.wait(dce.TIMEOUT) == 0
        finally:
            server.process.kill()


def stalled(directory):
    """What a client begins and does not go on with."""
    server = Daemon(directory, {"stall_ms": 300})
    request = by_hand.framed(b"\x08\7\x10\2")
    divide = fields("/calc.Calculator/Divide")
    try:
        with by_hand.Peer(server) as peer:
            headers = peer.ask(divide, request[:-1], end=False)
            assert by_hand.code(headers) == 4, headers
            assert headers["becket-not-executed"] == "1", headers
            peer.until(lambda: peer.reset is not None)
            assert peer.reset == 0, peer.reset  # and that is all
            peer.headers, peer.ended = {}, False
            peer.h2.send_headers(3, divide)
            peer.h2.send_data(3, request, end_stream=True)
            peer.flush()
            peer.until(lambda: peer.ended)
            assert by_hand.code(peer.headers) == 0, peer.headers
            block = peer.h2.encoder.encode(divide)
            peer.send(by_hand.frame(by_hand.HEADERS, 0, 5, block[:1]))
            peer.send(by_hand.frame(by_hand.CONTINUATION, 0, 5, block[1:2]))
            peer.until(lambda: False)
            assert peer.goaway == 1, peer.goaway
    finally:
        server.stop()


def asked(directory):
    """A client that does not answer a PING is gone; one that says nothing and
    does answer is not."""
    server = Daemon(directory, {"ping_ms": 100, "stall_ms": 1000})
    try:
        with channel(server) as c, by_hand.Peer(server) as peer:
            watch = Watch(c, "calc.Calculator")
            assert watch.next() == SERVING
            peer.h2.send_headers(1, fields("/grpc.health.v1.Health/Watch"))
            peer.h2.send_data(1, by_hand.framed(b""), end_stream=True)
            peer.flush()
            peer.until(lambda: peer.data)
            rest = b""
            while data := peer.socket.recv(65536):
                rest += data
            assert by_hand.frame(by_hand.PING)[3:] in rest, rest
            server.configure(False)
            assert watch.next() == SERVICE_UNKNOWN
    finally:
        server.stop()


def main():
    failed = 0
    for loops in (1, 3):
        with tempfile.TemporaryDirectory() as directory:
            server = Daemon(directory, Loops=loops)
            for name, function in list(globals().items()):
                if name.startswith("test_"):
                    failed += not dce.check(
                        "services_%s (%d loops)" % (name[5:], loops),
                        function, server)
            if server.process.poll() is None:
                server.process.kill()
    with tempfile.TemporaryDirectory() as directory:
        failed += not dce.check("services_can_be_left_out", without, directory)
    with tempfile.TemporaryDirectory() as directory:
        failed += not dce.check("services_end_what_begins_late", held_late,
                                directory)
    with tempfile.TemporaryDirectory() as directory:
        failed += not dce.check("services_wait_for_no_one_who_stalls", stalled,
                                directory)
    with tempfile.TemporaryDirectory() as directory:
        failed += not dce.check("services_ask_who_is_silent", asked,
                                directory)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
