#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""becketd, whose Calculator speaks DCE/RPC and gRPC at one port: a client made
by protoc for Python, and h2load.

grpc_calculator.py WORK CALCULATOR COMMAND..."""

import os
import subprocess
import sys

import grpc

import dce

work, calculator, *command = sys.argv[1:]
subprocess.run(["protoc", "-Iidl", "-Iexamples/calculator",
                "--python_out=" + work, "calc.proto", "becket/options.proto"],
               check=True)
sys.path.insert(0, work)
import calc_pb2  # noqa: E402 (it is made by the lines above)


def call(server, name, message, timeout=dce.TIMEOUT):
    service = calc_pb2.DESCRIPTOR.services_by_name["Calculator"]
    method = service.methods_by_name[name]
    answer = getattr(calc_pb2, method.output_type.name)
    with grpc.insecure_channel("127.0.0.1:%d" % server.port) as channel:
        stub = channel.unary_unary(
            "/%s/%s" % (service.full_name, name),
            request_serializer=lambda m: m.SerializeToString(),
            response_deserializer=answer.FromString)
        return stub(message, timeout=timeout)


def test_messages_of_the_same_proto(server):
    answer = call(server, "Divide", calc_pb2.DivideRequest(dividend=-7,
                                                           divisor=2))
    assert (answer.quotient, answer.remainder) == (-3, -1)
    assert call(server, "Add", calc_pb2.AddRequest(a=1, b=2)).sum == 3
    answer = call(server, "Sum", calc_pb2.SumRequest(terms=range(100000)))
    assert answer.sum == 4999950000


def test_a_fault_with_its_sentence(server):
    try:
        call(server, "Divide", calc_pb2.DivideRequest(dividend=1))
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.INVALID_ARGUMENT, error
        assert error.details() == "1 cannot be divided by zero", error
        assert dict(error.trailing_metadata())["becket-status"] == "1767"
    else:
        raise AssertionError("no error")


def test_bytes_that_are_no_message(server):
    try:
        with grpc.insecure_channel("127.0.0.1:%d" % server.port) as channel:
            channel.unary_unary("/calc.Calculator/Divide")(
                b"\xff\xff", timeout=dce.TIMEOUT)
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.INTERNAL, error
    else:
        raise AssertionError("no error")


def test_our_own_client_at_the_same_port(server):
    for protseq in ("ncacn_ip_tcp",):
        answer = subprocess.run(
            [calculator, "%s:127.0.0.1[%d]" % (protseq, server.port), "sum",
             "1", "2", "3"], check=True, capture_output=True, text=True)
        assert answer.stdout.split()[-1] == "6", answer.stdout


def test_load(server):
    message = calc_pb2.AddRequest(a=1, b=2).SerializeToString()
    path = os.path.join(work, "add.bin")
    with open(path, "wb") as file:
        file.write(b"\0" + len(message).to_bytes(4, "big") + message)
    answer = subprocess.run(
        ["h2load", "-n", "5000", "-c", "4", "-m", "50", "-d", path,
         "-H", "content-type: application/grpc", "-H", "te: trailers",
         "http://127.0.0.1:%d/calc.Calculator/Add" % server.port],
        check=True, capture_output=True, text=True)
    assert "5000 succeeded, 0 failed, 0 errored" in answer.stdout, \
        answer.stdout


if __name__ == "__main__":
    dce.run(globals(), command)
