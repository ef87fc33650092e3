#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""envelope_peer.py ROOT SERVER...: a client that knows NDR
and nothing else, impacket, calls Calculator and Files of a becketd. Its
structures are those of the IDL in PROTOCOL.md section 3.1, its messages are
encoded by hand.
"""

import hashlib
import os
import sys

from impacket.dcerpc.v5 import transport
from impacket.dcerpc.v5.dtypes import ULONG
from impacket.dcerpc.v5.ndr import (NDRCALL, NDRPOINTER,
                                    NDRUniConformantArray)
from impacket.dcerpc.v5.rpcrt import DCERPCException
from impacket.uuid import uuidtup_to_bin

import dce

CALCULATOR = ("5d9c1ea3-9a4b-4c0e-9f38-c2a74ab2d1e6", "1.0")
FILES = ("0c6f2a94-5f0e-4b7e-9d55-3b1a6f4c8e21", "1.0")
DIVIDE, ADD, SUM = range(3)
STAT, LIST, READ, CHECKSUM = range(4)

ROOT = sys.argv[1]
SIZE = 100000


class BYTES(NDRUniConformantArray):
    item = "c"


class PBYTES(NDRPOINTER):
    referent = (("Data", BYTES),)


class Operation(NDRCALL):
    structure = (("request_size", ULONG), ("request", BYTES))


class OperationResponse(NDRCALL):
    structure = (("response_size", ULONG), ("response", PBYTES))


def connect(server):
    rpc = transport.DCERPCTransportFactory(
        "ncacn_ip_tcp:127.0.0.1[%d]" % server.port)
    rpc.set_connect_timeout(dce.TIMEOUT)
    client = rpc.get_dce_rpc()
    client.connect()
    return client


def bound(server, interface):
    client = connect(server)
    client.bind(uuidtup_to_bin(interface))
    return client


def call(client, opnum, message):
    request = Operation()
    request.opnum = opnum
    request["request_size"] = len(message)
    request["request"] = list(message[i:i + 1] for i in range(len(message)))
    client.call(opnum, request)
    answer = client.recv()
    response = OperationResponse(answer)
    assert len(answer) == 12 + response["response_size"], len(answer)
    message = b"".join(response["response"])
    assert len(message) == response["response_size"]
    return message


def varint(number):
    out = bytearray()
    while True:
        out.append(number & 127 | (128 if number > 127 else 0))
        number >>= 7
        if not number:
            return bytes(out)


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value & (1 << 64) - 1)
    return varint(number << 3 | 2) + varint(len(value)) + value


def read_varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 127) << shift
        shift, at = shift + 7, at + 1
        if data[at - 1] < 128:
            return value, at


def fields(data):
    """{number: [values]}"""
    found, at = {}, 0
    while at < len(data):
        tag, at = read_varint(data, at)
        value, at = read_varint(data, at)
        if tag & 7 == 2:
            value, at = data[at:at + value], at + value
        found.setdefault(tag >> 3, []).append(value)
    return found


def expect_error(text, function, *arguments):
    try:
        function(*arguments)
    except DCERPCException as error:
        assert text in str(error), str(error)
    else:
        raise AssertionError("no error")


def test_calculator_divides(server):
    client = bound(server, CALCULATOR)
    answer = fields(call(client, DIVIDE, field(1, 7) + field(2, 2)))
    assert answer == {1: [3], 2: [1]}, answer
    answer = fields(call(client, DIVIDE, field(1, -7) + field(2, 2)))
    assert answer == {1: [2 ** 64 - 3], 2: [2 ** 64 - 1]}, answer
    client.disconnect()


def test_calculator_sums(server):
    client = bound(server, CALCULATOR)
    terms = range(10000)
    packed = b"".join(varint(term) for term in terms)
    answer = fields(call(client, SUM, field(1, packed)))
    assert answer == {1: [sum(terms)]}, answer
    assert call(client, ADD, b"") == b""  # 0 + 0
    client.disconnect()


def test_faults_carry_their_code_alone(server):
    client = bound(server, CALCULATOR)
    expect_error("nca_s_fault_int_div_by_zero", call, client, DIVIDE,
                 field(1, 7))
    expect_error("nca_s_op_rng_error", call, client, 9, b"")
    expect_error("rpc_x_bad_stub_data", call, client, DIVIDE, b"\x08")
    assert call(client, ADD, field(1, 2)) == field(1, 2)
    client.disconnect()


def test_files_are_listed_and_read(server):
    client = bound(server, FILES)
    listed = fields(call(client, LIST, b""))
    names = [fields(entry)[1][0] for entry in listed[1]]
    assert names == [b"large", b"small"], names
    stat = fields(fields(call(client, STAT, field(1, b"small")))[1][0])
    assert stat[3] == [5], stat
    body = b""
    while len(body) < SIZE:
        part = fields(call(client, READ, field(1, b"large") +
                           field(2, len(body)) + field(3, SIZE)))
        body += part[1][0]
    with open(os.path.join(ROOT, "large"), "rb") as file:
        assert body == file.read()
    answer = fields(call(client, CHECKSUM, field(1, b"large")))
    assert answer[1] == [hashlib.sha256(body).digest()]
    expect_error("00000002", call, client, STAT, field(1, b"nothing"))
    client.disconnect()


def test_two_interfaces_on_one_session(server):
    client = bound(server, CALCULATOR)
    files = client.alter_ctx(uuidtup_to_bin(FILES))
    stat = fields(fields(call(files, STAT, field(1, b"small")))[1][0])
    assert stat[3] == [5], stat
    assert call(client, ADD, field(1, 2)) == field(1, 2)
    client.disconnect()


if __name__ == "__main__":
    os.makedirs(ROOT)
    with open(os.path.join(ROOT, "small"), "wb") as small:
        small.write(b"hello")
    with open(os.path.join(ROOT, "large"), "wb") as large:
        large.write(os.urandom(SIZE))
    dce.run(globals(), sys.argv[2:])
