#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""wireshark.py B WORK CALCULATOR DAEMON...: does Wireshark show calls with
what becketc --emit wireshark writes?

First conversations that nobody had, in a capture made by hand, so that every
form and every cut is in it: the same must be shown whatever the segments. Then
calls of ours: of DAEMON's Calculator, and streams between generated code.
"""

import os
import re
import struct
import subprocess
import sys

import capture
import dce

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
SHARK = ("6f0a3b9e-55b1-4a8e-9a52-8f3c1f0d7e61", 2, 1)
build, work, calculator = sys.argv[1:4]
daemon = sys.argv[4:]

sys.path[:0] = [work, os.path.join(TOP, "tests/install")]


# ------------------------------------------------------------- captures --

class Capture:
    """TCP between 10.0.0.1 and 10.0.0.2 in segments of a size."""

    def __init__(self, path, size):
        self.size = size
        self.next = [1000, 2000]
        self.file = open(path, "wb")
        self.file.write(struct.pack("<IHHIIII", 0xA1B2C3D4, 2, 4, 0, 0,
                                    1 << 18, 101))

    def packet(self, way, data):
        ports = (50000, 4747) if way == 0 else (4747, 50000)
        tcp = struct.pack(">HHIIBBHHH", *ports, self.next[way],
                          self.next[1 - way], 0x50, 0x18, 65535, 0, 0) + data
        ends = [bytes([10, 0, 0, 1]), bytes([10, 0, 0, 2])]
        ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), 0, 0, 64, 6,
                         0, ends[way], ends[1 - way])
        self.file.write(struct.pack("<IIII", 0, 0, len(ip + tcp),
                                    len(ip + tcp)) + ip + tcp)
        self.next[way] += len(data)

    def write(self, way, data):
        for at in range(0, len(data), self.size):
            self.packet(way, data[at:at + self.size])

    def close(self):
        self.file.close()


def show(path, lua, *words, fields=(), port="4747,dcerpc"):
    """tshark's lines, or the values of fields: one list for each of them."""
    command = ["tshark", "-n", "-r", path, "-X", "lua_script:" + lua, "-d",
               "tcp.port==" + port] + list(words)
    if fields:
        command += ["-T", "fields", "-E", "separator=/t", "-E", "aggregator=|"]
        command += [word for field in fields for word in ("-e", field)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, timeout=60,
                          capture_output=True, text=True, check=True)
    said = [line for line in done.stderr.splitlines()
            if not line.startswith("Running as user")]
    assert not said, said
    lines = done.stdout.splitlines()
    if not fields:
        return lines
    rows = [line.split("\t") for line in lines]
    return [[value for row in rows for value in row[i].split("|") if value]
            for i in range(len(fields))]


def compile_lua(include, name):
    subprocess.run([os.path.join(build, "becketc"), "--emit", "wireshark", "-I", include, "-o", work,
                    name], check=True)
    return os.path.join(work, name.replace(".proto", ".becket.lua"))


def python_messages():
    subprocess.run(["protoc", "-I", HERE, "-I", os.path.join(TOP, "idl"),
                    "--python_out=" + work, "shark.proto",
                    "becket/options.proto"], check=True)
    import shark_pb2  # pylint: disable=import-error,import-outside-toplevel
    return shark_pb2


# -------------------------------------------------------------- answers --

def bind_ack(*syntaxes, kind=dce.BIND_ACK, order=dce.LITTLE, **rest):
    """syntaxes: what has been agreed on for each context; None: nothing."""
    body = order.pack("HHIH", 65528, 65528, 1, 5) + b"4747\0"
    body += bytes(-(len(body) + 16) % 4) + bytes([len(syntaxes), 0, 0, 0])
    for syntax in syntaxes:
        body += order.pack("HH", 0 if syntax else 2, 0)
        body += order.syntax(syntax) if syntax else bytes(20)
    return dce.pdu(kind, body, order=order, **rest)


def response(stub, flags=dce.FIRST | dce.LAST, order=dce.LITTLE, context=0,
             **rest):
    return dce.pdu(dce.RESPONSE, order.pack("IHH", len(stub), context, 0) +
                   stub, flags=flags, order=order, **rest)


