#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""examples/etcd against a real etcd.

etcd_server.py PROGRAM"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading

import dce

program = sys.argv[1]


class Etcd:
    """One on free ports of this host; it has what it knows in a directory of
    its own."""

    def __init__(self, directory):
        # Nothing says where an etcd listens that chose its own port.
        for attempt in range(5):
            client, peer = self.places()
            self.process = subprocess.Popen(
                ["etcd", "--data-dir",
                 os.path.join(directory, "data%d" % attempt),
                 "--listen-client-urls", client,
                 "--advertise-client-urls", client,
                 "--listen-peer-urls", peer,
                 "--initial-advertise-peer-urls", peer,
                 "--initial-cluster", "default=" + peer,
                 "--logger", "zap", "--log-outputs", "stderr"],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE, text=True, cwd=directory)
            if self.is_up():
                return
            self.process.wait(dce.TIMEOUT)
        raise RuntimeError("etcd did not start")

    def places(self):
        with socket.socket() as one, socket.socket() as other:
            for s in (one, other):
                s.bind(("127.0.0.1", 0))
            ports = [s.getsockname()[1] for s in (one, other)]
        self.binding = "grpc_ip_tcp:127.0.0.1[%d]" % ports[0]
        return ["http://127.0.0.1:%d" % port for port in ports]

    def is_up(self):
        for line in self.process.stderr:
            if "serving client traffic" in json.loads(line).get("msg", ""):
                return True
        return False

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.stderr.read()
        self.process.wait(dce.TIMEOUT)


def etcd(server, *arguments, fails=False):
    answer = subprocess.run([program, server.binding, *arguments],
                            stdin=subprocess.DEVNULL, capture_output=True,
                            text=True, timeout=60)
    assert (answer.returncode != 0) == fails, answer
    return (answer.stderr if fails else answer.stdout).splitlines()


def keys(lines):
    return [line.split(" (revision ")[0] for line in lines]


class Running:
    """One that goes on: its lines as they come."""

    def __init__(self, server, *arguments):
        self.process = subprocess.Popen(
            [program, server.binding, *arguments], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True)
        self.patience = threading.Timer(60, self.process.kill)
        self.patience.daemon = True
        self.patience.start()

    def line(self):
        return self.process.stdout.readline().rstrip("\n")

    def end(self):
        self.process.stdin.close()
        rest = self.process.stdout.read()
        status = self.process.wait(dce.TIMEOUT)
        self.patience.cancel()
        assert status == 0, status
        return rest.splitlines()


def test_put_and_range(server):
    assert etcd(server, "put", "a/1", "one")[0].startswith("put in revision")
    before = etcd(server, "put", "a/1", "uno")
    assert keys(before[1:]) == ["before: a/1 = one"], before
    etcd(server, "put", "a/2", "due")
    etcd(server, "put", "b/1", "other")
    assert keys(etcd(server, "get", "a/1")) == ["have a/1 = uno"]
    assert keys(etcd(server, "get", "-p", "a/")) == [
        "have a/1 = uno", "have a/2 = due"]
    assert "no such key" in etcd(server, "get", "c", fails=True)[0]


def test_delete_range(server):
    for key in ("d/1", "d/2", "d/3", "e"):
        etcd(server, "put", key, "x")
    assert etcd(server, "del", "d/1") == ["deleted 1"]
    assert etcd(server, "del", "-p", "d/") == ["deleted 2"]
    assert etcd(server, "del", "d/1") == ["deleted 0"]
    assert keys(etcd(server, "get", "e")) == ["have e = x"]


def test_a_transaction_that_creates_what_is_not_there(server):
    assert etcd(server, "create", "t", "first")[0].startswith("created")
    refused = etcd(server, "create", "t", "second", fails=True)
    assert refused == ["etcd: the key exists"], refused
    assert keys(etcd(server, "get", "t")) == ["have t = first"]


def test_a_failure_with_the_words_of_etcd(server):
    sentence = etcd(server, "put", "", "x", fails=True)[0]
    assert "key is not provided" in sentence, sentence


def test_a_large_value(server):
    value = "x" * 100000
    etcd(server, "put", "large", value)
    assert keys(etcd(server, "get", "large")) == ["have large = " + value]


def test_watching_both_ways(server):
    watch = Running(server, "watch", "-p", "w/", "3")
    assert watch.line().startswith("watching from revision")
    etcd(server, "put", "w/1", "x")
    assert keys([watch.line()]) == ["put w/1 = x"]
    etcd(server, "put", "v/1", "not watched")
    etcd(server, "put", "w/1", "y")
    etcd(server, "del", "w/1")
    assert keys(watch.end()) == ["put w/1 = y", "deleted w/1"]


def test_a_lease_is_kept_as_long_as_it_is_wanted(server):
    watch = Running(server, "watch", "lock", "2")
    assert watch.line().startswith("watching")
    # etcd's shortest leases are 2 s: a key that lives for more than one term
    # has been kept alive.
    hold = Running(server, "hold", "lock", "mine", "2")
    assert hold.line().startswith("created")
    assert keys([watch.line()]) == ["put lock = mine"]
    for _ in range(4):
        assert hold.line() == "held for 2 s more"
    assert keys(etcd(server, "get", "lock")) == ["have lock = mine"]
    refused = etcd(server, "hold", "lock", "theirs", "2", fails=True)
    assert refused == ["etcd: the key exists"], refused
    hold.end()
    assert keys(watch.end()) == ["deleted lock"]
    etcd(server, "get", "lock", fails=True)


def test_an_etcd_that_stops_ends_the_watch(server):
    watch = Running(server, "watch", "w")
    assert watch.line().startswith("watching")
    server.stop()
    watch.process.stdout.read()
    assert watch.process.wait(dce.TIMEOUT) == 1


def main():
    if shutil.which("etcd") is None:
        print("ok etcd # SKIP there is no etcd")
        return
    failed = 0
    with tempfile.TemporaryDirectory() as directory:
        server = Etcd(directory)
        for name, function in list(globals().items()):
            if name.startswith("test_"):
                failed += not dce.check("etcd_" + name[5:], function, server)
        if server.process.poll() is None:
            server.process.kill()
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
