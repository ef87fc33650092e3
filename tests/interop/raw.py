#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Bytes by hand against a live server: what PROTOCOL.md section 2 promises."""

import socket
import struct
import sys

from dce import *


def u32(number):
    return struct.pack("<I", number)


def test_a_call_over_our_transfer_syntax(server):
    with server.bound() as peer:
        assert peer.call(0, b"hello") == b"hello"


def test_a_call_over_ncalrpc(server):
    with server.peer(local=True) as peer:
        answer = peer.bind()
        assert answer.address == b"interop\0", answer.address
        assert peer.call(0, b"hello") == b"hello"


def test_the_secondary_address_is_the_port(server):
    with server.peer() as peer:
        answer = peer.bind()
        assert answer.address == b"%d\0" % server.port, answer.address


def test_a_call_byte_by_byte(server):
    with server.peer() as peer:
        peer.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in bind((0, ECHO, [BECKET])) + request(0, b"\0slow"):
            peer.send(bytes([byte]))
        assert peer.receive().kind == BIND_ACK
        assert peer.reply() == b"\0slow"


def test_bind_and_calls_in_one_segment(server):
    with server.peer() as peer:
        peer.send(bind((0, ECHO, [BECKET]), flags=FIRST | LAST | CONC_MPX),
                  *[request(0, b"\0%d" % i, call=i) for i in range(2, 12)])
        assert peer.receive().kind == BIND_ACK
        answers = [peer.receive() for _ in range(10)]
        assert sorted((a.call, a.stub) for a in answers) == \
            [(i, b"\0%d" % i) for i in range(2, 12)]


def test_big_endian_bind_request_and_mgmt(server):
    with server.peer() as peer:
        answer = peer.ask(bind((0, ECHO, [BECKET]), order=BIG))
        assert answer.kind == BIND_ACK and answer.results == [(0, 0)]
        peer.send(request(0, b"\0big", order=BIG))
        assert peer.reply() == b"\0big"
    with server.peer() as peer:
        peer.ask(bind((0, MGMT, [NDR]), order=BIG))
        peer.send(request(1, struct.pack(">I", 4), order=BIG))
        stub = peer.reply()
        assert len(stub) == 28, len(stub)
        assert stub[0] in (0, 4)  # the server's own byte order


def test_fragments_of_a_request_are_put_together(server):
    with server.bound() as peer:
        body = bytes(range(256)) * 40
        parts = [b"\0" + body[:2047], body[2047:8191], body[8191:]]
        peer.send(
            request(0, parts[0], flags=FIRST, call=7, hint=len(body) + 1),
            request(0, parts[1], flags=0, call=7),
            request(0, parts[2], flags=LAST, call=7))
        assert peer.reply() == b"\0" + body


def test_responses_are_cut_at_what_was_negotiated(server):
    with server.peer() as peer:
        answer = peer.ask(bind((0, ECHO, [BECKET]), recv=2048, xmit=4000))
        assert (answer.xmit, answer.recv) == (2048, 2048)
        peer.send(request(1, b"\0" + u32(10000)))
        sizes, stub = [], b""
        while True:
            part = peer.receive()
            assert part.kind == RESPONSE
            sizes.append(part.size)
            stub += part.stub
            assert part.flags & LAST or len(part.stub) % 8 == 0
            if part.flags & LAST:
                break
        assert max(sizes) <= 2048 and len(sizes) == 5, sizes
        assert stub[1:] == bytes(i & 255 for i in range(10000))


def test_fragment_sizes_of_both_syntaxes(server):
    for syntax, offer, expected in (
            (BECKET, 65528, 65528), (BECKET, 65535, 65528),
            (BECKET, 1000, 2048), (BECKET, 5003, 5000),
            (NDR, 65528, 5840), (NDR, 4283, 4280), (NDR, 1432, 2048)):
        interface = MGMT if syntax == NDR else ECHO
        with server.peer() as peer:
            answer = peer.bind(interface, syntax, xmit=offer, recv=offer)
            assert (answer.xmit, answer.recv) == (expected, expected), (
                syntax, offer, answer.xmit, answer.recv)


