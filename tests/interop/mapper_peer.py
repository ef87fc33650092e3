#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""mapper_peer.py BECKET DAEMON...: impacket and Samba against becketd as the
endpoint mapper at port 135, in a network of our own. The daemon serves
calc.Calculator, and has it in its map.
"""

import json
import os
import subprocess
import sys
import time
import unittest

from impacket.dcerpc.v5 import epm, transport
from impacket.dcerpc.v5.rpcrt import DCERPCException
from impacket.uuid import uuidtup_to_bin
from samba.credentials import Credentials
from samba.dcerpc import epmapper, misc
from samba.param import LoadParm

import dce

CALCULATOR = "5d9c1ea3-9a4b-4c0e-9f38-c2a74ab2d1e6"
RPCDUMP = "/usr/share/doc/python3-impacket/examples/rpcdump.py"
TOOL = []


def interface(version="1.0"):
    return uuidtup_to_bin((CALCULATOR, version))


def syntax(pair):
    return uuidtup_to_bin((pair[0], "%d.%d" % (pair[1] & 0xffff,
                                                pair[1] >> 16)))


def connect():
    rpc = transport.DCERPCTransportFactory("ncacn_ip_tcp:127.0.0.1[135]")
    rpc.set_connect_timeout(dce.TIMEOUT)
    client = rpc.get_dce_rpc()
    client.connect()
    return client


def ports(server):
    return {int(b.split("[")[1][:-1]) for b in server.bindings
            if b.startswith("ncacn_ip_tcp")}


def wait_for_entries():
    """The daemon enters its interfaces as soon as it serves."""
    deadline = time.monotonic() + dce.TIMEOUT
    while not entries_of_tool("ep"):
        assert time.monotonic() < deadline, "nothing is in the map"


def entries_of_tool(*arguments):
    output = subprocess.run(TOOL + ["--json"] + list(arguments), check=True,
                            timeout=dce.TIMEOUT, stdout=subprocess.PIPE).stdout
    return json.loads(output)["entries"]


def test_our_own_tool_shows_the_map(server):
    os.environ["BECKET_NCALRPC_DIR"] = server.directory
    wait_for_entries()
    local, remote = entries_of_tool("ep"), entries_of_tool("ep", "127.0.0.1")
    assert len(local) == len(remote) > 0
    assert {entry["uuid"] for entry in local} == {CALCULATOR}
    assert {entry["annotation"] for entry in local} == {"calc.Calculator"}


def test_impacket_looks_the_map_up(server):
    found = epm.hept_lookup(None, dce=connect())
    assert len(found) == len(entries_of_tool("ep")), found
    bindings = {epm.PrintStringBinding(entry["tower"]["Floors"])
                for entry in found}
    for port in ports(server):
        assert "ncacn_ip_tcp:127.0.0.1[%d]" % port in bindings, bindings
    assert {bytes(entry["annotation"]) for entry in found} == {
        b"calc.Calculator\0"}


def test_impacket_maps_our_transfer_syntax(server):
    text = epm.hept_map("127.0.0.1", interface(),
                        dataRepresentation=syntax((dce.BECKET[0], 1)),
                        protocol="ncacn_ip_tcp", dce=connect())
    assert int(text.split("[")[1][:-1]) in ports(server), text


def test_what_ndr_clients_are_told_is_true(_server):
    """NDR is in the map exactly when the daemon lets clients bind with it."""
    try:
        text = epm.hept_map("127.0.0.1", interface(),
                            protocol="ncacn_ip_tcp", dce=connect())
    except DCERPCException as error:
        assert error.get_error_code() == 0x16c9a0d6, error
        text = None
    client = connect()
    try:
        client.bind(interface())
    except DCERPCException:
        assert text is None, "it cannot be bound to"
    else:
        assert text is not None, "it could be bound to"


def test_impacket_asks_for_versions(_server):
    for version in ("1.1", "2.0"):
        try:
            epm.hept_map("127.0.0.1", interface(version),
                         dataRepresentation=syntax((dce.BECKET[0], 1)),
                         protocol="ncacn_ip_tcp", dce=connect())
        except DCERPCException as error:
            assert error.get_error_code() == 0x16c9a0d6, error
        else:
            raise AssertionError(version)


def test_impacket_dumps(server):
    if not os.path.exists(RPCDUMP):
        raise unittest.SkipTest("examples of impacket are not installed")
    dump = subprocess.run(["/usr/bin/python3", RPCDUMP, "127.0.0.1"],
                          timeout=dce.TIMEOUT, check=True, text=True,
                          stdout=subprocess.PIPE).stdout
    assert CALCULATOR.upper() in dump, dump
    assert "calc.Calculator" in dump, dump
    for port in ports(server):
        assert "ncacn_ip_tcp:127.0.0.1[%d]" % port in dump, dump


def test_rpcclient_looks_the_map_up(server):
    """It asks for one entry at a time, and ends by the status alone."""
    command = ["rpcclient", "-N", "-U%", "ncacn_ip_tcp:127.0.0.1",
               "-c", "epmlookup"]
    for name in ("private dir", "lock directory", "state directory",
                 "cache directory"):
        command.insert(1, "--option=%s=%s" % (name, server.directory))
    done = subprocess.run(command, timeout=dce.TIMEOUT, check=False,
                          text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("calc.Calculator") == len(entries_of_tool("ep")), \
        done.stdout


def samba(server, text):
    parameters = LoadParm()
    for name in ("private dir", "lock dir", "state directory",
                 "cache directory", "ncalrpc dir"):
        parameters.set(name, server.directory)
    nobody = Credentials()
    nobody.set_anonymous()
    return epmapper.epmapper(text, parameters, nobody)


def walk(client, at_once):
    handle, names = misc.policy_handle(), []
    while True:
        handle, entries, result = client.epm_Lookup(
            0, None, None, 0, handle, at_once)
        names += [entry.annotation for entry in entries]
        if result or str(handle.uuid) == str(misc.GUID()):
            return names


def test_samba_walks_in_both_byte_orders(server):
    expected = len(entries_of_tool("ep"))
    for text in ("ncacn_ip_tcp:127.0.0.1[135]",
                 "ncacn_ip_tcp:127.0.0.1[135,bigendian]",
                 "ncalrpc:[epmapper]"):
        for at_once in (1, expected, expected + 1):
            names = walk(samba(server, text), at_once)
            assert names == ["calc.Calculator"] * expected, names


def main():
    if os.environ.get("BECKET_NAMESPACE") != "1":
        os.environ["BECKET_NAMESPACE"] = "1"
        inside = ["unshare", "-n"] if os.getuid() == 0 else ["unshare", "-rn"]
        if subprocess.run(inside + ["true"], check=False,
                          stderr=subprocess.DEVNULL).returncode != 0:
            print("ok mapper # SKIP no network namespace may be made here")
            return
        os.execvp(inside[0], inside + sys.argv)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    TOOL.append(sys.argv[1])
    dce.run(globals(), sys.argv[2:])


if __name__ == "__main__":
    main()