def fault(status, stub=b"", **rest):
    return dce.pdu(dce.FAULT, struct.pack("<IHHII", len(stub), 0, 0, status, 0)
                   + stub, **rest)


def varint(value):
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def fragments(make, data, cuts, **rest):
    """PDUs that make() makes of the pieces."""
    cuts = [0] + list(cuts) + [len(data)]
    pieces = [data[a:b] for a, b in zip(cuts, cuts[1:])]
    return b"".join(
        make(piece, flags=(dce.FIRST if i == 0 else 0) |
             (dce.LAST if i + 1 == len(pieces) else 0), **rest)
        for i, piece in enumerate(pieces))


def every(messages):
    message = messages.Every(
        a_double=1.5, a_float=-0.25, an_int32=-7, a_sint32=-8,
        a_sfixed32=-9, a_uint32=4000000000, a_fixed32=3000000000,
        an_int64=-(1 << 62) - 1, a_sint64=-(1 << 61) - 1,
        a_sfixed64=-(1 << 60), a_uint64=(1 << 64) - 1, a_fixed64=1 << 63,
        a_bool=True, a_string="Größe", some_bytes=b"\0\1\xff", mood=-1,
        numbers=[-1, 0, 1 << 30, -(1 << 31)], moods=[7, 0, 7])
    message.inner.an_int32 = 12
    message.inner.inner.an_int32 = 13
    message.ages["Tom"] = 5
    message.imported.value = 44
    return message.SerializeToString()


EVERY = {
    "a_double": ["1.5"], "a_float": ["-0.25"],
    "an_int32": ["-7", "12", "13"], "a_sint32": ["-8"], "a_sfixed32": ["-9"],
    "a_uint32": ["4000000000"], "a_fixed32": ["3000000000"],
    "an_int64": [str(-(1 << 62) - 1)], "a_sint64": [str(-(1 << 61) - 1)],
    "a_sfixed64": [str(-(1 << 60))], "a_uint64": [str((1 << 64) - 1)],
    "a_fixed64": [str(1 << 63)], "a_string": ["Größe"],
    "some_bytes": ["0001ff"], "mood": ["-1"],
    "numbers": ["-1", "0", str(1 << 30), str(-(1 << 31))],
    "moods": ["7", "0", "7"],
}


def converse(messages, path, size):
    """A conversation in which everything happens."""
    message = every(messages)
    one = Capture(path, size)
    one.write(0, dce.bind((0, SHARK, [dce.NDR]), (1, SHARK, [dce.BECKET]),
                          (2, dce.OTHER, [dce.BECKET])))
    one.write(1, bind_ack(dce.NDR, dce.BECKET, None))

    # plain, with a header, in fragments, with an object
    header = b"\x08\xc0\x84\x3d\x12\x06\x0a\x01k\x12\x01v"
    one.write(0, dce.request(0, b"\0" + message, context=1, call=2))
    one.write(1, response(b"\0\x18\x05", context=1, call=2))
    one.write(0, fragments(
        lambda stub, **rest: dce.request(0, stub, context=1, call=3,
                                         object_=SHARK[0], **rest),
        b"\1" + varint(len(header)) + header + b"\x18\x06", (1, 3, 9)))
    one.write(1, fault(0x1C000001, b"\x08\xe7\x0d\x12\x04oops", call=3))

    # two streams, whose messages stand across fragments; a trailer
    pieces = [messages.Piece(number=i, data=bytes([i])).SerializeToString()
              for i in (21, 22, 23)]
    items = b"".join(varint(len(piece) + 1) + piece for piece in pieces)
    one.write(0, fragments(
        lambda stub, **rest: dce.request(3, stub, context=1, call=4, **rest),
        b"\2" + items, (1, 2, 7, 9)))
    one.write(1, fragments(
        lambda stub, **rest: response(stub, context=1, call=4, **rest),
        b"\2" + items + b"\0\x12\x06\x0a\x01t\x12\x01w", (0, 8, len(items))))

    # the envelope, in both byte orders
    for order, number in ((dce.LITTLE, 31), (dce.BIG, 32)):
        inner = b"\x18" + bytes([number])
        one.write(0, dce.request(0, order.pack("II", 2, 2) + inner, order=order,
                                 context=0, call=number))
        one.write(1, response(order.pack("III", 2, 0x20000, 2) + inner,
                              order=order, context=0, call=number))

    # nothing of ours, no such operation, no message
    one.write(0, dce.request(0, b"\0\x18\x08", context=2, call=5))
    one.write(0, dce.request(1, b"\0\x18\x09", context=1, call=6))
    one.write(0, dce.request(0, b"\0\x1b\xff\xff", context=1, call=7))
    deep = b""
    for _ in range(1000):
        deep = b"\x8a\x01" + varint(len(deep)) + deep
    one.write(0, dce.request(0, b"\0" + deep, context=1, call=8))
    one.close()


