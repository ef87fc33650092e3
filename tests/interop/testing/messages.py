# SPDX-License-Identifier: MIT
"""The messages of grpc.testing, from Debian's grpc-proto. They come from a
descriptor set, for what protoc would make is a package "grpc" in the way of
grpcio's."""

import os
import subprocess
import tempfile

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

PROTOS = "/usr/share/grpc-proto"
SERVICE = "/grpc.testing.TestService/"


def load():
    with tempfile.TemporaryDirectory() as work:
        path = os.path.join(work, "set")
        subprocess.run(["protoc", "-I" + PROTOS, "--include_imports", "-o",
                        path, "grpc/testing/test.proto"], check=True)
        with open(path, "rb") as file:
            files = descriptor_pb2.FileDescriptorSet.FromString(file.read())
    pool = descriptor_pool.DescriptorPool()
    for file in files.file:
        pool.Add(file)
    return message_factory.MessageFactory(pool), pool


factory, pool = load()


def message(name):
    return factory.GetPrototype(
        pool.FindMessageTypeByName("grpc.testing." + name))


Empty = message("Empty")
Payload = message("Payload")
SimpleRequest = message("SimpleRequest")
SimpleResponse = message("SimpleResponse")
InputRequest = message("StreamingInputCallRequest")
InputResponse = message("StreamingInputCallResponse")
OutputRequest = message("StreamingOutputCallRequest")
OutputResponse = message("StreamingOutputCallResponse")

ECHO_INITIAL = "x-grpc-test-echo-initial"
ECHO_TRAILING = "x-grpc-test-echo-trailing-bin"


def serialize(m):
    return m.SerializeToString()


def zeros(size):
    return Payload(body=bytes(size))