def test_a_large_message_both_ways(server):
    with server.bound() as peer:
        body = bytes(range(251)) * 8000
        stub = b"\0" + body
        cut = [stub[i:i + 60000] for i in range(0, len(stub), 60000)]
        for i, part in enumerate(cut):
            flags = (FIRST if i == 0 else 0) | (LAST if i + 1 == len(cut) else 0)
            peer.send(request(0, part, flags=flags, call=3))
        assert peer.reply() == b"\0" + body


def test_an_object_reaches_the_manager(server):
    text = "01234567-89ab-cdef-0123-456789abcdef"
    with server.bound() as peer:
        assert peer.call(5, object_=text) == text.encode()
        assert peer.call(5) == b"00000000-0000-0000-0000-000000000000"
    with server.bound() as peer:
        peer.send(request(5, b"\0", object_=text, order=BIG))
        assert peer.reply() == b"\0" + text.encode()


def test_a_call_header_is_read(server):
    with server.bound() as peer:
        header = b"\x08\xc0\x84\x3d"  # remaining_us = 1000000
        assert peer.ask(request(6, b"\1" + bytes([len(header)]) + header)
                        ).stub[1:] == b"yes"
        assert peer.call(6) == b"no"


def field(number, value):
    """A field of bytes, in protobuf encoding; no longer than 127."""
    return bytes([number << 3 | 2, len(value)]) + value


def entry(key, value):
    return field(2, field(1, key) + field(2, value))


def test_metadata_go_there_and_back(server):
    there = entry(b"x-a", b"1") + entry(b"x-b-bin", b"\0\xff")
    front = entry(b"i-x-a", b"1") + entry(b"i-x-b-bin", b"\0\xff")
    behind = entry(b"t-x-a", b"1") + entry(b"t-x-b-bin", b"\0\xff")
    with server.bound() as peer:
        head = b"\1" + bytes([len(there)]) + there
        back = front + field(3, behind)
        assert peer.ask(request(9, head + b"hello")).stub == \
            b"\1" + bytes([len(back)]) + back + b"hello"
        # becket.wire.Status: code, message, details, header
        detail = field(1, b"type.googleapis.com/google.protobuf.StringValue") \
            + field(2, b"\x0a\3why")
        fault = peer.fault(request(9, head))
        assert fault.stub == b"\x08\x8a\x82\x80\x90\x04" + \
            field(2, b"empty") + field(3, detail) + field(4, back), fault.stub


def test_metadata_that_could_not_cross_are_faults(server):
    with server.bound() as peer:
        for key, value in ((b"X", b"1"), (b"x", b"\n"), (b"", b"1"),
                           (b"x", b"\x7f"), (b"x y", b"1"), (b"-bin", b"\0")):
            head = entry(key, value)
            fault = peer.fault(request(9, b"\1" + bytes([len(head)]) + head))
            assert fault.status == BAD_STUB_DATA, (key, value)
            assert fault.flags & DID_NOT_EXECUTE
        many = entry(b"x", b"") * 65
        fault = peer.fault(request(9, b"\1\x87\4" + many))
        assert fault.status == BAD_STUB_DATA, hex(fault.status)
        assert peer.call(0, b"still there") == b"still there"


def test_bad_call_headers_are_faults(server):
    with server.bound() as peer:
        assert peer.fault(request(0, b"\x80abc")).status == PROTO_ERROR
        assert peer.fault(request(0, b"")).flags & DID_NOT_EXECUTE
        assert peer.fault(request(0, b"\1\xff")).flags & DID_NOT_EXECUTE
        assert peer.fault(request(0, b"\2")).status == 0x42000005
        assert peer.call(0, b"still there") == b"still there"


def test_faults_carry_status_and_sentence(server):
    with server.bound() as peer:
        fault = peer.fault(request(2, b"\0" + u32(4711)))
        assert fault.status == 4711 and fault.flags == FIRST | LAST
        # becket.wire.Status: code 4711, message
        text = b"asked to fail with 4711"
        assert fault.stub == b"\x08\xe7\x24\x12" + bytes([len(text)]) + text


