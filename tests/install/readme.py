#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""readme.py DIR: does the call of README.md work as it stands there, and what
it types in a shell?

Its files are written to DIR, its commands run in it, and then its server and
client, over ncalrpc. becketc and pkg-config find the installed package by the
environment.
"""

import contextlib
import os
import re
import subprocess
import sys

LARGEST = 40  # lines of C that the house allows itself here


TIMEOUT = 60
BINDING = "ncalrpc:[calc]"
BUILD_GRPC = """
cc -o server server.c calc.becket.c calc.becket-server.c calc.pb-c.c \\
    $(pkg-config --cflags --libs becket-grpc)
"""


@contextlib.contextmanager
def server(directory, environment):
    process = subprocess.Popen(["./server", BINDING], cwd=directory,
                               env=environment, stderr=subprocess.PIPE,
                               text=True)
    try:
        line = process.stderr.readline()
        assert line == "ready\n", line
        yield
    finally:
        process.kill()
        process.wait()


def run(directory, environment, *command):
    return subprocess.run(command, cwd=directory, env=environment,
                          timeout=TIMEOUT, check=False, capture_output=True,
                          text=True)


def write_files(text, directory):
    files = dict(re.findall(r"^`([a-z.]+)`:\n\n```[a-z]*\n(.*?)^```", text,
                            re.S | re.M))
    assert set(files) == {"calc.proto", "client.c", "server.c"}, set(files)
    for name, content in files.items():
        assert not name.endswith(".c") or \
            len(content.splitlines()) <= LARGEST, name + " is too long"
        with open(os.path.join(directory, name), "w",
                  encoding="utf-8") as file:
            file.write(content)


def one_call(text, directory, environment):
    commands = re.search(r"^Build:\n\n```sh\n(.*?)^```", text,
                         re.S | re.M).group(1)
    subprocess.run(["sh", "-euc", commands], cwd=directory, check=True)
    with server(directory, environment):
        done = run(directory, environment, "./client", BINDING)
        assert done.stdout == "3, remainder 1\n", done
    # and a server that is not there is a sentence
    done = run(directory, environment, "./client", BINDING)
    assert done.returncode == 1 and "calc" in done.stderr, done


def with_grpc(directory):
    """As the chapter about the shell says."""
    path = os.path.join(directory, "server.c")
    with open(path, encoding="utf-8") as file:
        text = file.read()
    before = "\tif (status == BECKET_S_OK)\n\t\tstatus = becket_server_new"
    assert before in text
    text = "#include <becket_grpc.h>\n" + text.replace(
        before, "\tif (status == BECKET_S_OK)\n"
        "\t\tstatus = becket_grpc_enable(runtime);\n" + before)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    subprocess.run(["sh", "-euc", BUILD_GRPC], cwd=directory, check=True)


def shell(text, directory, environment):
    chapter = re.search(r"^## From a shell\n.*?^```\n(.*?)^```", text,
                        re.S | re.M).group(1)
    chapter = chapter.replace("ncacn_ip_tcp:127.0.0.1[4747]", BINDING)
    chapter = chapter.replace("localhost:4747", "unix:%s/calc" % directory)
    typed = re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", chapter, re.M)
    assert len(typed) >= 4, chapter
    with_grpc(directory)
    with server(directory, environment):
        for command, output in typed:
            done = run(directory, environment, "sh", "-c", command)
            assert done.stdout + done.stderr == output, (command, done)


def main():
    directory = os.path.abspath(sys.argv[1])
    environment = dict(os.environ, BECKET_NCALRPC_DIR=directory)
    with open("README.md", encoding="utf-8") as file:
        text = file.read()
    write_files(text, directory)
    one_call(text, directory, environment)
    shell(text, directory, environment)


main()
