#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The interop cases of gRPC, with every client against every server of which
one is Becket's.

run.py WORK SERVER CLIENT: the last two are Becket's programs, and WORK is where
npm puts what grpc-js is. A line "ok CLIENT -> SERVER CASE" each."""

import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
work, server_program, client_program = sys.argv[1:]
PYTHON = ["/usr/bin/python3", "-B"]
TIMEOUT = 120

# What grpcio and grpc-js do not show to those who serve: whether a message
# came compressed. So they cannot refuse one.
UNSEEN = {"client_compressed_unary", "client_compressed_streaming"}
# DCE/RPC does not compress.
OVER_DCE = UNSEEN | {"server_compressed_unary", "server_compressed_streaming"}


def script(name):
    return os.path.join(HERE, name)


def install_grpc_js():
    """None, or why it cannot be had."""
    for name in ("package.json", ".npmrc"):
        with open(script(name), "rb") as source, \
                open(os.path.join(work, name), "wb") as copy:
            copy.write(source.read())
    try:
        subprocess.run(["npm", "install", "--silent", "--no-audit",
                        "--no-fund", "--ignore-scripts"], cwd=work,
                       check=True, timeout=TIMEOUT, stdout=sys.stderr,
                       stdin=subprocess.DEVNULL)
    except (OSError, subprocess.SubprocessError) as error:
        return str(error)
    os.environ["NODE_PATH"] = os.path.join(work, "node_modules")
    return None


class Server:
    """A program that prints where it serves, and ends with its input."""

    def __init__(self, *command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.lines = []

    def __enter__(self):
        line = self.process.stdout.readline().strip()
        while line != "":
            self.lines.append(line)
            if line.isdigit():
                break
            line = self.process.stdout.readline().strip()
        assert self.lines, "the server does not begin"
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        status = self.process.wait(TIMEOUT)
        if status != 0:
            print("not ok %s ends with %d" % (self.process.args, status))
            Tests.failed = True


class Tests:
    failed = False

    def run(self, *command):
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True,
                              timeout=TIMEOUT)
        sys.stdout.write(done.stdout)
        sys.stdout.flush()
        said = re.findall(r"^(?:not )?ok", done.stdout, re.MULTILINE)
        if done.returncode != 0 and "not ok" not in said or not said:
            print("not ok %s ends with %d" % (command, done.returncode))
        if done.returncode != 0 or not said:
            Tests.failed = True

    def cases(self, without):
        with open(script("client.py"), encoding="utf-8") as file:
            names = re.search(r"CASES = \[(.*?)\]", file.read(), re.DOTALL)
        return [name for name in re.split(r"[,\s]+", names[1])
                if name and name not in without]


def main():
    tests = Tests()
    problem = install_grpc_js()
    if problem is not None:
        print("not ok grpc-js: npm says: %s" % problem)
        Tests.failed = True
    directory = os.path.join(work, "ncalrpc")
    os.makedirs(directory, exist_ok=True)
    os.environ["BECKET_NCALRPC_DIR"] = directory
    with Server(server_program, "ncacn_ip_tcp:127.0.0.1",
                "ncalrpc:") as server:
        tcp = next(t for t in server.lines if t.startswith("ncacn_ip_tcp"))
        local = next(t for t in server.lines if t.startswith("ncalrpc"))
        address = "127.0.0.1:" + re.search(r"\[(\d+)\]", tcp)[1]
        tests.run(*PYTHON, script("client.py"), address, "becket")
        if problem is None:
            tests.run("node", script("client.js"), address, "becket")
        tests.run(client_program, tcp.replace("ncacn", "grpc"), "becket")
        for name, binding in (("tcp", tcp), ("local", local)):
            tests.run(client_program, binding, "becket by DCE/RPC, " + name,
                      *tests.cases(OVER_DCE))
    with Server(*PYTHON, script("server.py")) as server:
        tests.run(client_program, "grpc_ip_tcp:127.0.0.1[%s]" %
                  server.lines[0], "grpcio")
    if problem is None:
        with Server("node", script("server.js")) as server:
            tests.run(client_program, "grpc_ip_tcp:127.0.0.1[%s]" %
                      server.lines[0], "grpc-js")
    return Tests.failed


sys.exit(main())