def test_unknown_operations_are_op_rng_error(server):
    with server.bound() as peer:
        for opnum in (3, 99, 65535):
            fault = peer.fault(request(opnum, b"\0", call=opnum + 1))
            assert fault.status == OP_RNG, hex(fault.status)
            assert fault.flags == FIRST | LAST | DID_NOT_EXECUTE
            assert fault.call == opnum + 1
        assert peer.call(0, b"x") == b"x"


def test_a_missing_manager_routine_is_not_implemented(server):
    with server.bound() as peer:
        assert peer.fault(request(4, b"\0")).status == 0x42000004


def test_unknown_contexts_are_unk_if(server):
    with server.bound() as peer:
        fault = peer.fault(request(0, b"\0", context=77))
        assert fault.status == UNK_IF and fault.context == 0
        assert fault.flags == FIRST | LAST | DID_NOT_EXECUTE
        assert peer.call(0, b"x") == b"x"


def test_alter_context_adds_an_interface(server):
    with server.bound() as peer:
        answer = peer.ask(alter((1, OTHER, [BECKET])))
        assert answer.kind == ALTER_CONTEXT_RESP
        assert answer.results == [(0, 0)] and answer.address == b""
        assert peer.call(0, b"other", context=1) == b"other"
        assert peer.call(0, b"first", context=0) == b"first"


def test_interfaces_and_versions_not_there_are_rejected(server):
    uuid_ = ECHO[0]
    for interface, result in (
            (NOBODY, (2, 1)), ((uuid_, 1, 3), (2, 1)), ((uuid_, 2, 0), (2, 1)),
            ((uuid_, 1, 2), (0, 0)), ((uuid_, 1, 0), (0, 0))):
        with server.peer() as peer:
            answer = peer.ask(bind((0, interface, [BECKET])))
            assert answer.kind == BIND_ACK
            assert answer.results == [result], (interface, answer.results)


def test_unknown_transfer_syntaxes_are_rejected(server):
    with server.peer() as peer:
        answer = peer.ask(bind((0, ECHO, [NDR64])))
        assert answer.kind == BIND_ACK and answer.results == [(2, 2)]
        # and the session goes on
        answer = peer.ask(alter((0, ECHO, [NDR64, BECKET])))
        assert answer.results == [(0, 0)], answer.results
        assert peer.call(0, b"x") == b"x"


def envelope(message, size=None, count=None, order=LITTLE):
    size = len(message) if size is None else size
    count = size if count is None else count
    return order.pack("II", size, count) + message


def answered(message):
    return LITTLE.pack("III", len(message), 0x20000, len(message)) + message


def test_ndr_peers_have_an_envelope_in_both_byte_orders(server):
    for order in LITTLE, BIG:
        with server.peer() as peer:
            answer = peer.bind(syntax=NDR, order=order)
            assert (answer.xmit, answer.recv) == (5840, 5840)
            for message in b"hello", b"", b"odd":
                peer.send(request(0, envelope(message, order=order) + b"more",
                                  order=order))
                assert peer.reply() == answered(message)


def test_large_envelopes_in_fragments(server):
    with server.bound(syntax=NDR) as peer:
        body = bytes(range(251)) * 4000
        stub = envelope(body)
        cut = [stub[i:i + 5816] for i in range(0, len(stub), 5816)]
        for i, part in enumerate(cut):
            flags = (FIRST if i == 0 else 0) | (LAST if i + 1 == len(cut) else 0)
            peer.send(request(0, part, flags=flags, call=3))
        assert peer.reply() == answered(body)


def test_envelopes_that_lie_are_bad_stub_data(server):
    with server.bound(syntax=NDR) as peer:
        for stub in (b"", b"\5\0\0\0", envelope(b"hello", 5, 4),
                     envelope(b"hello", 4, 5), envelope(b"hell", 5),
                     envelope(b"hello", 0xFFFFFFFF),
                     envelope(b"hello", order=BIG)):
            fault = peer.fault(request(0, stub))
            assert fault.status == BAD_STUB_DATA, (stub, hex(fault.status))
            assert fault.flags == FIRST | LAST | DID_NOT_EXECUTE
            assert fault.stub == b"", fault.stub
        peer.send(request(0, envelope(b"still there")))
        assert peer.reply() == answered(b"still there")


