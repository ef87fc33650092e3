#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""daemon_test.py STAGE EXAMPLES HOLD: becketd and becket as people meet them.

STAGE is an installed tree, EXAMPLES the built examples, HOLD the directory of
the modules of tests/live/modules. A test is a function test_*; TAP on stdout.
Nothing sleeps: what is waited for says so itself.
"""

import fcntl
import hashlib
import json
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../interop"))
import dce  # noqa: E402

STAGE, EXAMPLES, HOLD_DIR = (os.path.abspath(a) for a in sys.argv[1:4])
BECKETD = STAGE + "/sbin/becketd"
BECKET = STAGE + "/bin/becket"
CALCULATOR = EXAMPLES + "/calculator/calculator"
CALCULATOR_SO = EXAMPLES + "/calculator/calculator.so"
FILES = EXAMPLES + "/files/files"
LOOP = EXAMPLES + "/loop/loop"
FILES_SO = EXAMPLES + "/files/files.so"
HOLD_SO = HOLD_DIR + "/hold.so"
OTHER_ABI_SO = HOLD_DIR + "/hold_abi.so"
HOLD = ("0b5d6a3e-7c1f-4d52-9a63-2e1d0c4b5f87", 1, 0)
TCP = "ncacn_ip_tcp:127.0.0.1"
TIMEOUT = 30
SKIP = object()


class Place:
    """A directory for one test, and its environment."""

    def __enter__(self):
        self.path = tempfile.mkdtemp(prefix="becketd-")
        self.environment = dict(os.environ, BECKET_NCALRPC_DIR=self.path,
                                LC_ALL="C")
        for name in ("NOTIFY_SOCKET", "JOURNAL_STREAM"):
            self.environment.pop(name, None)
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path)

    def file(self, name, text=""):
        path = os.path.join(self.path, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def run(self, *arguments, **rest):
        return subprocess.run(arguments, env=self.environment, text=True,
                              capture_output=True, timeout=TIMEOUT,
                              stdin=subprocess.DEVNULL, check=False, **rest)

    def config(self, text, status, *lines):
        """Check a configuration; stderr must have exactly these lines."""
        path = self.file("becketd.conf", text)
        result = self.run(BECKETD, "-q", "-c", path, "--check-config")
        found = [line.replace(path, "FILE")
                 for line in result.stderr.splitlines()
                 if not LOG_LINE.match(line)]
        assert found == list(lines), found
        assert result.returncode == status, result


LOG_LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z [a-z]+ ")


class Daemon:
    """A becketd that runs; stopped and checked at the end of the block.

    given: sockets that it finds from descriptor 3 on, as from a service
    manager, and their names.
    """

    def __init__(self, place, *arguments, listen=(TCP,), status=0,
                 prepare=None, given=(), names=None):
        self.place, self.status = place, status
        self.log = os.path.join(place.path, "log")
        flags = [flag for binding in listen for flag in ("-l", binding)]
        # where they are in no one's way
        fds = [fcntl.fcntl(s.fileno(), fcntl.F_DUPFD, 100) for s in given]
        moves = "".join(" %d<&%d" % (3 + i, fd) for i, fd in enumerate(fds))
        script = 'exec%s; export LISTEN_PID=$$; exec "$@"' % moves
        environment = dict(place.environment, LISTEN_FDS=str(len(fds)))
        if names is not None:
            environment["LISTEN_FDNAMES"] = names
        with open(self.log, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [*(["bash", "-c", script, "bash"] if fds else []),
                 BECKETD, *flags, *arguments], env=environment,
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log,
                text=True, preexec_fn=prepare, pass_fds=fds)
        for fd in fds:
            os.close(fd)
        self.bindings = []
        for line in self.process.stdout:
            if line == "ready\n":
                break
            word, binding = line.split()
            assert word == "listening", line
            self.bindings.append(binding)
        else:
            self.process.wait(TIMEOUT)
            raise AssertionError("not ready: " + self.read_log())

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        try:
            if self.process.poll() is None:
                self.process.send_signal(signal.SIGTERM)
            status = self.process.wait(TIMEOUT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        finally:
            self.process.stdout.close()
        if kind is None:
            assert status == self.status, (status, self.read_log())

    def read_log(self):
        with open(self.log, encoding="utf-8") as log:
            return log.read()

    @property
    def binding(self):
        return self.bindings[0]

    @property
    def address(self):
        port = re.search(r"\[(\d+)\]", self.binding).group(1)
        return ("127.0.0.1", int(port))


class Held:
    """A call that a manager is busy with, until release()."""

    def __init__(self, daemon):
        path = os.path.join(daemon.place.path, "fifo")
        os.mkfifo(path)
        self.peer = dce.Peer(daemon.address)
        self.peer.bind(HOLD)
        self.peer.send(dce.request(0, b"\0" + path.encode()))
        # this waits until the manager routine has opened the other end
        self.writer = os.open(path, os.O_WRONLY)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.release()
        self.peer.socket.close()

    def release(self):
        if self.writer >= 0:
            os.close(self.writer)
        self.writer = -1


class Manager:
    """A service manager: the other end of NOTIFY_SOCKET."""

    def __init__(self, place, abstract):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.settimeout(TIMEOUT)
        if abstract:
            self.socket.bind("\0becketd-test-%d" % os.getpid())
            name = "@becketd-test-%d" % os.getpid()
        else:
            name = os.path.join(place.path, "notify")
            self.socket.bind(name)
        place.environment["NOTIFY_SOCKET"] = name

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def expect(self, word):
        message = self.socket.recv(4096).decode()
        assert word in message.splitlines(), message
        assert any(line.startswith("STATUS=")
                   for line in message.splitlines()), message
        return message

    def reload(self, daemon, result="holds"):
        """Have it read its configuration again, and wait for the end."""
        daemon.process.send_signal(signal.SIGHUP)
        self.expect("RELOADING=1")
        message = self.expect("READY=1")
        result = {"holds": "the new configuration holds",
                  "refused": "the new configuration is refused",
                  "in part": "not all of the new configuration holds"}[result]
        assert message == "READY=1\nSTATUS=serving; %s\n" % result, (
            message, daemon.read_log())


# --------------------------------------------------------- configuration --

GOOD = """\
# a comment
[becketd]
Listen = ncacn_ip_tcp:127.0.0.1
Listen = ncalrpc:[a]
  AllowStop = no   ; indented, and a comment
Log = warning
AccessLog = no

[limits]
connections = 16
request_size = 1M

[module calculator]
Path = %s

[module files]
Path = %s
Root = /usr
""" % (CALCULATOR_SO, FILES_SO)


def test_good_configuration():
    with Place() as place:
        place.config(GOOD, 0)
        assert os.listdir(place.path) == ["becketd.conf"]  # never listened


def test_sample_configuration():
    with Place() as place:
        path = STAGE + "/share/doc/becket/becketd.conf"
        result = place.run(BECKETD, "-c", path, "--check-config")
        assert result.returncode == 0, result
        assert result.stdout == "the configuration is good\n", result


def test_every_mistake_is_told_with_its_line():
    with Place() as place:
        place.config("""\
Stray = 1
[becketd]
Listne = x
Listen = nosuch:[1]
Listen = ncacn_ip_tcp:127.0.0.1[99999]
Listen =
AllowStop = perhaps
Log = loud
Log = info
nonsense

[limits]
connections = many
connections = 1
nosuch = 1
decode_depth = 5000000000
call_ms = 0

