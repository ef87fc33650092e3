#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Samba's client library against a live server: management, in both byte
orders, over TCP and over the Unix socket.
"""

import os
import sys

from samba import WERRORError
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
    assert client.is_server_listening() in (1, (0, 1))
    ids = {str(entry.id.uuid) for entry in client.inq_if_ids().if_id}
    assert ids == {dce.ECHO[0], dce.OTHER[0]}, ids
    before = client.inq_stats(4, 0)
    after = client.inq_stats(4, 0)
    assert before.count == after.count == 4
    assert after.statistics[0] == before.statistics[0] + 1


def test_mgmt(server):
    check(connect(server))


def test_mgmt_big_endian(server):
    check(connect(server, ",bigendian"))


def test_mgmt_over_ncalrpc(server):
    check(connect(server, local=True))


def test_mgmt_refuses_to_stop(server):
    client = connect(server)
    try:
        client.stop_server_listening()
    except WERRORError as error:
        assert error.args[0] == 5, error
    else:
        raise AssertionError("it has been stopped")
    assert client.is_server_listening() in (1, (0, 1))


if __name__ == "__main__":
    dce.run(globals(), sys.argv[1:] + dce.LISTEN)