# ---------------------------------------------------------------- tests --

def test_every_field_is_shown(_):
    messages = python_messages()
    lua = compile_lua(HERE, "shark.proto")
    path = os.path.join(work, "by_hand.pcap")
    converse(messages, path, 1 << 14)
    names = sorted(EVERY)
    found = show(path, lua, "-Y", "frame.number == 3",
                 fields=["shark.Every." + name for name in names])
    assert dict(zip(names, found)) == EVERY, found
    found = show(path, lua, "-Y", "frame.number == 3", fields=[
        "shark.Every.AgesEntry.key", "shark.Every.AgesEntry.value",
        "google.protobuf.Int32Value.value"])
    assert found == [["Tom"], ["5"], ["44"]], found
    lines = "\n".join(show(path, lua, "-Y", "frame.number == 3", "-V"))
    assert "mood: SAD (-1)" in lines and "a_bool: True" in lines, lines


def test_cuts_do_not_matter(_):
    messages = python_messages()
    lua = compile_lua(HERE, "shark.proto")
    path = os.path.join(work, "by_hand.pcap")
    for size in (1 << 14, 1000, 17, 1):
        converse(messages, path, size)
        operations, kinds, numbers, keys, statuses, bad = show(
            path, lua, fields=[
                "becket.operation", "becket.kind", "shark.Piece.number",
                "becket.wire.CallHeader.Entry.key", "becket.status",
                "becket.malformed"])
        assert operations == ["Look"] * 2 + ["Look"] * 5 + ["Both"] * 9 + \
            ["Look"] * 6, (size, operations)
        assert kinds == ["request", "response"] + ["request"] * 4 + \
            ["fault"] + ["request"] * 5 + ["response"] * 4 + \
            ["request", "response"] * 2 + ["request"] * 2, (size, kinds)
        assert numbers == ["21", "22", "23"] * 2, (size, numbers)
        assert keys == ["k", "t"], (size, keys)
        assert statuses == ["0x1c000001"], (size, statuses)
        assert len(bad) == 2, (size, bad)
        values, = show(path, lua, fields=["shark.Every.an_int32"])
        assert values == ["-7", "12", "13", "5", "6", "31", "31", "32",
                          "32"], (size, values)


def test_what_is_said_of_a_call(_):
    lua = compile_lua(HERE, "shark.proto")
    path = os.path.join(work, "by_hand.pcap")
    converse(python_messages(), path, 1 << 14)
    lines = show(path, lua, "-Y", "becket.stream && becket.kind == request")
    assert len(lines) == 1 and lines[0].endswith("shark.Shark.Both"), lines
    lines = "\n".join(show(path, lua, "-Y", "becket.status", "-V"))
    assert re.search(r"message: oops", lines), lines
    assert not show(path, lua, "-Y", "_ws.lua.error || _ws.malformed")