def test_to_ndr_peers_there_are_no_metadata(server):
    with server.bound(syntax=NDR) as peer:
        peer.send(request(9, envelope(b"hello")))
        assert peer.reply() == answered(b"hello")
        fault = peer.fault(request(9, envelope(b"")))
        assert fault.status == 0x4200010a and fault.stub == b""


def test_faults_to_ndr_peers_are_their_code_alone(server):
    with server.bound(syntax=NDR) as peer:
        fault = peer.fault(request(2, envelope(u32(4711))))
        assert fault.status == 4711 and fault.flags == FIRST | LAST
        assert fault.stub == b"" and fault.hint == 24
        fault = peer.fault(request(99, envelope(b"")))
        assert fault.status == OP_RNG and fault.stub == b""


def test_our_syntax_is_preferred_to_ndr(server):
    with server.peer() as peer:
        answer = peer.ask(bind((0, ECHO, [NDR]), (1, ECHO, [BECKET])))
        assert answer.results == [(2, 2), (0, 0)], answer.results
        peer.send(request(0, b"\0hello", context=1))
        assert peer.reply() == b"\0hello"
        # and the other, when it is asked for by itself
        assert peer.ask(alter((0, ECHO, [NDR]))).results == [(0, 0)]
        peer.send(request(0, envelope(b"hello")))
        assert peer.reply() == answered(b"hello")
    with server.peer() as peer:
        answer = peer.ask(bind((0, ECHO, [NDR, BECKET])))
        assert answer.syntaxes == [LITTLE.syntax(BECKET)]


def test_one_context_is_accepted_per_bind(server):
    with server.peer() as peer:
        answer = peer.ask(bind((0, ECHO, [BECKET]), (1, OTHER, [BECKET]),
                               (2, NOBODY, [BECKET])))
        assert answer.results == [(0, 0), (2, 2), (2, 1)], answer.results


def test_features_are_negotiated(server):
    with server.peer() as peer:
        answer = peer.ask(bind((0, ECHO, [BECKET]), (1, ECHO, [features(3)])))
        assert answer.results == [(0, 0), (3, 2)], answer.results


def test_multiplexing_is_negotiated(server):
    with server.peer() as peer:
        flags = FIRST | LAST | CONC_MPX
        answer = peer.ask(bind((0, ECHO, [BECKET]), flags=flags))
        assert answer.flags == flags
        answer = peer.ask(alter((1, OTHER, [BECKET]), flags=flags))
        assert answer.flags == FIRST | LAST
        # a call that is held does not hold others up
        peer.send(request(7, b"\0", call=20), request(0, b"\0a", call=21))
        answer = peer.receive()
        assert (answer.call, answer.stub) == (21, b"\0a")
        peer.send(request(8, b"\0", call=22))
        answers = {a.call: a.stub for a in (peer.receive(), peer.receive())}
        assert answers == {20: b"\0released", 22: b"\0released"}, answers


def test_without_multiplexing_one_call_at_a_time(server):
    with server.bound() as peer:
        peer.send(request(7, b"\0", call=20))
        fault = peer.fault(request(0, b"\0", call=21))
        assert fault.status == PROTO_ERROR
        peer.expect_end()
    with server.bound() as peer:
        peer.call(8)


def test_co_cancel_reaches_the_manager(server):
    with server.bound(flags=FIRST | LAST | CONC_MPX) as peer:
        peer.send(request(7, b"\0", call=30), pdu(CO_CANCEL, call=30),
                  pdu(CO_CANCEL, call=99), pdu(ORPHANED, call=99),
                  request(8, b"\0", call=31))
        answers = {a.call: a.stub for a in (peer.receive(), peer.receive())}
        assert answers == {30: b"\0cancelled", 31: b"\0cancelled"}, answers


def test_an_orphaned_call_is_not_answered(server):
    with server.bound(flags=FIRST | LAST | CONC_MPX) as peer:
        peer.send(request(7, b"\0", call=30), pdu(ORPHANED, call=30),
                  request(8, b"\0", call=31))
        answer = peer.receive()
        assert (answer.call, answer.stub) == (31, b"\0cancelled")
        peer.send(request(0, b"\0last", call=32))
        assert peer.receive().call == 32


