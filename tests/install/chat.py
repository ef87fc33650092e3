#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""chat.py BUILD DIR: three talk to each other in the room of examples/chat,
through both doors, and the server stops when the last one has left. Its socket
is in DIR.
"""

import os
import signal
import subprocess
import sys

TIMEOUT = 60


class Program:
    def __init__(self, environment, *command):
        self.process = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True)

    def say(self, text):
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()

    def hear(self, line):
        heard = self.process.stdout.readline()
        assert heard == line + "\n", (heard, line)

    def end(self):
        self.process.stdin.close()
        rest = self.process.stdout.read()
        assert rest == "", rest
        assert self.process.wait(TIMEOUT) == 0, self.process.returncode


def talk(build, environment, server):
    def enter(door, name):
        member = Program(environment, os.path.join(build, "client"),
                         door + ":[chat]", name)
        member.say("hello")
        member.hear(name + ": hello")
        return member

    ann = enter("ncalrpc", "ann")
    bob = enter("grpc_unix", "bob")
    ann.hear("bob: hello")
    cid = enter("grpc_unix", "cid")
    for other in ann, bob:
        other.hear("cid: hello")
    ann.say("I, too\n\nor not?")
    for member in ann, bob, cid:
        for said in "I, too", "", "or not?":
            member.hear("ann: " + said)
    ann.end()
    server.process.send_signal(signal.SIGTERM)
    bob.say("where is she?")
    for member in bob, cid:
        member.hear("bob: where is she?")
    for member in bob, cid:
        member.end()
    server.end()


def main():
    build, directory = sys.argv[1:]
    environment = dict(os.environ, BECKET_NCALRPC_DIR=directory)
    server = Program(environment, os.path.join(build, "server"),
                     "ncalrpc:[chat]")
    try:
        server.hear("ready")
        talk(build, environment, server)
    finally:
        server.process.kill()


if __name__ == "__main__":
    main()
