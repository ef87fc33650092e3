#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""served.py DIR DAEMON... -- CLIENT...: start the daemon, wait until it says
by the sd_notify protocol that it is ready, run the client, stop the daemon
with SIGTERM. Sockets are in DIR. Fails if either does.
"""

import os
import signal
import socket
import subprocess
import sys

TIMEOUT = 60


def start(command, directory, **more):
    """A daemon that is ready."""
    path = os.path.join(directory, "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.settimeout(TIMEOUT)
        notify.bind(path)
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL,
            env=dict(os.environ, NOTIFY_SOCKET=path,
                     BECKET_NCALRPC_DIR=directory), **more)
        try:
            while b"READY=1" not in notify.recv(4096).split(b"\n"):
                pass
        except OSError:
            process.kill()
            raise
        finally:
            os.unlink(path)
    return process


def stop(process):
    process.send_signal(signal.SIGTERM)
    return process.wait(TIMEOUT)


def main():
    directory, rest = sys.argv[1], sys.argv[2:]
    cut = rest.index("--")
    daemon = start(rest[:cut], directory)
    client = subprocess.run(rest[cut + 1:], timeout=TIMEOUT, check=False,
                            env=dict(os.environ, BECKET_NCALRPC_DIR=directory))
    status = stop(daemon)
    print("client: %d, daemon: %d" % (client.returncode, status))
    sys.exit(1 if client.returncode or status else 0)


if __name__ == "__main__":
    main()