def test_maybe_is_not_answered(server):
    with server.bound() as peer:
        peer.send(request(0, b"\0maybe", call=5, flags=FIRST | LAST | MAYBE),
                  request(0, b"\0sure", call=6))
        answer = peer.receive()
        assert (answer.call, answer.stub) == (6, b"\0sure")


def test_association_groups(server):
    with server.peer() as one, server.peer() as two, server.peer() as three:
        group = one.bind().group
        assert group != 0
        assert two.bind(group=group).group == group
        assert three.bind().group not in (0, group)
        with server.peer() as four:
            answer = four.ask(bind((0, ECHO, [BECKET]), group=0x7FFFFFFF))
            assert answer.kind == BIND_NAK and answer.reason == 0
            four.expect_end()


def test_groups_belong_to_one_transport(server):
    with server.peer() as one, server.peer(local=True) as two:
        group = one.bind().group
        answer = two.ask(bind((0, ECHO, [BECKET]), group=group))
        assert answer.kind == BIND_NAK
        two.expect_end()


def test_answers_come_after_half_close(server):
    with server.bound() as peer:
        peer.send(request(1, b"\0" + u32(300000)))
        peer.socket.shutdown(socket.SHUT_WR)
        assert len(peer.reply()) == 300001
        peer.expect_end()


# PROTOCOL.md 2.12: row by row. First the bytes, then what comes back.

NAKS = {
    "first_pdu_is_a_request": (request(0, b"\0"), 4),
    "version_is_not_5": (bind((0, ECHO, [BECKET]), version=(4, 0)), 4),
    "minor_version_is_not_0": (bind((0, ECHO, [BECKET]), version=(5, 2)), 4),
    "data_representation_is_ebcdic":
        (bind((0, ECHO, [BECKET]), drep=b"\x11\0\0\0"), 4),
    "data_representation_is_vax":
        (bind((0, ECHO, [BECKET]), drep=b"\x10\1\0\0"), 4),
    "verifier_is_larger_than_the_pdu":
        (bind((0, ECHO, [BECKET]), auth=500), 4),
    "no_elements": (bind(), 0),
    "element_without_syntax": (bind((0, ECHO, [])), 0),
    "features_twice": (bind((0, ECHO, [BECKET]), (1, ECHO, [features(1)]),
                            (2, ECHO, [features(1)])), 0),
}

FAULTS = {
    "response_of_a_client": (pdu(RESPONSE, bytes(8)), PROTO_ERROR, 0x23),
    "fault_of_a_client": (pdu(FAULT, bytes(16)), PROTO_ERROR, 0x23),
    "bind_ack_of_a_client": (pdu(BIND_ACK, bytes(16)), PROTO_ERROR, 0x23),
    "bind_nak_of_a_client": (pdu(BIND_NAK, bytes(8)), PROTO_ERROR, 0x23),
    "alter_context_resp_of_a_client":
        (pdu(ALTER_CONTEXT_RESP, bytes(16)), PROTO_ERROR, 0x23),
    "shutdown_of_a_client": (pdu(SHUTDOWN), PROTO_ERROR, 0x23),
    "unknown_type": (pdu(99), PROTO_ERROR, 0x23),
    "datagram_type": (pdu(1), PROTO_ERROR, 0x23),
    "version_of_a_request":
        (request(0, b"\0", version=(5, 1)), PROTO_ERROR, 0x23),
    "data_representation_of_a_request":
        (request(0, b"\0", drep=b"\x12\0\0\0"), PROTO_ERROR, 0x23),
    "alter_context_without_elements": (alter(), PROTO_ERROR, 0x23),
    "alter_context_without_syntax": (alter((1, OTHER, [])), PROTO_ERROR, 0x23),
    "context_used_again_for_another_interface":
        (alter((0, OTHER, [BECKET])), PROTO_ERROR, None),
    "fragment_of_an_unknown_call":
        (request(0, b"x", flags=LAST, call=9), PROTO_ERROR, None),
    "first_with_a_pending_cancel":
        (request(0, b"\0", flags=FIRST | LAST | PENDING_CANCEL),
         NO_CALL_ACTIVE, 0x23),
    "hint_above_the_limit":
        (request(0, bytes(8), flags=FIRST, hint=64 << 20), ACCESS_DENIED, None),
    "request_with_a_verifier":
        (request(0, b"\0" * 8 + b"\x0a\x02\0\0\0\0\0\0" + b"NTLM", auth=4),
         ACCESS_DENIED, None),
    "byte_order_changes_within_a_call":
        (request(0, b"\0" * 8, flags=FIRST) +
         request(0, b"x", flags=LAST, order=BIG), PROTO_ERROR, None),
    "opnum_changes_within_a_call":
        (request(0, b"\0" * 8, flags=FIRST) + request(1, b"x", flags=LAST),
         PROTO_ERROR, None),
    "context_changes_within_a_call":
        (request(0, b"\0" * 8, flags=FIRST) +
         request(0, b"x", flags=LAST, context=1), PROTO_ERROR, None),
    "second_first_within_a_call":
        (request(0, b"\0" * 8, flags=FIRST) +
         request(0, b"\0" * 8, flags=FIRST, call=2), PROTO_ERROR, None),
}


