#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""readme.py DIR: does the call of README.md work as it stands there?

Its files are written to DIR, its commands run in it, and then its server and
client, over ncalrpc. becketc and pkg-config find the installed package by the
environment.
"""

import os
import re
import subprocess
import sys

LARGEST = 40  # lines of C that the house allows itself here


def main():
    directory = sys.argv[1]
    with open("README.md", encoding="utf-8") as file:
        text = file.read()
    files = dict(re.findall(r"^`([a-z.]+)`:\n\n```[a-z]*\n(.*?)^```", text,
                            re.S | re.M))
    commands = re.search(r"^Build:\n\n```sh\n(.*?)^```", text,
                         re.S | re.M).group(1)
    assert set(files) == {"calc.proto", "client.c", "server.c"}, set(files)
    for name, content in files.items():
        assert not name.endswith(".c") or \
            len(content.splitlines()) <= LARGEST, name + " is too long"
        with open(os.path.join(directory, name), "w",
                  encoding="utf-8") as file:
            file.write(content)
    subprocess.run(["sh", "-euc", commands], cwd=directory, check=True)

    environment = dict(os.environ, BECKET_NCALRPC_DIR=directory)
    binding = "ncalrpc:[calc]"
    server = subprocess.Popen(["./server", binding], cwd=directory,
                              env=environment, stderr=subprocess.PIPE,
                              text=True)
    try:
        line = server.stderr.readline()
        assert line == "ready\n", line
        output = subprocess.run(["./client", binding], cwd=directory,
                                env=environment, check=True, timeout=60,
                                capture_output=True, text=True).stdout
        assert output == "3, remainder 1\n", output
    finally:
        server.kill()
        server.wait()
    # and a server that is not there is a sentence
    output = subprocess.run(["./client", binding], cwd=directory,
                            env=environment, timeout=60, check=False,
                            capture_output=True, text=True)
    assert output.returncode == 1 and "calc" in output.stderr, output


main()