def test_our_own_calls(_):
    """Of two interfaces at once, and of gRPC with the same words."""
    import served  # pylint: disable=import-error,import-outside-toplevel
    compile_lua(HERE, "shark.proto")
    lua = compile_lua(os.path.join(TOP, "examples/calculator"), "calc.proto")
    path = os.path.join(work, "own.pcap")
    binding = "ncacn_ip_tcp:127.0.0.1[4747]"
    recorder = capture.Recorder(path)
    recorder.start()
    process = served.start(daemon + ["--listen", binding], work,
                           stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)
    try:
        for words in (["divide", "7", "2"], ["divide", "7", "0"],
                      ["sum"] + [str(i << 20) for i in range(20000)]):
            subprocess.run([calculator, binding] + words, check=False,
                           capture_output=True)
        import grpc  # pylint: disable=import-outside-toplevel
        with grpc.insecure_channel("127.0.0.1:4747") as channel:
            assert channel.unary_unary("/calc.Calculator/Add")(
                b"\x08\x01\x10\x02") == b"\x08\x03"
    finally:
        served.stop(process)
        recorder.stop()
    words = ["-X", "lua_script:" + os.path.join(work, "shark.becket.lua")]
    quotient, remainder, terms, total, said = show(path, lua, *words, fields=[
        "calc.DivideResponse.quotient", "calc.DivideResponse.remainder",
        "calc.SumRequest.terms", "calc.SumResponse.sum",
        "becket.wire.Status.message"])
    assert (quotient, remainder) == (["3"], ["1"]), (quotient, remainder)
    assert terms == [str(i << 20) for i in range(20000)], len(terms)
    assert total == [str(sum(range(20000)) << 20)], total
    assert said == ["7 cannot be divided by zero"], said
    added = show(path, lua, *words, port="4747,http2", fields=[
        "calc.AddRequest.a", "calc.AddRequest.b", "calc.AddResponse.sum"])
    assert added == [["1"], ["2"], ["3"]], added


def test_our_own_streams(_):
    """Over DCE/RPC in becket.operation's frames, over gRPC in others."""
    lua = compile_lua(os.path.join(TOP, "tests/compile"), "streams.proto")
    path = os.path.join(work, "streams.pcap")
    recorder = capture.Recorder(path)
    recorder.start()
    try:
        subprocess.run([os.path.join(build, "tests/compile/stream_test")],
                       check=True, capture_output=True)
    finally:
        recorder.stop()
    # 0 is not written
    negated = [str(value) for i in range(1, 50) for value in (i, -i)]
    counted = [str(i) for i in range(1, 100)]
    ports = list(dict.fromkeys(show(
        path, lua, "-Y", "tcp.flags.syn == 1 && tcp.flags.ack == 1",
        fields=["tcp.srcport"])[0]))
    assert len(ports) == 2, ports
    for port in (ports[0] + ",dcerpc", ports[1] + ",http2"):
        only = ("-Y", "tcp.port == " + port.split(",")[0])
        values, totals, counts = show(path, lua, *only, port=port, fields=[
            "streams.Number.value", "streams.Sum.total", "streams.Sum.count"])
        joined = " ".join(values) + " "
        for part in (counted, negated, [str(-i) for i in range(1, 101)]):
            assert " ".join(part) + " " in joined, (port, values)
        assert "-5050" in totals and "42" in totals, (port, totals)
        assert "100" in counts, (port, counts)
    port = ports[0] + ",dcerpc"
    lines = show(path, lua, "-Y", "becket.status", port=port)
    assert [line.split()[-1].split(".")[-1] for line in lines] == [
        "Count", "Count", "LateCount", "Missing"], lines
    assert not show(path, lua, "-Y", "becket.malformed || _ws.lua.error",
                    port=port)


if __name__ == "__main__":
    if os.environ.get("BECKET_NAMESPACE") != "1":
        os.environ["BECKET_NAMESPACE"] = "1"
        inside = ["unshare", "-n"] if os.getuid() == 0 else ["unshare", "-rn"]
        if subprocess.run(inside + ["true"], check=False,
                          stderr=subprocess.DEVNULL).returncode != 0:
            print("ok wireshark # SKIP no network namespace may be made here")
            sys.exit(0)
        os.execvp(inside[0], inside + sys.argv)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    good = [dce.check(name[5:], function, None)
            for name, function in list(globals().items())
            if name.startswith("test_")]
    sys.exit(0 if all(good) else 1)
