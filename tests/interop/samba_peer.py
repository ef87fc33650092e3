#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Samba's client library against a live server: management, in both byte
orders, over TCP and over the Unix socket.
"""

import os
import sys

from samba.credentials import Credentials
from samba.dcerpc import mgmt, misc
from samba.param import LoadParm

import dce


def connect(server, options="", local=False):
    # What Samba reads and writes on the way goes where the sockets are.
    parameters = LoadParm()
    for name in ("private dir", "lock dir", "state directory",
                 "cache directory", "ncalrpc dir"):
        parameters.set(name, server.directory)
    nobody = Credentials()
    nobody.set_anonymous()
    if local:
        text = "ncalrpc:[interop%s]" % options
    else:
        text = "ncacn_ip_tcp:127.0.0.1[%d%s]" % (server.port, options)
    return mgmt.mgmt(text, parameters, nobody)


def check(client):
    answer = client.is_server_listening()
    assert answer == (0, 1) or answer == 1, answer
    vector, status = client.inq_if_ids()
    assert status == (0, "WERR_OK") or status == 0, status
    ids = {str(entry.id.uuid) for entry in vector.if_id}
    assert ids == {dce.ECHO[0], dce.OTHER[0]}, ids
    counts, status = client.inq_stats(4, 0)
    assert counts.count == 4 and counts.statistics[0] > 0


def test_mgmt(server):
    check(connect(server))


def test_mgmt_big_endian(server):
    check(connect(server, ",bigendian"))


def test_mgmt_over_ncalrpc(server):
    check(connect(server, local=True))


def test_mgmt_refuses_to_stop(server):
    client = connect(server)
    status = client.stop_server_listening()
    assert "5" in str(status) or "DENIED" in str(status), status


if __name__ == "__main__":
    dce.run(globals(), sys.argv[1])