[nosuch]
A = 1
[module a]
[module b]
Path = /nonexistent/b.so
""", 78,
            "FILE:1: Stray stands before the first section",
            "FILE:3: [becketd] has no key Listne",
            "FILE:6: Listen has no value",
            "FILE:7: this is yes or no, not 'perhaps'",
            "FILE:8: Log is error, warning, info or debug, not 'loud'",
            "FILE:9: Log is given twice",
            "FILE:13: connections=many: a limit is a number, with K, M or G "
            "behind it if you like",
            "FILE:14: connections is given twice",
            "FILE:15: nosuch=1: there is no limit of this name",
            "FILE:16: decode_depth=5000000000: this is more than the limit "
            "can be",
            "FILE:17: call_ms=0: a limit is at least 1",
            "FILE:19: there is no section [nosuch]: it is [becketd], "
            "[limits], [mapper] or [module NAME]",
            "FILE:10: this is neither [section] nor key=value",
            "FILE:21: [module a] has no Path",
            'FILE:4: string binding "nosuch:[1]": protocol sequence is '
            "unknown; one stands first, as in ncacn_ip_tcp:host[4747]",
            'FILE:5: string binding "ncacn_ip_tcp:127.0.0.1[99999]": '
            "endpoint is malformed",
            "FILE:22: the module cannot be loaded: /nonexistent/b.so: cannot "
            "open shared object file: No such file or directory")


def test_numbers_of_threads():
    with Place() as place:
        place.config("[becketd]\nListen = ncalrpc:[a]\nLoops = 0\n"
                     "Workers = 4 threads\n", 78,
                     "FILE:3: this is a number from 1 to 256, not '0'",
                     "FILE:4: this is a number from 0 to 1024, not "
                     "'4 threads'")
        place.config("[becketd]\nListen = ncalrpc:[a]\nLoops = 256\n"
                     "Workers = 0\n", 0)


def test_what_libinih_would_cut_is_told():
    with Place() as place:
        place.config("[becketd]\nListen = " + "x" * 300 + "\n" +
                     "k" * 60 + " = 1\nListen = a\0b\n" +
                     "[module " + "m" * 60 + "]\nPath = x\n", 78,
                     "FILE:2: the line is longer than 198 bytes",
                     "FILE:3: the key is too long",
                     "FILE:4: the line has a byte that is no text",
                     "FILE:5: the name of the section is too long",
                     "becketd: there is nowhere to listen: give --listen, or "
                     "Listen in the configuration")


def test_unreadable_configuration():
    with Place() as place:
        for name, why in (("nosuch", "No such file or directory"),
                          (".", "Is a directory")):
            path = os.path.join(place.path, name)
            result = place.run(BECKETD, "-c", path, "-l", TCP)
            assert result.stderr == "%s: cannot be read: %s\n" % (
                path, why), result.stderr
            assert result.returncode == 78, result


def test_settings_that_no_module_asks_for():
    with Place() as place:
        place.config("""\
[becketd]
Listen = ncacn_ip_tcp:127.0.0.1
[module files]
Path = %s
Root = /usr
Rot = /usr
""" % FILES_SO, 78, "FILE:6: module files has no setting Rot")
        result = place.run(BECKETD, "-q", "-l", TCP, "-m", FILES_SO, "-s",
                           "files.Root=/usr", "-s", "files.X=1", "-s",
                           "nosuch.Y=2", "-s", "files=1", "--check-config")
        assert result.stderr.splitlines() == [
            "--set: 'files=1' is not MODULE.KEY=VALUE",
            "--set: no module asked for files.X"], result.stderr
        result = place.run(BECKETD, "-q", "-l", TCP, "-m", FILES_SO, "-s",
                           "files.Root=/usr", "-s", "files.X=1", "-s",
                           "nosuch.Y=2", "--check-config")
        assert result.stderr.splitlines() == [
            "--set: no module asked for nosuch.Y",
            "--set: no module asked for files.X"], result.stderr
        assert result.returncode == 78, result


def test_flags_win_over_the_file():
    with Place() as place:
        path = place.file("becketd.conf", """\
