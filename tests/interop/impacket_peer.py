#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""impacket, a client that knows nothing of Becket, against a live server."""

import struct
import sys

from impacket.dcerpc.v5 import mgmt, transport
from impacket.dcerpc.v5.rpcrt import DCERPCException
from impacket.uuid import uuidtup_to_bin

import dce

SYNTAX = (dce.BECKET[0], "1.0")
ECHO = uuidtup_to_bin((dce.ECHO[0], "1.2"))
OTHER = uuidtup_to_bin((dce.OTHER[0], "3.0"))


def connect(server):
    rpc = transport.DCERPCTransportFactory(
        "ncacn_ip_tcp:127.0.0.1[%d]" % server.port)
    rpc.set_connect_timeout(dce.TIMEOUT)
    client = rpc.get_dce_rpc()
    client.connect()
    return client


def bound(server, interface=ECHO, syntax=SYNTAX):
    client = connect(server)
    client.bind(interface, transfer_syntax=syntax)
    return client


def managed(server):
    client = connect(server)
    client.bind(mgmt.MSRPC_UUID_MGMT)
    return client


def call(client, opnum, message):
    client.call(opnum, b"\0" + message)
    answer = client.recv()
    assert answer[:1] == b"\0", answer[:1]
    return answer[1:]


def expect_error(text, function, *arguments, **named):
    """function raises an error that says text."""
    try:
        function(*arguments, **named)
    except DCERPCException as error:
        assert text in str(error), str(error)
    else:
        raise AssertionError("no error")


def test_binds_with_our_syntax_and_calls(server):
    client = bound(server)
    assert call(client, 0, b"hello") == b"hello"
    assert call(client, 0, b"again") == b"again"
    client.disconnect()


def test_large_requests_and_replies_in_fragments(server):
    client = bound(server)
    body = bytes(range(256)) * 4096
    assert call(client, 0, body) == body
    assert call(client, 1, struct.pack("<I", 3000000)) == bytes(
        i & 255 for i in range(3000000))
    client.disconnect()


def test_small_fragments(server):
    client = bound(server)
    client.set_max_fragment_size(100)
    assert call(client, 0, bytes(1234)) == bytes(1234)
    client.disconnect()


def test_faults_by_name(server):
    client = bound(server)
    expect_error("nca_s_op_rng_error", call, client, 99, b"")
    expect_error("nca_s_fault_cancel", call, client, 2,
                 struct.pack("<I", 1818))
    expect_error("nca_s_unsupported_type", call, client, 2,
                 struct.pack("<I", 1732))
    expect_error("rpc_s_access_denied", call, client, 2,
                 struct.pack("<I", 5))
    assert call(client, 0, b"x") == b"x"
    client.disconnect()


def test_a_context_that_was_not_bound_is_unk_if(server):
    client = bound(server)
    client.set_ctx_id(9)
    expect_error("nca_s_unk_if", call, client, 0, b"")
    client.disconnect()


def test_alter_context_to_another_interface(server):
    client = bound(server)
    other = client.alter_ctx(OTHER)
    other.bind(OTHER, alter=1, transfer_syntax=SYNTAX)
    assert call(other, 0, b"other") == b"other"
    assert call(client, 0, b"first") == b"first"
    client.disconnect()


def test_an_unknown_interface_is_rejected(server):
    expect_error("abstract_syntax_not_supported", bound, server,
                 uuidtup_to_bin((dce.NOBODY[0], "1.0")))


def test_a_wrong_syntax_is_rejected(server):
    expect_error("proposed_transfer_syntaxes_not_supported", bound, server,
                 ECHO, (dce.NDR64[0], "1.0"))


def test_mgmt_lists_the_interfaces(server):
    client = managed(server)
    answer = mgmt.hinq_if_ids(client)
    ids = {(entry["Data"]["Uuid"], entry["Data"]["VersMajor"],
            entry["Data"]["VersMinor"])
           for entry in answer["if_id_vector"]["if_id"]}
    expected = {(ECHO[:16], 1, 2), (OTHER[:16], 3, 0)}
    assert ids == expected, ids
    client.disconnect()


def test_mgmt_counts(server):
    client = managed(server)
    before = mgmt.hinq_stats(client)["statistics"]
    assert len(before) == 4
    after = mgmt.hinq_stats(client)["statistics"]
    # calls in, calls out, PDUs in, PDUs out
    assert after[0] == before[0] + 1, (before, after)
    assert after[2] == before[2] + 1 and after[3] == before[3] + 1
    assert len(mgmt.hinq_stats(client, 2)["statistics"]) == 2
    assert len(mgmt.hinq_stats(client, 9)["statistics"]) == 4
    client.disconnect()


def test_mgmt_says_that_it_listens(server):
    client = managed(server)
    assert mgmt.his_server_listening(client)["status"] == 0
    client.disconnect()


def test_mgmt_refuses_to_stop(server):
    client = managed(server)
    expect_error("0x5", mgmt.hstop_server_listening, client)
    assert mgmt.his_server_listening(client)["status"] == 0
    client.disconnect()


def test_mgmt_knows_no_principal(server):
    client = managed(server)
    answer = mgmt.hinq_princ_name(client, 10, 100)
    assert answer["status"] == 1747, answer["status"]
    expect_error("rpc_x_bad_stub_data", mgmt.hinq_princ_name, client, 10, 0)
    client.disconnect()


def test_mgmt_has_five_operations(server):
    client = managed(server)
    for opnum in (5, 6):
        client.call(opnum, b"")
        expect_error("nca_s_op_rng_error", client.recv)
    client.disconnect()


if __name__ == "__main__":
    dce.run(globals(), sys.argv[1:] + dce.LISTEN)