def define(name, function):
    globals()["test_" + name] = function


def nak_test(data, reason):
    def test(server):
        with server.peer() as peer:
            answer = peer.ask(data)
            assert answer is not None, "no answer"
            assert answer.kind == BIND_NAK, "kind %d" % answer.kind
            assert answer.reason == reason, answer.reason
            assert answer.data[18:] == b"\1\5\0\0\0\0", answer.data.hex()
            peer.expect_end()
    return test


def fault_test(data, status, flags):
    def test(server):
        with server.bound() as peer:
            answer = peer.fault(data)
            assert answer.status == status, hex(answer.status)
            if flags is not None:
                assert answer.flags == flags, hex(answer.flags)
            peer.expect_end()
    return test


for _name, _row in NAKS.items():
    define("bind_nak_" + _name, nak_test(*_row))
for _name, _row in FAULTS.items():
    define("fault_" + _name, fault_test(*_row))


def test_a_second_bind_is_a_bind_nak(server):
    with server.bound() as peer:
        answer = peer.ask(bind((0, ECHO, [BECKET])))
        assert answer.kind == BIND_NAK and answer.reason == 0
        peer.expect_end()


def test_a_bind_with_an_unknown_authentication_is_a_bind_nak(server):
    plain = bind((0, ECHO, [BECKET]))
    for level, reason in ((2, 8), (1, 0), (7, 0)):
        data = plain[16:] + bytes([10, level, 0, 0, 0, 0, 0, 0]) + b"NTLM"
        with server.peer() as peer:
            answer = peer.ask(pdu(BIND, data, auth=4))
            assert answer.kind == BIND_NAK, answer.kind
            assert answer.reason == reason, (level, answer.reason)
            peer.expect_end()


def test_a_size_that_cannot_be_is_answered_by_closing(server):
    for data in (pdu(BIND, size=15), pdu(BIND, size=0), pdu(BIND, size=27)):
        with server.peer() as peer:
            peer.send(data)
            peer.expect_end()
    with server.bound() as peer:
        peer.send(pdu(REQUEST, size=20, body=bytes(4)))
        peer.expect_end()


def test_a_request_larger_than_accepted_is_proto_error(server):
    with server.peer() as peer:
        peer.bind(MGMT, NDR)
        answer = peer.fault(request(2, bytes(6000), context=0))
        assert answer.status == PROTO_ERROR and answer.flags == FIRST | LAST
        assert answer.context == 0
        peer.expect_end()


def test_all_fragments_together_above_the_limit(server):
    with server.bound() as peer:
        part = bytes(65528 - 24)
        try:
            peer.send(request(0, part, flags=FIRST, hint=0))
            for _ in range(70):
                peer.send(request(0, part, flags=0, hint=0))
        except OSError:
            pass  # the server does not read on
        answer = peer.receive()
        assert answer.kind == FAULT and answer.status == ACCESS_DENIED


def test_the_server_lives(server):
    with server.bound() as peer:
        assert peer.call(0, b"alive") == b"alive"


if __name__ == "__main__":
    run(globals(), sys.argv[1:] + LISTEN)
