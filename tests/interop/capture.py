#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""capture.py OUT.pcap SERVER [PROGRAM ARGUMENT... ::]...: what Wireshark makes
of our traffic.

In a network namespace of its own, so that no other traffic is there, the
loopback is recorded while peers talk to SERVER (tests/interop/server.c) and
the programs given talk to whom they like; "{tcp}" in an argument is SERVER's
string binding. Then tshark dissects all of it: nothing may be malformed, every
byte must belong to a PDU, and every kind of PDU must have been seen.
"""

import os
import select
import socket
import struct
import subprocess
import sys
import tempfile
import threading

import dce

ETH_P_ALL = 3
PACKET_OUTGOING = 4

# Kinds that well-behaved peers use; bind_nak is another test's.
EXPECTED = {dce.REQUEST, dce.RESPONSE, dce.FAULT, dce.BIND, dce.BIND_ACK,
            dce.ALTER_CONTEXT, dce.ALTER_CONTEXT_RESP, dce.CO_CANCEL,
            dce.ORPHANED}


# Of the endpoint map: insert, delete, lookup, map, lookup_handle_free.
EPM_EXPECTED = {0, 1, 2, 3, 4}


class Recorder(threading.Thread):
    """Writes what passes the loopback to a pcap file."""

    def __init__(self, path):
        super().__init__()
        self.path = path
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW,
                                    socket.htons(ETH_P_ALL))
        self.socket.bind(("lo", 0))
        try:
            self.socket.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)
        except OSError:  # SO_RCVBUFFORCE is for root
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.end, self.ended = os.pipe()

    def run(self):
        with open(self.path, "wb") as file:
            file.write(struct.pack("<IHHIIII", 0xA1B2C3D4, 2, 4, 0, 0,
                                   1 << 18, 1))
            while True:
                ready, _, _ = select.select([self.socket, self.end], [], [])
                if self.socket in ready:
                    data, address = self.socket.recvfrom(1 << 17)
                    if address[2] != PACKET_OUTGOING:
                        file.write(struct.pack("<IIII", 0, 0, len(data),
                                               len(data)) + data)
                elif self.end in ready:
                    return  # and nothing is left

    def stop(self):
        os.write(self.ended, b"x")
        self.join()


def talk(server):
    """A bit of everything, by hand."""
    flags = dce.FIRST | dce.LAST | dce.CONC_MPX
    with server.peer() as peer:
        peer.bind(flags=flags)
        peer.call(0, b"hello")
        peer.call(0, bytes(100))
        peer.call(5, object_="01234567-89ab-cdef-0123-456789abcdef")
        peer.fault(dce.request(9, b"\0"))
        peer.fault(dce.request(2, b"\0" + struct.pack("<I", 4711)))
        assert peer.ask(dce.alter((1, dce.OTHER, [dce.BECKET]))).results == \
            [(0, 0)]
        peer.call(0, b"other", context=1)
        peer.send(dce.request(7, b"\0", call=50),
                  dce.pdu(dce.CO_CANCEL, call=50),
                  dce.pdu(dce.ORPHANED, call=50))
        peer.call(8, call=51)
        peer.socket.shutdown(socket.SHUT_WR)
        peer.expect_end()
    with server.peer() as peer:
        peer.bind(dce.MGMT, dce.NDR, order=dce.BIG)
        for opnum in (0, 2, 3):
            peer.send(dce.request(opnum, order=dce.BIG))
            peer.reply()
        peer.send(dce.request(1, struct.pack(">I", 4), order=dce.BIG))
        peer.reply()
    with server.peer() as peer:
        peer.bind(xmit=2048, recv=2048)
        peer.send(dce.request(1, b"\0" + struct.pack("<I", 9000)))
        peer.reply()


def run(command):
    done = subprocess.run(command, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, timeout=120, check=False)
    if done.returncode == 0:
        return []
    return ["%s ended with status %d\n%s" % (
        " ".join(command), done.returncode, done.stdout)]


def record(path, program, commands):
    """Returns the failures, as sentences."""
    failures = []
    recorder = Recorder(path)
    recorder.start()
    with tempfile.TemporaryDirectory() as directory:
        server = dce.Server([program] + dce.LISTEN, directory)
        talk(server)
        tcp = "ncacn_ip_tcp:127.0.0.1[%d]" % server.port
        try:
            for command in commands:
                failures += run([part.replace("{tcp}", tcp)
                                 for part in command])
        finally:
            server.stop()
    recorder.stop()
    return failures


def fields(path, ports, names):
    command = ["tshark", "-n", "-r", path, "-T", "fields", "-E",
               "separator=|", "-E", "aggregator=,"]
    for port in ports:
        command += ["-d", "tcp.port==%d,dcerpc" % port]
    for name in names:
        command += ["-e", name]
    done = subprocess.run(command, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, check=True)
    return [line.split("|") for line in done.stdout.splitlines()]


def numbers(text):
    return [int(part) for part in text.split(",") if part]


def dissect(path):
    """Says TAP; returns whether all is well."""
    ports = {int(row[1]) for row in fields(
        path, [], ["tcp.flags.syn", "tcp.srcport", "tcp.flags.ack"])
        if row[0] == "1" and row[2] == "1"}
    rows = fields(path, sorted(ports), [
        "frame.number", "dcerpc.pkt_type", "dcerpc.cn_frag_len", "tcp.len",
        "_ws.malformed", "_ws.expert.severity", "_ws.expert.message",
        "epm.opnum"])
    kinds, in_pdus, in_tcp, complaints = set(), 0, 0, []
    asked = set()
    for number, kind, size, length, malformed, severity, message, epm in rows:
        kinds |= set(numbers(kind))
        asked |= set(numbers(epm))
        in_pdus += sum(numbers(size))
        in_tcp += sum(numbers(length))
        errors = [s for s in numbers(severity) if s >= 0x800000]  # PI_ERROR
        if malformed or errors:
            complaints.append("frame %s: %s %s" % (number, malformed, message))
    good = True

    def check(is_ok, name, why=""):
        nonlocal good
        good = good and is_ok
        if not is_ok:
            print("# " + str(why).replace("\n", "\n# "))
        print(("ok " if is_ok else "not ok ") + name)

    check(not complaints, "wireshark_finds_nothing_malformed",
          "\n".join(complaints[:20]))
    check(in_pdus == in_tcp and in_tcp > 0, "every_byte_belongs_to_a_pdu",
          "%d bytes in PDUs, %d in TCP" % (in_pdus, in_tcp))
    check(EXPECTED <= kinds, "every_kind_of_pdu_is_seen",
          "missing: %s" % sorted(EXPECTED - kinds))
    check(EPM_EXPECTED <= asked, "the_endpoint_map_is_understood",
          "only operations %s" % sorted(asked))
    return good


def main():
    if os.environ.get("BECKET_NAMESPACE") != "1":
        os.environ["BECKET_NAMESPACE"] = "1"
        inside = ["unshare", "-n"] if os.getuid() == 0 else ["unshare", "-rn"]
        if subprocess.run(inside + ["true"], check=False,
                          stderr=subprocess.DEVNULL).returncode != 0:
            print("ok capture # SKIP no network namespace may be made here")
            return 0
        os.execvp(inside[0], inside + sys.argv)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    path, program, rest = sys.argv[1], sys.argv[2], sys.argv[3:]
    commands, command = [], []
    for part in rest:
        if part == "::":
            commands.append(command)
            command = []
        else:
            command.append(part)
    failures = record(path, program, commands)
    for failure in failures:
        print("# " + failure.replace("\n", "\n# "))
        print("not ok capture_talk")
    return 0 if dissect(path) and not failures else 1


if __name__ == "__main__":
    sys.exit(main())
