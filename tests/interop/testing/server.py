#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""grpc.testing.TestService by grpcio. Prints its port; ends with its input."""

import sys
import time
from concurrent import futures

import grpc

import messages as m


def echo_metadata(context):
    for name, value in context.invocation_metadata():
        if name == m.ECHO_INITIAL:
            context.send_initial_metadata(((name, value),))
        elif name == m.ECHO_TRAILING:
            context.set_trailing_metadata(((name, value),))


def echo_status(request, context):
    if request.HasField("response_status"):
        codes = {code.value[0]: code for code in grpc.StatusCode}
        context.abort(codes[request.response_status.code],
                      request.response_status.message)


def empty(request, context):
    echo_metadata(context)
    return m.Empty()


def unary(request, context):
    echo_metadata(context)
    echo_status(request, context)
    if request.HasField("response_compressed"):
        context.set_compression(grpc.Compression.Gzip)
        if not request.response_compressed.value:
            context.disable_next_message_compression()
    return m.SimpleResponse(payload=m.zeros(request.response_size))


def outputs(request, context):
    for parameters in request.response_parameters:
        time.sleep(parameters.interval_us / 1e6)
        if not parameters.compressed.value:
            context.disable_next_message_compression()
        yield m.OutputResponse(payload=m.zeros(parameters.size))


def streaming_output(request, context):
    echo_metadata(context)
    echo_status(request, context)
    if any(p.compressed.value for p in request.response_parameters):
        context.set_compression(grpc.Compression.Gzip)
    yield from outputs(request, context)


def streaming_input(requests, context):
    return m.InputResponse(
        aggregated_payload_size=sum(len(r.payload.body) for r in requests))


def full_duplex(requests, context):
    echo_metadata(context)
    for request in requests:
        echo_status(request, context)
        yield from outputs(request, context)


def half_duplex(requests, context):
    for request in list(requests):
        yield from outputs(request, context)


METHODS = {
    "EmptyCall": (grpc.unary_unary_rpc_method_handler, empty, m.Empty),
    "UnaryCall": (grpc.unary_unary_rpc_method_handler, unary,
                  m.SimpleRequest),
    "StreamingOutputCall": (grpc.unary_stream_rpc_method_handler,
                            streaming_output, m.OutputRequest),
    "StreamingInputCall": (grpc.stream_unary_rpc_method_handler,
                           streaming_input, m.InputRequest),
    "FullDuplexCall": (grpc.stream_stream_rpc_method_handler, full_duplex,
                       m.OutputRequest),
    "HalfDuplexCall": (grpc.stream_stream_rpc_method_handler, half_duplex,
                       m.OutputRequest),
}


def main():
    server = grpc.server(futures.ThreadPoolExecutor(16))
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(
        "grpc.testing.TestService",
        {name: make(routine, request_deserializer=request.FromString,
                    response_serializer=m.serialize)
         for name, (make, routine, request) in METHODS.items()})])
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)
    server.start()
    sys.stdin.read()
    server.stop(None)


main()