[module files]
Path = %s
Root = /nonexistent
""" % FILES_SO)
        with Daemon(place, "--set", "files.Root=" + place.path,
                    "--config", path) as daemon:
            result = place.run(FILES, daemon.binding, "list", "")
            assert "becketd.conf" in result.stdout, result


def test_bad_modules():
    with Place() as place:
        for path, sentence in (
                (OTHER_ABI_SO, "%s was made for ABI 99 of modules; this "
                 "becketd has ABI 1" % OTHER_ABI_SO),
                (STAGE + "/lib/libbecket.so", "%s/lib/libbecket.so has no "
                 "function becket_module() and so is no module" % STAGE),
                (BECKETD + ".nosuch", "the module cannot be loaded: ")):
            result = place.run(BECKETD, "-l", TCP, "--module", path)
            assert result.stderr.startswith("--module: " + sentence), result
            assert result.returncode == 78, result
        place.config("[becketd]\nListen = %s\n[module other]\nPath = %s\n"
                     % (TCP, CALCULATOR_SO), 78,
                     "FILE:3: the module is called calculator: its section "
                     "is [module calculator]")
        result = place.run(BECKETD, "-q", "-l", TCP, "-m", CALCULATOR_SO,
                           "-m", CALCULATOR_SO)
        assert result.stderr == "--module: module calculator is loaded " \
            "already (--module)\n", result
        assert result.returncode == 78, result


def test_modules_that_do_not_start():
    with Place() as place:
        base = (BECKETD, "-l", TCP, "-m", CALCULATOR_SO, "-m", HOLD_SO)
        result = place.run(*base, "-s", "hold.Start=invalid")
        assert result.returncode == 78, result
        assert "error hold: Start must not be invalid" in result.stderr
        assert "--module: module hold refuses its settings" in result.stderr
        result = place.run(*base, "-s", "hold.Start=fail")
        assert result.returncode == 1, result
        assert "module hold did not start: out of resources" in result.stderr
        result = place.run(BECKETD, "-l", TCP, "-m", FILES_SO)
        assert "files: Root is not set" in result.stderr, result
        assert result.returncode == 78, result


def test_usage():
    with Place() as place:
        for program, word in ((BECKETD, "becketd"), (BECKET, "becket")):
            result = place.run(program, "--help")
            assert result.returncode == 0 and not result.stderr, result
            assert result.stdout.startswith("usage: " + word), result
            result = place.run(program, "--version")
            assert re.fullmatch(word + r" \d+\.\d+\.\d+\n",
                                result.stdout), result
            assert result.returncode == 0, result
            result = place.run(program, "--nosuch")
            assert result.returncode == 2 and not result.stdout, result
            assert "--help" in result.stderr, result
        assert place.run(BECKETD, "-l", TCP, "x").returncode == 2
        result = place.run(BECKETD)
        assert result.returncode == 78, result
        assert "nowhere to listen" in result.stderr, result


def test_endpoint_in_use():
    with Place() as place, Daemon(place) as daemon:
        result = place.run(BECKETD, "--listen", daemon.binding)
        assert result.returncode == 1, result
        assert "--listen: cannot listen at %s: Address already in use" % \
            daemon.binding in result.stderr, result
        assert "ready" not in result.stdout


# ------------------------------------------------------- start and stop --

def test_readiness():
    for abstract in (False, True):
        with Place() as place, Manager(place, abstract) as manager:
            with Daemon(place) as daemon:
                manager.expect("READY=1")
                daemon.process.send_signal(signal.SIGTERM)
                manager.expect("STOPPING=1")
                daemon.process.wait(TIMEOUT)


def test_no_manager_is_no_obstacle():
    with Place() as place:
        place.environment["NOTIFY_SOCKET"] = place.path + "/nobody"
        with Daemon(place) as daemon:
            pass
        assert "was not told" in daemon.read_log()


def test_each_signal_stops():
    for number in (signal.SIGTERM, signal.SIGINT):
        with Place() as place:
            with Daemon(place, listen=(TCP, "ncalrpc:[a]")) as daemon:
                assert os.path.exists(place.path + "/a")
                daemon.process.send_signal(number)
                daemon.process.wait(TIMEOUT)
            assert not os.path.exists(place.path + "/a")


def test_sigterm_finishes_what_runs():
    with Place() as place, Manager(place, False) as manager:
        with Daemon(place, "-m", HOLD_SO) as daemon:
            manager.expect("READY=1")
            with Held(daemon) as held:
                daemon.process.send_signal(signal.SIGTERM)
                manager.expect("STOPPING=1")
                # nobody comes in any more
                refused = False
                while not refused:
                    try:
                        dce.Peer(daemon.address).socket.close()
                    except ConnectionError:
                        refused = True
                assert daemon.process.poll() is None
                held.release()
                assert held.peer.reply() == b"\0released"
                assert held.peer.receive().kind == dce.SHUTDOWN
                held.peer.expect_end()
                daemon.process.wait(TIMEOUT)
        log = daemon.read_log()
        assert "operation=test.Hold.Wait" in log, log


def test_a_second_sigterm_stops_at_once():
    with Place() as place, Manager(place, False) as manager:
        with Daemon(place, "-m", HOLD_SO, status=1) as daemon:
            manager.expect("READY=1")
            with Held(daemon) as held:
                daemon.process.send_signal(signal.SIGTERM)
                manager.expect("STOPPING=1")
                daemon.process.send_signal(signal.SIGTERM)
                daemon.process.wait(TIMEOUT)
                held.peer.expect_end()
        assert "what runs is cut off" in daemon.read_log()
        assert "error 1 calls were cut off" in daemon.read_log()


def test_a_second_sigterm_with_nothing_to_cut():
    with Place() as place, Manager(place, False) as manager:
        with Daemon(place) as daemon, dce.Peer(daemon.address) as peer:
            peer.bind(dce.MGMT, dce.NDR)
            manager.expect("READY=1")
            # the peer does not close: it is waited for
            daemon.process.send_signal(signal.SIGTERM)
            manager.expect("STOPPING=1")
            daemon.process.send_signal(signal.SIGTERM)
            assert daemon.process.wait(TIMEOUT) == 0


def test_drain_has_an_end():
    with Place() as place, Manager(place, False) as manager:
        path = place.file("becketd.conf", "[limits]\ndrain_ms = 50\n")
        with Daemon(place, "-m", HOLD_SO, "-c", path, status=1) as daemon:
            manager.expect("READY=1")
            with Held(daemon):
                daemon.process.send_signal(signal.SIGTERM)
                daemon.process.wait(TIMEOUT)
        assert "error 1 calls were cut off" in daemon.read_log()


def test_log():
    with Place() as place:
        with Daemon(place, "-m", CALCULATOR_SO,
                    listen=(TCP, "ncalrpc:[a]")) as daemon:
            place.run(CALCULATOR, daemon.binding, "divide", "7", "0")
            place.run(CALCULATOR, "ncalrpc:[a]", "add", "1", "2")
        lines = daemon.read_log().splitlines()
        assert all(LOG_LINE.match(line) for line in lines), lines
        calls = [line.split(" info call ")[1] for line in lines
                 if " call " in line]
        assert re.fullmatch(
            r"operation=calc\.Calculator\.Divide peer=127\.0\.0\.1:\d+ "
            r"status=S_ZERO_DIVIDE in=\d+ out=\d+ time_us=\d+",
            calls[0]), calls
        assert re.fullmatch(
            r'operation=calc\.Calculator\.Add peer="uid=\d+ gid=\d+ '
            r'pid=\d+" status=S_OK in=\d+ out=\d+ time_us=\d+',
            calls[1]), calls
        with Daemon(place, "-q", "-m", CALCULATOR_SO) as daemon:
            place.run(CALCULATOR, daemon.binding, "add", "1", "2")
        assert daemon.read_log() == "", daemon.read_log()


def test_priorities_in_the_journal():
    with Place() as place:
        log = os.path.join(place.path, "log")
        with open(log, "w", encoding="utf-8") as file:
            there = os.fstat(file.fileno())
            place.environment["JOURNAL_STREAM"] = "%d:%d" % (
                there.st_dev, there.st_ino)
            result = subprocess.run(
                [BECKETD, "-l", "nosuch:[1]", "-m", CALCULATOR_SO],
                env=place.environment, stderr=file, check=False,
                stdin=subprocess.DEVNULL, timeout=TIMEOUT)
        assert result.returncode == 78, result
        with open(log, encoding="utf-8") as file:
            assert file.read().splitlines() == [
                '<3>--listen: string binding "nosuch:[1]": protocol '
                "sequence is unknown; one stands first, as in "
                "ncacn_ip_tcp:host[4747]",
                "<6>module calculator started",
                "<6>module calculator stopped"]
        # stderr is not the journal's
        result = place.run(BECKETD, "-l", "nosuch:[1]")
        assert result.stderr.startswith("--listen: "), result


# --------------------------------------------------------------- sockets --

def listening(family, address):
    server = socket.socket(family)
    server.bind(address)
    server.listen()
    return server


def test_sockets_that_are_given():
    with Place() as place, Manager(place, False) as manager:
        path = place.path + "/given"
        with listening(socket.AF_INET, ("127.0.0.1", 0)) as tcp, \
                listening(socket.AF_UNIX, path) as local:
            port = tcp.getsockname()[1]
            # what the configuration names is the same socket
            config = "[becketd]\nListen = %s[%d]\nListen = ncalrpc:[own]\n"
            file = place.file("becketd.conf", config % (TCP, port))
            with Daemon(place, "-c", file, listen=(), given=(tcp, local),
                        names="web:local") as daemon:
                assert daemon.bindings == [
                    "%s[%d]" % (TCP, port), "ncalrpc:[given]",
                    "ncalrpc:[own]"], daemon.bindings
                manager.expect("READY=1")
                for binding in daemon.bindings:
                    assert place.run(BECKET, "ping", "-c", "1",
                                     binding).returncode == 0
                # they stay, whatever the configuration says
                place.file("becketd.conf",
                           "[becketd]\nListen = ncalrpc:[other]\n")
                manager.reload(daemon)
                for binding in (*daemon.bindings[:2], "ncalrpc:[other]"):
                    assert place.run(BECKET, "ping", "-c", "1",
                                     binding).returncode == 0
                assert place.run(BECKET, "ping", "-c", "1",
                                 "ncalrpc:[own]").returncode == 3
                with open("/proc/%d/environ" % daemon.process.pid,
                          encoding="utf-8") as file:
                    assert "LISTEN_PID=%d\0" % daemon.process.pid in \
                        file.read()
            assert "descriptor 3 (web) was given" in daemon.read_log()
            assert "descriptor 4 (local) was given" in daemon.read_log()
        assert os.path.exists(path)  # it is the service manager's


def test_the_mappers_socket_is_given_and_its_places_change():
    with listening(socket.AF_INET, ("127.0.0.1", 0)) as tcp:
        port = tcp.getsockname()[1]
        mapper = "[mapper]\nListen = ncacn_ip_tcp:[%d]\n" % port
        with Reloaded(mapper, given=(tcp,)) as it:
            assert it.daemon.bindings == [
                "%s[%d]" % (TCP, port), "ncalrpc:[epmapper]"]
            it.reload(mapper + "Listen = ncalrpc:[second]\n")
            for name in ("epmapper", "second"):
                assert it.ping("ncalrpc:[%s]" % name) == 0
            it.reload(mapper)
            assert it.ping("ncalrpc:[second]") == 3
            assert it.ping(it.daemon.binding) == 0


def test_nothing_else_to_listen_at():
    with Place() as place, \
            listening(socket.AF_INET, ("127.0.0.1", 0)) as tcp, \
            Daemon(place, listen=(), given=(tcp,)) as daemon:
        assert daemon.bindings == ["%s[%d]" % (TCP, tcp.getsockname()[1])]


def test_sockets_that_are_given_to_somebody_else():
    with Place() as place:
        place.environment.update(LISTEN_PID="1", LISTEN_FDS="1")
        result = place.run(BECKETD)
        assert result.returncode == 78, result
        assert "nowhere to listen" in result.stderr, result


def test_what_is_given_and_does_not_listen():
    with Place() as place, socket.socket() as unbound:
        try:
            with Daemon(place, listen=(), given=(unbound,), names="x"):
                pass
            raise RuntimeError("it has started")
        except AssertionError as error:
            assert "cannot listen at descriptor 3 (x): it is no socket " \
                "that listens" in str(error), error


# ---------------------------------------------------------------- reload --

class Reloaded:
    """A becketd with a configuration to be changed, and its manager."""

    def __init__(self, text, **rest):
        self.text, self.rest = text, rest

    def __enter__(self):
        self.place = Place().__enter__()
        self.manager = Manager(self.place, False)
        self.path = self.place.file("becketd.conf", self.text)
        self.daemon = Daemon(self.place, "-c", self.path, listen=(),
                             **self.rest)
        self.manager.expect("READY=1")
        return self

    def __exit__(self, *arguments):
        try:
            self.daemon.__exit__(*arguments)
        finally:
            self.manager.socket.close()
            self.place.__exit__()

    def write(self, text):
        self.place.file("becketd.conf", text)

    def reload(self, text, result="holds"):
        self.write(text)
        self.manager.reload(self.daemon, result)

    def start_reload(self, text):
        self.write(text)
        self.daemon.process.send_signal(signal.SIGHUP)
        self.manager.expect("RELOADING=1")

    def log(self):
        """What has been logged, without times, the file being FILE."""
        return [LOG_LINE.sub("", line).replace(self.path, "FILE")
                for line in self.daemon.read_log().splitlines()]

    def maps(self, name):
        """Is a shared object in its memory?"""
        with open("/proc/%d/maps" % self.daemon.process.pid,
                  encoding="utf-8") as maps:
            return name in maps.read()

    def divide(self):
        return self.place.run(CALCULATOR, self.daemon.binding, "divide", "85",
                              "2")

    def cat(self, name):
        return self.place.run(FILES, self.daemon.binding, "cat", name)

    def ping(self, binding):
        return self.place.run(BECKET, "ping", "-c", "1", binding).returncode


AT_TCP = "[becketd]\nListen = %s\n" % TCP
WITH_CALCULATOR = "[module calculator]\nPath = %s\n" % CALCULATOR_SO
WITH_HOLD = "[module hold]\nPath = %s\n" % HOLD_SO


def test_reload_tells_the_manager():
    with Reloaded(AT_TCP) as it:
        before = time.monotonic_ns() // 1000
        it.daemon.process.send_signal(signal.SIGHUP)
        message = it.manager.expect("RELOADING=1")
        micros = int(re.search(r"^MONOTONIC_USEC=(\d+)$", message,
                               re.M).group(1))
        assert before <= micros <= time.monotonic_ns() // 1000, message
        it.manager.expect("READY=1")
        assert it.log()[-1] == "the new configuration holds", it.log()


def test_reload_changes_listeners_and_disturbs_no_other():
    with Reloaded(AT_TCP + "Listen = ncalrpc:[a]\n") as it, \
            dce.Peer(it.daemon.address) as peer, \
            dce.Peer(it.place.path + "/a") as local:
        peer.bind(dce.MGMT, dce.NDR)
        local.bind(dce.MGMT, dce.NDR)
        it.reload(AT_TCP + "Listen = ncalrpc:[b]\n")
        assert it.ping("ncalrpc:[b]") == 0
        assert it.ping("ncalrpc:[a]") == 3
        assert not os.path.exists(it.place.path + "/a")
        # the port is the same, and who was connected is
        assert it.ping(it.daemon.binding) == 0
        for connected in (peer, local):
            connected.send(dce.request(3, call=2))
            assert connected.receive().kind == dce.RESPONSE


def test_reload_widens_an_address():
    with Reloaded(AT_TCP) as it:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        it.reload("[becketd]\nListen = %s[%d]\n" % (TCP, port))
        binding = "%s[%d]" % (TCP, port)
        assert it.ping(binding) == 0
        it.reload("[becketd]\nListen = ncacn_ip_tcp:[%d]\n" % port)
        assert it.ping(binding) == 0
        assert it.ping(it.daemon.binding) == 3


def test_reload_refuses_a_place_in_use():
    with Reloaded(AT_TCP) as it, \
            listening(socket.AF_INET, ("127.0.0.1", 0)) as other:
        place = "%s[%d]" % (TCP, other.getsockname()[1])
        it.reload("[becketd]\nListen = ncalrpc:[new]\nListen = %s\n"
                  % place + WITH_CALCULATOR, "refused")
        assert "FILE:3: cannot listen at %s: Address already in use" % place in \
            it.log(), it.log()
        assert it.ping("ncalrpc:[new]") == 3
        assert it.ping(it.daemon.binding) == 0
        assert "calculator.so" not in it.place.run(
            "cat", "/proc/%d/maps" % it.daemon.process.pid).stdout


def test_reload_refuses_mistakes():
    with Reloaded(AT_TCP + WITH_CALCULATOR) as it:
        it.reload("[becketd]\nListen = ncalrpc:[b]\nLog = loud\n[module x]\n"
                  "Path = /nonexistent/x.so\n", "refused")
        log = it.log()
        assert "FILE:3: Log is error, warning, info or debug, not 'loud'" in \
            log, log
        assert [line for line in log if line.startswith("FILE:4: ")], log
        assert log[-1] == "the new configuration is refused", log
        assert it.divide().stdout == "42 remainder 1\n"
        assert it.ping("ncalrpc:[b]") == 3
        os.unlink(it.path)
        it.manager.reload(it.daemon, "refused")
        assert "FILE: cannot be read: No such file or directory" in it.log()
        # and when it is good again
        it.reload(AT_TCP)
        assert it.divide().returncode == 1


def test_reload_adds_and_removes_modules():
    with Reloaded(AT_TCP) as it:
        assert it.divide().returncode == 1
        for _ in range(3):
            it.reload(AT_TCP + WITH_CALCULATOR)
            assert it.divide().stdout == "42 remainder 1\n"
            it.reload(AT_TCP)
            result = it.divide()
            assert "interface" in result.stderr, result
            assert not it.maps("calculator.so")
        assert it.log().count("module calculator stopped") == 3


def test_reload_leaves_alone_what_does_not_change():
    with Reloaded(AT_TCP + WITH_CALCULATOR) as it:
        it.reload("[becketd]\n\nListen = %s\n" % TCP + WITH_CALCULATOR
                  + "[module files]\nPath = %s\nRoot = %s\n"
                  % (FILES_SO, it.place.path))
        assert it.divide().stdout == "42 remainder 1\n"
        assert it.log().count("module calculator started") == 1


def test_reload_waits_for_calls_and_goes_on_serving():
    with Reloaded(AT_TCP + WITH_CALCULATOR + WITH_HOLD) as it, \
            Held(it.daemon) as held, dce.Peer(it.daemon.address) as late:
        late.bind(HOLD)
        it.start_reload(AT_TCP + WITH_CALCULATOR)
        # others are served; the module is there, and takes nothing new
        assert it.divide().stdout == "42 remainder 1\n"
        assert it.maps("hold.so")
        late.send(dce.request(0, b"\0x", call=2))
        assert late.receive().status == dce.UNK_IF
        assert "module hold stopped" not in it.log()
        held.release()
        assert held.peer.reply() == b"\0released"
        it.manager.expect("READY=1")
        assert "module hold stopped" in it.log()
        assert not it.maps("hold.so")
        assert it.divide().stdout == "42 remainder 1\n"


def test_reload_under_load():
    """One module is called all the time, another comes and goes while it is
    called too."""
    with Reloaded(AT_TCP + WITH_CALCULATOR) as it:
        def clients(count, *command):
            return [subprocess.Popen(command, env=it.place.environment,
                                     stdout=subprocess.DEVNULL,
                                     stderr=subprocess.DEVNULL)
                    for _ in range(count)]
        steady = clients(2, CALCULATOR, "-n", "1000000", it.daemon.binding,
                         "add", "1", "2")
        try:
            for i in range(20):
                it.reload(AT_TCP + WITH_CALCULATOR
                          + files_at("/usr/lib" if i % 2 else "/usr/bin"))
                others = clients(3, FILES, it.daemon.binding, "list", "")
                assert it.place.run(FILES, it.daemon.binding, "list",
                                    "").returncode == 0
                it.reload(AT_TCP + WITH_CALCULATOR)
                for other in others:  # served, or refused
                    assert other.wait(TIMEOUT) in (0, 1)
            assert [client.poll() for client in steady] == [None, None]
        finally:
            for client in steady:
                client.kill()
                client.wait()
        assert not it.maps("files.so")


SEVERAL = AT_TCP + "Listen = ncalrpc:[a]\nLoops = 3\nWorkers = 2\n"


def test_several_loops():
    with Reloaded(SEVERAL + "AllowStop = yes\n" + WITH_CALCULATOR) as it:
        tasks = os.listdir("/proc/%d/task" % it.daemon.process.pid)
        assert len(tasks) >= 4, tasks  # ours, and the loops' own
        for _ in range(6):
            assert it.divide().stdout == "42 remainder 1\n"
        assert len([line for line in it.log() if "Divide" in line]) == 6
        it.reload(SEVERAL + WITH_HOLD)
        assert it.divide().returncode == 1
        with Held(it.daemon) as held:
            it.start_reload(SEVERAL + "AllowStop = yes\n")
            assert it.ping(it.daemon.binding) == 0
            held.release()
            assert held.peer.reply() == b"\0released"
            it.manager.expect("READY=1")
        assert not it.maps("hold.so")
        assert it.place.run(BECKET, "stop", "ncalrpc:[a]").returncode == 0
        it.manager.expect("STOPPING=1")
        assert it.daemon.process.wait(TIMEOUT) == 0


def test_several_loops_and_signals():
    with Reloaded(SEVERAL + WITH_HOLD) as it, Held(it.daemon) as held:
        it.daemon.process.send_signal(signal.SIGTERM)
        it.manager.expect("STOPPING=1")
        held.release()
        assert held.peer.reply() == b"\0released"
    with Reloaded(SEVERAL + WITH_HOLD, status=1) as it, Held(it.daemon):
        it.daemon.process.send_signal(signal.SIGTERM)
        it.manager.expect("STOPPING=1")
        it.daemon.process.send_signal(signal.SIGTERM)
        it.daemon.process.wait(TIMEOUT)
        assert "1 calls were cut off" in it.log()


def test_reload_again_while_it_waits():
    with Reloaded(AT_TCP + WITH_HOLD) as it, Held(it.daemon) as held:
        it.start_reload(AT_TCP)
        assert it.ping(it.daemon.binding) == 0  # and so it has read that
        it.write(AT_TCP + WITH_CALCULATOR)
        it.daemon.process.send_signal(signal.SIGHUP)
        assert it.divide().returncode == 1  # not yet
        held.release()
        it.manager.expect("READY=1")
        it.manager.expect("RELOADING=1")
        it.manager.expect("READY=1")
        assert it.divide().stdout == "42 remainder 1\n"


def test_stop_while_a_reload_waits():
    for release in (True, False):
        with Reloaded(AT_TCP + WITH_HOLD, status=0 if release else 1) as it, \
                Held(it.daemon) as held:
            it.start_reload(AT_TCP)
            it.daemon.process.send_signal(signal.SIGTERM)
            it.manager.expect("STOPPING=1")
            if release:
                held.release()
                assert held.peer.reply() == b"\0released"
            else:
                it.daemon.process.send_signal(signal.SIGTERM)
            it.daemon.process.wait(TIMEOUT)


def files_at(root):
    return "[module files]\nPath = %s\nRoot = %s\n" % (FILES_SO, root)


def test_reload_restarts_a_module_whose_settings_change():
    with Reloaded(AT_TCP + files_at("/usr")) as it:
        for name in ("one", "two"):
            root = os.path.join(it.place.path, name)
            os.mkdir(root)
            it.place.file(name + "/name", name + "\n")
            it.reload(AT_TCP + files_at(root))
            assert it.cat("name").stdout == name + "\n"
        assert it.log().count("module files started") == 3


def test_reload_goes_back_to_the_settings_that_were_good():
    with Reloaded(AT_TCP) as it:
        good = AT_TCP + files_at(it.place.path)
        it.reload(good)
        for bad, word in (
                ("/nonexistent", "module files refuses its settings"),
                ("/usr\nRot = /usr", "module files has no setting Rot")):
            it.reload(AT_TCP + files_at(bad), "in part")
            assert [line for line in it.log() if line.startswith("FILE:")
                    and line.endswith(word)], it.log()
            assert "module files goes on with the settings it had" in \
                it.log()
            assert it.cat("becketd.conf").stdout == AT_TCP + files_at(bad)
        # a new one that is wrong does not come at all
        it.reload(good + WITH_HOLD + "Start = fail\n", "refused")
        assert "module hold did not start: out of resources" in it.log()
        assert not it.maps("hold.so")
        it.reload(good + WITH_HOLD + "Strat = x\n", "refused")
        assert "FILE:8: module hold has no setting Strat" in it.log()
        assert not it.maps("hold.so")
        it.reload(good + WITH_HOLD)
        assert it.maps("hold.so")


def test_reload_takes_a_module_that_was_built_anew():
    with Reloaded(AT_TCP) as it:
        path = os.path.join(it.place.path, "module.so")
        shutil.copy(CALCULATOR_SO, path)
        text = AT_TCP + "[module calculator]\nPath = %s\n" % path
        it.reload(text)
        os.unlink(path)
        shutil.copy(CALCULATOR_SO, path)
        it.reload(text)
        assert it.log().count("module calculator started") == 2
        assert it.divide().stdout == "42 remainder 1\n"
        # one that is gone cannot come back
        os.unlink(path)
        it.place.file("module.so", "no such thing")
        it.reload(text, "in part")
        assert "module calculator does not run any more" in it.log()
        assert it.divide().returncode == 1
        it.reload(AT_TCP + WITH_CALCULATOR)
        assert it.divide().stdout == "42 remainder 1\n"


def test_reload_changes_the_log_and_who_may_stop():
    with Reloaded(AT_TCP + "Listen = ncalrpc:[a]\n" + WITH_CALCULATOR) as it:
        quiet = AT_TCP + "Listen = ncalrpc:[a]\nLog = warning\n" \
            "AccessLog = no\nAllowStop = yes\n"
        it.divide()
        assert it.ping(it.daemon.binding) == 0
        before = it.log()
        assert [line for line in before if "Calculator.Divide" in line]
        it.reload(quiet + WITH_CALCULATOR)
        middle = len(it.log())
        it.divide()
        assert it.ping(it.daemon.binding) == 0
        assert len(it.log()) == middle, it.log()
        assert it.place.run(BECKET, "stop", "ncalrpc:[a]").returncode == 0
        it.daemon.process.wait(TIMEOUT)


def test_reload_says_what_it_cannot_change():
    with Reloaded(AT_TCP) as it:
        text = AT_TCP + "Loops = 2\n[limits]\nconnections = 5\n"
        it.reload(text)
        warning = "[limits], NcalrpcDir, Loops, Workers, Health, " \
            "Reflection, Hold, and whether " \
            "there is a [mapper] change with a restart only"
        assert warning in it.log(), it.log()
        it.reload(AT_TCP)
        assert it.log().count(warning) == 1


def test_without_standard_output():
    with Place() as place, Manager(place, False) as manager:
        log = os.path.join(place.path, "log")
        daemon = subprocess.Popen(
            ["sh", "-c", 'exec "$@" <&- >&-', "sh", BECKETD, "-l",
             "ncalrpc:[a]"], env=place.environment,
            stderr=open(log, "w", encoding="utf-8"))
        manager.expect("READY=1")
        # what went to stdout is not what a peer reads
        with dce.Peer(place.path + "/a") as peer:
            peer.bind(dce.MGMT, dce.NDR)
        result = place.run(BECKET, "ping", "-c", "1", "ncalrpc:[a]")
        assert result.returncode == 0, result
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(TIMEOUT) == 0


def test_descriptors_for_all_connections():
    with Place() as place:
        path = place.file("becketd.conf", "[limits]\nconnections = 200\n")
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        with Daemon(place, "-c", path, prepare=lambda: resource.setrlimit(
                resource.RLIMIT_NOFILE, (64, hard))) as daemon:
            soft = resource.prlimit(daemon.process.pid,
                                    resource.RLIMIT_NOFILE)[0]
            assert soft == 456, soft


def test_units():
    if not shutil.which("systemd-analyze"):
        return SKIP
    with Place() as place:
        # verify loads what they refer to from beside them, too
        units = [shutil.copy(STAGE + "/share/doc/becket/" + name, place.path)
                 for name in ("becketd.service", "becketd.socket")]
        result = place.run("systemd-analyze", "verify", "--man=no", *units)
        assert result.returncode == 0 and not result.stderr, result
        with open(units[0], "a", encoding="utf-8") as unit:
            unit.write("[Service]\nNoSuchSetting=1\n")
        result = place.run("systemd-analyze", "verify", "--man=no", *units)
        assert "NoSuchSetting" in result.stderr, result


# ---------------------------------------------------------------- becket --

def test_ping():
    with Place() as place, Daemon(place) as daemon:
        result = place.run(BECKET, "ping", "-c", "3", "-i", "0",
                           daemon.binding)
        assert result.returncode == 0 and not result.stderr, result
        assert len(re.findall(r"^answer \d: listening, [\d.]+ ms$",
                              result.stdout, re.M)) == 3, result
        assert "3 calls, 3 answers" in result.stdout, result
        result = place.run(BECKET, "-j", "ping", "-c", "2", "-i", "0",
                           daemon.binding)
        first, second, total = map(json.loads, result.stdout.splitlines())
        assert (first["call"], second["call"]) == (1, 2)
        assert total["answers"] == 2
        assert total["min"] <= total["avg"] <= total["max"], total


def test_an_interrupted_ping_sums_up():
    with Place() as place, Daemon(place) as daemon:
        ping = subprocess.Popen([BECKET, "ping", "-i", "60", daemon.binding],
                                env=place.environment, text=True,
                                stdout=subprocess.PIPE)
        assert ping.stdout.readline().startswith("PING ")
        assert ping.stdout.readline().startswith("answer 1: ")
        ping.send_signal(signal.SIGINT)
        rest = ping.communicate(timeout=TIMEOUT)[0]
        assert "1 calls, 1 answers" in rest, rest
        assert ping.returncode == 0, ping.returncode


def test_ifs_and_stats():
    with Place() as place, Daemon(place, "-m", CALCULATOR_SO) as daemon:
        uuid = "5d9c1ea3-9a4b-4c0e-9f38-c2a74ab2d1e6"
        result = place.run(BECKET, "ifs", daemon.binding)
        assert uuid + " v1.0\n" in result.stdout, result
        answer = json.loads(place.run(BECKET, "ifs", "--json",
                                      daemon.binding).stdout)
        assert {"uuid": uuid, "major": 1, "minor": 0} in \
            answer["interfaces"], answer
        before = json.loads(place.run(BECKET, "-j", "stats",
                                      daemon.binding).stdout)
        place.run(CALCULATOR, "-n", "10", daemon.binding, "add", "1", "2")
        after = json.loads(place.run(BECKET, "-j", "stats",
                                     daemon.binding).stdout)
        assert after["calls_in"] == before["calls_in"] + 11, (before, after)
        assert "calls in" in place.run(BECKET, "stats",
                                       daemon.binding).stdout


# ------------------------------------------------------- endpoint map --

def entries(place, *where):
    result = place.run(BECKET, "-j", "ep", *where)
    assert result.returncode == 0, result
    return json.loads(result.stdout)["entries"]


def wait_for_entries(place, expected):
    """Until the map has as many interfaces, by their annotations."""
    deadline = time.monotonic() + TIMEOUT
    while True:
        found = {entry["annotation"] for entry in entries(place)}
        if found == expected:
            return
        assert time.monotonic() < deadline, found


def test_the_map_is_shown():
    with Place() as place:
        result = place.run(BECKET, "ep")
        assert result.returncode == 3, result
        assert "ncalrpc:[epmapper]" in result.stderr, result
        answer = json.loads(place.run(BECKET, "-j", "ep").stdout)
        assert answer["status"] == "S_SERVER_UNAVAILABLE", answer
        with socket.socket(socket.AF_UNIX) as mute:
            mute.bind(place.path + "/epmapper")
            mute.listen()
            began = time.monotonic()
            result = place.run(BECKET, "-t", "0.1", "ep")
            assert result.returncode in (3, 4), result
            assert time.monotonic() - began < 5
        os.unlink(place.path + "/epmapper")
        with Daemon(place, "--mapper", listen=()) as mapper:
            assert mapper.bindings == ["ncalrpc:[epmapper]"]
            assert entries(place) == []
        with Daemon(place, "--mapper", "-m", CALCULATOR_SO) as mapper:
            wait_for_entries(place, {"calc.Calculator"})
            tcp = mapper.bindings[-1]
            lines = place.run(BECKET, "ep").stdout.splitlines()
            assert lines[0].split() == ["INTERFACE", "SYNTAX", "BINDING",
                                        "ANNOTATION"], lines
            assert any(line.split() == [
                "5d9c1ea3-9a4b-4c0e-9f38-c2a74ab2d1e6", "v1.0", "protobuf",
                tcp, "calc.Calculator"] for line in lines), lines
            assert entries(place, tcp) == entries(place)
            assert entries(place, "ncalrpc:") == entries(place)


def test_the_mapper_keeps_to_itself_when_told():
    with Place() as place:
        path = place.file("becketd.conf", "[becketd]\nRegister = no\n"
                          "[mapper]\n" + WITH_CALCULATOR)
        with Daemon(place, "-c", path):
            with Daemon(place, "-R", "-m", HOLD_SO):
                wait_for_entries(place, {"test.Hold"})


def test_a_killed_server_leaves_the_map():
    with Place() as place, Daemon(place, "-M", listen=()):
        with Daemon(place, "-R", "-m", CALCULATOR_SO, "-l", "ncalrpc:",
                    status=-signal.SIGKILL) as server:
            # when it is ready they are there
            assert len(entries(place)) >= 2, entries(place)
            result = place.run(CALCULATOR, "ncalrpc:", "divide", "85", "2")
            assert result.stdout == "42 remainder 1\n", result
            server.process.kill()
            wait_for_entries(place, set())
        result = place.run(CALCULATOR, "ncalrpc:", "divide", "85", "2")
        assert "endpoint map" in result.stderr, result


def test_servers_come_back_when_the_mapper_is_restarted():
    with Place() as place:
        with Daemon(place, "-R", "-m", CALCULATOR_SO):
            for how in (signal.SIGKILL, signal.SIGTERM):
                with Daemon(place, "-M", listen=(), status=-how if
                            how == signal.SIGKILL else 0) as mapper:
                    wait_for_entries(place, {"calc.Calculator"})
                    mapper.process.send_signal(how)
                    mapper.process.wait(TIMEOUT)
                assert place.run(BECKET, "ep").returncode == 3


def test_reload_changes_what_is_in_the_map():
    text = AT_TCP + "Register = yes\n"
    with Reloaded(text + WITH_CALCULATOR) as it, \
            Daemon(it.place, "-M", listen=()):
        it.manager.expect("READY=1")  # the mapper's
        wait_for_entries(it.place, {"calc.Calculator"})
        it.reload(text + WITH_HOLD)
        wait_for_entries(it.place, {"test.Hold"})
        it.reload(text + WITH_HOLD + WITH_CALCULATOR)
        wait_for_entries(it.place, {"test.Hold", "calc.Calculator"})


def test_stop_is_refused():
    with Place() as place:
        with Daemon(place, listen=(TCP, "ncalrpc:[a]")) as daemon:
            for binding in daemon.bindings:
                result = place.run(BECKET, "-j", "stop", binding)
                assert result.returncode == 1, result
                assert json.loads(result.stdout)["status"] == \
                    "S_ACCESS_DENIED", result
                assert "access denied" in result.stderr, result
            assert daemon.process.poll() is None


def test_stop_where_it_is_allowed():
    with Place() as place, Manager(place, False) as manager:
        path = place.file("becketd.conf", "[becketd]\nAllowStop = yes\n")
        with Daemon(place, "-c", path, listen=(TCP, "ncalrpc:[a]")) as daemon:
            manager.expect("READY=1")
            result = place.run(BECKET, "stop", daemon.binding)
            assert result.returncode == 1, result  # nobody, over TCP
            result = place.run(BECKET, "stop", "ncalrpc:[a]")
            assert result.returncode == 0, result
            assert result.stdout == "stopping\n", result
            manager.expect("STOPPING=1")
            assert daemon.process.wait(TIMEOUT) == 0


def test_becket_exit_statuses():
    with Place() as place:
        for binding in ("nonsense", "nosuch:[1]", "ncacn_ip_tcp:h[0]"):
            assert place.run(BECKET, "ping", binding).returncode == 2
        for arguments in ((), ("nosuch", "x"), ("ping",), ("ping", "a", "b"),
                          ("-c", "0", "ping", "x"), ("-t", "0", "ping", "x"),
                          ("-i", "x", "ping", "x"), ("-c", "1", "ifs", "x")):
            result = place.run(BECKET, *arguments)
            assert result.returncode == 2, (arguments, result)
            assert result.stderr.startswith("becket: "), result
        result = place.run(BECKET, "ping", "-c", "2", "-i", "0",
                           "ncalrpc:[nobody]")
        assert result.returncode == 3, result
        assert "2 calls, 0 answers" in result.stdout, result
        # somebody who listens and never answers
        with socket.socket() as silent:
            silent.bind(("127.0.0.1", 0))
            silent.listen()
            result = place.run(BECKET, "-j", "-t", "0.1", "ifs",
                               "ncacn_ip_tcp:127.0.0.1[%d]" %
                               silent.getsockname()[1])
            assert result.returncode == 3, result  # it never got to send
            assert json.loads(result.stdout)["outcome"] == "not sent"


def accept_bind(peer):
    """Take what a client binds, as a server that answers nothing more."""
    asked = peer.recv(65536)
    count = asked[24]
    body = dce.LITTLE.pack("HHIH", 5840, 5840, 1, 2) + b"1\0"
    body += dce.LITTLE.pack("Bxxx", count)
    body += dce.LITTLE.pack("HH", 0, 0) + dce.LITTLE.syntax(dce.NDR)
    for _ in range(1, count):
        body += dce.LITTLE.pack("HH", 2, 2) + bytes(20)
    call, = dce.LITTLE.unpack("I", asked, 12)
    peer.sendall(dce.pdu(dce.BIND_ACK, body, call=call))


def test_an_answer_that_does_not_come():
    with Place() as place, socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        mute.settimeout(TIMEOUT)
        client = subprocess.Popen(
            [BECKET, "-j", "-t", "0.5", "ifs",
             "ncacn_ip_tcp:127.0.0.1[%d]" % mute.getsockname()[1]],
            env=place.environment, text=True, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE)
        peer = mute.accept()[0]
        accept_bind(peer)
        output, _ = client.communicate(timeout=TIMEOUT)
        peer.close()
        assert client.returncode == 4, (client.returncode, output)
        assert json.loads(output)["outcome"] == "maybe executed", output


# ----------------------------------------------------------------- Files --

def make_tree(place):
    """A tree with every trap, and a secret beside it."""
    root = os.path.join(place.path, "root")
    os.makedirs(root + "/sub/deep")
    place.file("secret", "secret")
    for name, text in (("a.txt", "hello\n"), ("empty", ""),
                       ("sub/b.bin", "x" * 3000000), ("sub/deep/c", "c")):
        place.file("root/" + name, text)
    os.symlink("a.txt", root + "/inside")
    os.symlink("../secret", root + "/escape")
    os.symlink("..", root + "/up")
    os.symlink(place.path + "/secret", root + "/absolute")
    os.symlink("/etc", root + "/etc")
    os.symlink("loop", root + "/loop")
    os.symlink("/proc/self/root/etc", root + "/magic")
    os.mkfifo(root + "/fifo")
    server = socket.socket(socket.AF_UNIX)
    server.bind(root + "/socket")
    server.close()
    return root


def files(place, daemon, *arguments):
    return place.run(FILES, daemon.binding, *arguments)


def for_both_ways(test):
    """openat2(), and walking."""
    for how in ("auto", "walk"):
        with Place() as place:
            root = make_tree(place)
            with Daemon(place, "-m", FILES_SO, "-s", "files.Root=" + root,
                        "-s", "files.Resolve=" + how) as daemon:
                test(place, daemon, how, root)


def test_files_serves_what_is_there():
    def check(place, daemon, how, root):
        del how
        assert files(place, daemon, "cat", "a.txt").stdout == "hello\n"
        assert files(place, daemon, "cat", "/a.txt").stdout == "hello\n"
        assert files(place, daemon, "cat", "empty").stdout == ""
        assert files(place, daemon, "cat", "sub//deep/./c").stdout == "c"
        result = files(place, daemon, "sum", "-r", "")
        want = subprocess.run(
            "find . -type f -printf '%P\\0' | LC_ALL=C sort -z | "
            "xargs -0 sha256sum", shell=True, cwd=root, check=True,
            capture_output=True, text=True).stdout
        assert sorted(result.stdout.splitlines()) == \
            sorted(want.splitlines()), result
        result = files(place, daemon, "list", "")
        names = [line.split()[-1] for line in result.stdout.splitlines()]
        assert names == sorted(os.listdir(root)), names
        copy = os.path.join(place.path, "copy")
        result = files(place, daemon, "get", "-r", "", copy)
        assert result.returncode == 0, result
        with open(copy + "/sub/b.bin", "rb") as file:
            assert hashlib.sha256(file.read()).hexdigest() in want
        assert sorted(os.listdir(copy)) == ["a.txt", "empty", "sub"]
    for_both_ways(check)


def test_files_lets_nobody_out():
    def check(place, daemon, how, root):
        del root
        for path in ("../secret", "sub/../../secret", "..", "/..", "sub/..",
                     "escape", "up/secret", "absolute", "etc/passwd",
                     "magic/passwd", "/../secret", "up/root/a.txt"):
            for command in ("cat", "sum"):
                result = files(place, daemon, command, path)
                assert result.returncode == 1, (how, path, result)
                assert result.stdout == "", (how, path, result)
            result = files(place, daemon, "list", path)
            assert result.returncode == 1 and not result.stdout, (
                how, path, result)
        inside = files(place, daemon, "cat", "inside")
        assert (inside.stdout == "hello\n") == (how == "auto"), inside
        for path in ("loop", "nosuch", "a.txt/x", "x" * 300):
            result = files(place, daemon, "cat", path)
            assert result.returncode == 1, (how, path, result)
    for_both_ways(check)


def test_files_waits_for_nothing():
    def check(place, daemon, how, root):
        # who waits at a FIFO's other end is not woken
        writer = subprocess.Popen(["sh", "-c", 'exec >"$0"; echo woken',
                                   root + "/fifo"], stderr=subprocess.DEVNULL)
        for path in ("fifo", "socket", "sub"):
            for command in ("cat", "sum"):
                result = files(place, daemon, command, path)
                assert result.returncode == 1, (how, path, result)
                assert "not a regular file" in result.stderr, result
        assert writer.poll() is None
        fd = os.open(root + "/fifo", os.O_RDONLY)
        assert os.read(fd, 10) == b"woken\n"
        os.close(fd)
        writer.wait(TIMEOUT)
        assert files(place, daemon, "stat", "fifo").stdout[0] == "?"
        assert files(place, daemon, "stat", "escape").stdout[0] == "l"
    for_both_ways(check)


def test_files_lists_a_large_directory_in_pages():
    with Place() as place:
        root = os.path.join(place.path, "root")
        os.mkdir(root)
        names = ["%d" % i for i in range(4500)]
        for name in names:
            place.file("root/" + name)
        with Daemon(place, "-m", FILES_SO, "-s",
                    "files.Root=" + root) as daemon:
            result = files(place, daemon, "list", "")
        found = [line.split()[-1] for line in result.stdout.splitlines()]
        assert found == sorted(names), len(found)
        assert daemon.read_log().count("Files.List") == 5


def open_files(process, root):
    """What a process has open below a directory."""
    here = "/proc/%d/fd" % process.pid
    found = []
    for fd in os.listdir(here):
        try:
            found.append(os.readlink(os.path.join(here, fd)))
        except FileNotFoundError:  # closed since
            pass
    return [path for path in found if path.startswith(root + "/")]


def eventually(condition):
    """For what nobody tells us; fails the test after a while."""
    end = time.monotonic() + TIMEOUT
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


class Reading:
    """A client with a file of the server's open, which it reads no further
    because nobody reads what it writes."""

    def __init__(self, place, binding, root):
        self.path = os.path.join(root, "big")
        with open(self.path, "wb") as file:
            file.truncate(3000000)
        self.client = subprocess.Popen(
            [FILES, binding, "cat", "big"], env=place.environment,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0)
        assert self.client.stdout.read(1) == b"\0"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.client.kill()
        self.client.communicate()


def test_files_of_a_client_that_dies_are_closed():
    with Place() as place:
        root = os.path.join(place.path, "root")
        os.mkdir(root)
        with Daemon(place, "-m", FILES_SO, "-s", "files.Root=" + root,
                    listen=(TCP, "ncalrpc:[a]")) as daemon:
            for binding in daemon.bindings:
                with Reading(place, binding, root) as dies, \
                        Reading(place, binding, root) as lives:
                    assert open_files(daemon.process, root) == [
                        dies.path, lives.path]
                    dies.client.kill()
                    eventually(lambda: len(open_files(daemon.process,
                                                      root)) == 1)
                    rest = lives.client.communicate(timeout=TIMEOUT)[0]
                    assert len(rest) == 2999999, len(rest)
                    assert lives.client.returncode == 0
                eventually(lambda: not open_files(daemon.process, root))


def test_files_stay_what_they_were_when_opened():
    with Place() as place:
        root = os.path.join(place.path, "root")
        os.mkdir(root)
        with Daemon(place, "-m", FILES_SO, "-s",
                    "files.Root=" + root) as daemon, \
                Reading(place, daemon.binding, root) as reading:
            place.file("root/new", "x")
            os.rename(root + "/new", reading.path)
            rest = reading.client.communicate(timeout=TIMEOUT)[0]
            assert rest == bytes(2999999)
            assert files(place, daemon, "cat", "big").stdout == "x"


def test_files_are_closed_when_their_module_goes():
    with Reloaded(AT_TCP) as it:
        root = os.path.join(it.place.path, "root")
        os.mkdir(root)
        it.reload(AT_TCP + files_at(root))
        with Reading(it.place, it.daemon.binding, root) as reading:
            assert open_files(it.daemon.process, root) == [reading.path]
            it.reload(AT_TCP)
            assert not open_files(it.daemon.process, root)
            assert not it.maps("files.so")
            output, errors = reading.client.communicate(timeout=TIMEOUT)
            assert len(output) < 2999999, len(output)
            assert reading.client.returncode == 1, errors


def test_files_are_closed_when_the_daemon_stops():
    with Place() as place, Manager(place, False) as manager:
        root = os.path.join(place.path, "root")
        os.mkdir(root)
        with Daemon(place, "-m", FILES_SO, "-s",
                    "files.Root=" + root) as daemon:
            manager.expect("READY=1")
            with Reading(place, daemon.binding, root):
                daemon.process.send_signal(signal.SIGTERM)
                daemon.process.wait(TIMEOUT)


def test_files_with_names_that_are_no_text():
    with Place() as place:
        root = os.path.join(place.path, "root").encode()
        os.mkdir(root)
        name = b"\xff\x1b[2Jx"
        with open(root + b"/" + name, "wb") as file:
            file.write(b"odd")
        with Daemon(place, "-m", FILES_SO, "-s",
                    "files.Root=" + root.decode()) as daemon:
            got = subprocess.run(
                [FILES.encode(), daemon.binding.encode(), b"cat", name],
                env=place.environment, capture_output=True, check=True)
            assert got.stdout == b"odd", got
            got = subprocess.run(
                [FILES.encode(), daemon.binding.encode(), b"list", b""],
                env=place.environment, capture_output=True, check=True)
            assert got.stdout.endswith(b"  \xff?[2Jx\n"), got
            got = subprocess.run(
                [FILES.encode(), daemon.binding.encode(), b"cat",
                 name + b"y"], env=place.environment, capture_output=True,
                check=False)
            assert got.returncode == 1, got
            assert b"\x1b" not in got.stderr, got
            assert b"No such file or directory" in got.stderr, got


# ------------------------------------------------------------------ loop --

def test_a_loop_of_ones_own():
    with Place() as place:
        loop = subprocess.Popen([LOOP], env=place.environment, text=True,
                                stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE)
        try:
            binding = loop.stdout.readline().split()[1]
            result = place.run(CALCULATOR, binding, "divide", "85", "2")
            assert result.stdout == "42 remainder 1\n", result
            loop.stdin.write("\n")
            loop.stdin.flush()
            line = loop.stdout.readline()
            assert line == "1 calls so far, the last quotient was 42\n", line
            result = place.run(CALCULATOR, binding, "divide", "1", "0")
            assert "does not divide by 0" in result.stderr, result
            result = place.run(CALCULATOR, binding, "add", "1", "1")
            assert "not implemented" in result.stderr, result
            loop.stdin.close()
            assert loop.wait(TIMEOUT) == 0
        finally:
            loop.kill()
            loop.wait()
            loop.stdout.close()


# ------------------------------------------------------------------- run --

def main(tests, suite):
    passed = failed = 0
    for name, function in list(tests.items()):
        if not name.startswith("test_"):
            continue
        signal.alarm(4 * TIMEOUT)
        try:
            skipped = function() is SKIP
            passed += 1
            print("ok %s " % suite + name[5:] + (" # SKIP" if skipped else ""))
        except Exception:  # every way to fail is one
            failed += 1
            for line in traceback.format_exc().splitlines():
                print("# " + line)
            print("not ok %s " % suite + name[5:])
        signal.alarm(0)
        sys.stdout.flush()
    print("# %d passed, %d failed" % (passed, failed))
    sys.exit(1 if failed else 0)


def took_too_long(*_):
    raise AssertionError("the test took too long")


signal.signal(signal.SIGALRM, took_too_long)
if __name__ == "__main__":
    main(globals(), "daemon")
