#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The interop cases of gRPC by grpcio, against a grpc.testing.TestService.

client.py ADDRESS PEER [CASE...]: "ok grpcio -> PEER CASE", a line each."""

import queue
import sys
import traceback

import grpc

import messages as m

TIMEOUT = 20
SPECIAL = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n"


class Service:
    def __init__(self, channel):
        self.channel = channel

    def unary(self, name, request, response, service=m.SERVICE):
        return self.channel.unary_unary(
            service + name, request_serializer=m.serialize,
            response_deserializer=response.FromString)

    def empty(self, name="EmptyCall", service=m.SERVICE):
        return self.unary(name, m.Empty, m.Empty, service)

    def simple(self):
        return self.unary("UnaryCall", m.SimpleRequest, m.SimpleResponse)

    def output(self):
        return self.channel.unary_stream(
            m.SERVICE + "StreamingOutputCall", request_serializer=m.serialize,
            response_deserializer=m.OutputResponse.FromString)

    def input(self):
        return self.channel.stream_unary(
            m.SERVICE + "StreamingInputCall", request_serializer=m.serialize,
            response_deserializer=m.InputResponse.FromString)

    def duplex(self, name="FullDuplexCall"):
        return self.channel.stream_stream(
            m.SERVICE + name, request_serializer=m.serialize,
            response_deserializer=m.OutputResponse.FromString)


class Outgoing:
    """An iterator of requests that the test feeds."""

    def __init__(self):
        self.queue = queue.Queue()

    def send(self, request):
        self.queue.put(request)

    def end(self):
        self.queue.put(None)

    def __iter__(self):
        return iter(self.queue.get, None)


def ask(sizes, size=None, **more):
    return m.OutputRequest(
        response_parameters=[dict(size=s) for s in sizes],
        payload=None if size is None else m.zeros(size), **more)


def refusal(call):
    try:
        result = call()
        if hasattr(result, "__iter__"):
            list(result)
    except grpc.RpcError as error:
        return error
    raise AssertionError("it was not refused")


def empty_unary(service):
    assert service.empty()(m.Empty(), timeout=TIMEOUT) == m.Empty()


def large_unary(service):
    response = service.simple()(
        m.SimpleRequest(response_size=314159, payload=m.zeros(271828)),
        timeout=TIMEOUT)
    assert response.payload.body == bytes(314159)


def expecting(expected, size=271828):
    request = m.SimpleRequest(response_size=314159, payload=m.zeros(size))
    request.expect_compressed.value = expected
    return request


def client_compressed_unary(service):
    call = service.simple()
    error = refusal(lambda: call(expecting(True), timeout=TIMEOUT))
    assert error.code() == grpc.StatusCode.INVALID_ARGUMENT, error
    for expected, how in ((True, grpc.Compression.Gzip),
                          (False, grpc.Compression.NoCompression)):
        response = call(expecting(expected), timeout=TIMEOUT, compression=how)
        assert response.payload.body == bytes(314159)


def server_compressed_unary(service):
    for wanted in (True, False):
        request = m.SimpleRequest(response_size=314159,
                                  payload=m.zeros(271828))
        request.response_compressed.value = wanted
        response = service.simple()(request, timeout=TIMEOUT)
        assert response.payload.body == bytes(314159)


def client_streaming(service):
    sizes = (27182, 8, 1828, 45904)
    response = service.input()(
        iter([m.InputRequest(payload=m.zeros(size)) for size in sizes]),
        timeout=TIMEOUT)
    assert response.aggregated_payload_size == 74922, response


def client_compressed_streaming(service):
    requests = [m.InputRequest(payload=m.zeros(size))
                for size in (27182, 45904)]
    for request in requests:
        request.expect_compressed.value = True
    error = refusal(lambda: service.input()(iter(requests), timeout=TIMEOUT))
    assert error.code() == grpc.StatusCode.INVALID_ARGUMENT, error
    # grpcio cannot leave out single messages of a client.
    response = service.input()(iter(requests), timeout=TIMEOUT,
                               compression=grpc.Compression.Gzip)
    assert response.aggregated_payload_size == 73086, response


def server_streaming(service):
    sizes = [31415, 9, 2653, 58979]
    got = [len(r.payload.body)
           for r in service.output()(ask(sizes), timeout=TIMEOUT)]
    assert got == sizes, got


def server_compressed_streaming(service):
    request = ask([31415, 92653])
    request.response_parameters[0].compressed.value = True
    request.response_parameters[1].compressed.value = False
    got = [len(r.payload.body)
           for r in service.output()(request, timeout=TIMEOUT)]
    assert got == [31415, 92653], got


def ping_pong(service):
    out = Outgoing()
    answers = service.duplex()(iter(out), timeout=TIMEOUT)
    for answer, payload in ((31415, 27182), (9, 8), (2653, 1828),
                            (58979, 45904)):
        out.send(ask([answer], payload))
        assert len(next(answers).payload.body) == answer
    out.end()
    assert list(answers) == []


def half_duplex(service):
    out = Outgoing()
    answers = service.duplex("HalfDuplexCall")(iter(out), timeout=TIMEOUT)
    for size in (1, 20, 300):
        out.send(ask([size, size], 0))
    out.end()
    got = [len(a.payload.body) for a in answers]
    assert got == [1, 1, 20, 20, 300, 300], got


def empty_stream(service):
    assert list(service.duplex()(iter([]), timeout=TIMEOUT)) == []


def check_echo(call):
    assert dict(call.initial_metadata())[m.ECHO_INITIAL] == \
        "test_initial_metadata_value", call.initial_metadata()
    assert dict(call.trailing_metadata())[m.ECHO_TRAILING] == \
        b"\xab\xab\xab", call.trailing_metadata()


def custom_metadata(service):
    metadata = ((m.ECHO_INITIAL, "test_initial_metadata_value"),
                (m.ECHO_TRAILING, b"\xab\xab\xab"))
    _, call = service.simple().with_call(
        m.SimpleRequest(response_size=314159, payload=m.zeros(271828)),
        timeout=TIMEOUT, metadata=metadata)
    check_echo(call)
    call = service.duplex()(iter([ask([314159], 271828)]), timeout=TIMEOUT,
                            metadata=metadata)
    assert len(list(call)) == 1
    check_echo(call)


def status_code_and_message(service):
    status = dict(code=2, message="test status message")
    for call in (
            lambda: service.simple()(m.SimpleRequest(response_status=status),
                                     timeout=TIMEOUT),
            lambda: service.duplex()(iter([ask([], response_status=status)]),
                                     timeout=TIMEOUT)):
        error = refusal(call)
        assert error.code() == grpc.StatusCode.UNKNOWN, error
        assert error.details() == "test status message", error


def special_status_message(service):
    error = refusal(lambda: service.simple()(
        m.SimpleRequest(response_status=dict(code=2, message=SPECIAL)),
        timeout=TIMEOUT))
    assert error.code() == grpc.StatusCode.UNKNOWN, error
    assert error.details() == SPECIAL, error


def unimplemented_method(service):
    error = refusal(lambda: service.empty("UnimplementedCall")(
        m.Empty(), timeout=TIMEOUT))
    assert error.code() == grpc.StatusCode.UNIMPLEMENTED, error


def unimplemented_service(service):
    error = refusal(lambda: service.empty(
        "UnimplementedCall", "/grpc.testing.UnimplementedService/")(
            m.Empty(), timeout=TIMEOUT))
    assert error.code() == grpc.StatusCode.UNIMPLEMENTED, error


def cancel_after_begin(service):
    out = Outgoing()
    call = service.input().future(iter(out), timeout=TIMEOUT)
    call.cancel()
    out.end()
    assert call.cancelled() and call.code() == grpc.StatusCode.CANCELLED


def cancel_after_first_response(service):
    out = Outgoing()
    call = service.duplex()(iter(out), timeout=TIMEOUT)
    out.send(ask([31415], 27182))
    assert len(next(call).payload.body) == 31415
    call.cancel()
    error = refusal(lambda: call)
    out.end()
    assert error.code() == grpc.StatusCode.CANCELLED, error


def timeout_on_sleeping_server(service):
    out = Outgoing()
    call = service.duplex()(iter(out), timeout=0.001)
    out.send(m.OutputRequest(payload=m.zeros(27182), response_parameters=[
        dict(size=31415, interval_us=100000)]))
    error = refusal(lambda: call)
    out.end()
    assert error.code() == grpc.StatusCode.DEADLINE_EXCEEDED, error


CASES = [empty_unary, large_unary, client_compressed_unary,
         server_compressed_unary, client_streaming,
         client_compressed_streaming, server_streaming,
         server_compressed_streaming, ping_pong, half_duplex, empty_stream,
         custom_metadata, status_code_and_message, special_status_message,
         unimplemented_method, unimplemented_service, cancel_after_begin,
         cancel_after_first_response, timeout_on_sleeping_server]


def run(service, peer, wanted):
    failed = False
    for case in CASES:
        if wanted and case.__name__ not in wanted:
            continue
        try:
            case(service)
            word = "ok"
        except Exception:  # pylint: disable=broad-except
            word, failed = "not ok", True
            traceback.print_exc()
        print("%s grpcio -> %s %s" % (word, peer, case.__name__), flush=True)
    return failed


with grpc.insecure_channel(sys.argv[1]) as channel:
    sys.exit(run(Service(channel), sys.argv[2], sys.argv[3:]))
