#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""files_test.py STAGE EXAMPLES HOLD: Fetch, Store and Sync of the example
Files, with its client over every protocol sequence and by hand. As
daemon_test.py, whose means it has.
"""

import hashlib
import os
import resource
import signal
import stat
import subprocess
import sys

import daemon_test
from daemon_test import (BECKET, FILES, FILES_SO, TCP, TIMEOUT, Daemon, Place,
                         eventually, make_tree, open_files)
import dce

INTERFACE = ("0c6f2a94-5f0e-4b7e-9d55-3b1a6f4c8e21", 1, 2)
FETCH, STORE, SYNC = 7, 8, 9
DAMAGED, TRUNCATED = 1000002, 0x42000001
CANCEL, PROTOCOL_ERROR = 0x1C00000D, dce.PROTO_ERROR
SECOND = 1000000000


CONFIG = """\
[becketd]
Listen = ncacn_ip_tcp:127.0.0.1
[module files]
Path = %s
Root = %s
Writable = %s
"""


def serve(place, root, *more, listen=(TCP,), **rest):
    return Daemon(place, "-m", FILES_SO, "-s", "files.Root=" + root,
                  "-s", "files.Writable=yes", *more, listen=listen, **rest)


def make_root(place):
    root = os.path.join(place.path, "root")
    os.mkdir(root)
    return root


def doors(daemon):
    """Every way to the server: both doors at both listeners."""
    for binding in daemon.bindings:
        yield binding
        yield (binding.replace("ncacn_ip_tcp:", "grpc_ip_tcp:")
               .replace("ncalrpc:", "grpc_unix:"))


def run(place, binding, *arguments, status=0):
    result = place.run(FILES, binding, *arguments)
    assert result.returncode == status, (binding, arguments, result)
    return result


def write(path, data, changed=None):
    with open(path, "wb") as file:
        file.write(data)
    if changed is not None:
        os.utime(path, ns=(changed, changed))
    return path


def read(path):
    with open(path, "rb") as file:
        return file.read()


def pattern(size):
    return (hashlib.sha256(b"%d" % size).digest() *
            (size // 32 + 1))[:size]


# ------------------------------------------------------------ get and put --

def test_what_is_put_is_what_is_got():
    sizes = (0, 1, 131071, 131072, 5000001)
    with Place() as place:
        root = make_root(place)
        with serve(place, root, listen=(TCP, "ncalrpc:[files]")) as daemon:
            for n, binding in enumerate(doors(daemon)):
                for size in sizes:
                    name = "%d-%d" % (n, size)
                    here = write(os.path.join(place.path, "from"),
                                 pattern(size), 12 * SECOND + 345)
                    os.chmod(here, 0o640)
                    out = run(place, binding, "put", here, name).stdout
                    assert "the server's SHA-256 is the same" in out, out
                    there = os.path.join(root, name)
                    assert read(there) == pattern(size), name
                    about = os.stat(there)
                    assert about.st_mtime_ns == 12 * SECOND + 345, about
                    assert stat.S_IMODE(about.st_mode) == 0o640, about
                    to = os.path.join(place.path, "to")
                    out = run(place, binding, "get", name, to).stdout
                    assert "every SHA-256 agrees" in out, out
                    assert read(to) == pattern(size), name
                    os.unlink(to)
            assert sorted(os.listdir(root)) == sorted(
                "%d-%d" % (n, size) for n in range(4) for size in sizes)


def test_put_replaces_files_and_nothing_else():
    with Place() as place:
        root = make_tree(place)
        here = write(os.path.join(place.path, "from"), b"new")
        with serve(place, root) as daemon:
            run(place, daemon.binding, "put", here, "a.txt")
            assert read(root + "/a.txt") == b"new"
            for path in ("sub", "fifo", "socket", "inside", "escape", "",
                         "sub/", "."):
                why = run(place, daemon.binding, "put", here, path,
                          status=1).stderr
                assert "regular" in why or "directory" in why, (path, why)
            assert read(root + "/a.txt") == b"new"
            assert read(place.path + "/secret") == b"secret"
            assert os.path.islink(root + "/escape")
            why = run(place, daemon.binding, "put", here, "none/x",
                      status=1).stderr
            assert "No such file" in why, why


def test_nobody_writes_outside():
    for how in ("auto", "walk"):
        with Place() as place:
            root = make_tree(place)
            here = write(os.path.join(place.path, "from"), b"new")
            tree = os.path.join(place.path, "tree")
            os.mkdir(tree)
            write(tree + "/new", b"new")
            with serve(place, root, "-s",
                       "files.Resolve=" + how) as daemon:
                for path in ("../x", "sub/../../x", "up/x", "etc/x",
                             "magic/x", "/../x", "..", "sub/../x"):
                    run(place, daemon.binding, "put", here, path, status=1)
                    run(place, daemon.binding, "sync", tree, path, status=1)
            assert sorted(os.listdir(place.path)) == [
                "from", "log", "root", "secret", "tree"]
            assert not os.path.exists("/etc/x")


def test_who_may_not_write_is_told():
    with Place() as place:
        root = make_root(place)
        here = write(os.path.join(place.path, "from"), b"new")
        os.mkdir(place.path + "/tree")
        for more in ((), ("-s", "files.Writable=no")):
            with Daemon(place, "-m", FILES_SO, "-s", "files.Root=" + root,
                        *more) as daemon:
                for command in (("put", here, "x"),
                                ("sync", place.path + "/tree", "x")):
                    why = run(place, daemon.binding, *command,
                              status=1).stderr
                    assert "does not let anybody write" in why, why
        assert not os.listdir(root)
        place.config(CONFIG % (FILES_SO, root, "maybe"), 78,
                     "FILE:3: module files refuses its settings")
        place.config(CONFIG % (FILES_SO, root, "no"), 0)


def test_get_replaces_what_is_there_when_all_has_come():
    with Place() as place:
        root = make_root(place)
        to = write(os.path.join(place.path, "to"), b"old")
        with serve(place, root) as daemon:
            why = run(place, daemon.binding, "get", "none", to,
                      status=1).stderr
            assert "No such file" in why, why
            assert read(to) == b"old"
            write(root + "/new", b"new")
            run(place, daemon.binding, "get", "new", to)
            assert read(to) == b"new"
            os.mkdir(place.path + "/directory")
            run(place, daemon.binding, "get", "new",
                place.path + "/directory", status=1)
        assert sorted(os.listdir(place.path)) == [
            "directory", "log", "root", "to"]


def test_progress_is_shown_where_it_is_wanted():
    with Place() as place:
        root = make_root(place)
        here = write(os.path.join(place.path, "from"), pattern(1000000))
        with serve(place, root) as daemon:
            shown = run(place, daemon.binding, "put", "-p", here, "x").stderr
            assert shown.startswith("[" + 30 * "#" + "] 100%"), shown
            assert "1.0 MB " in shown and "MB/s\n" in shown, shown
            shown = run(place, daemon.binding, "get", "-p", "x", here).stderr
            assert shown.startswith("[" + 30 * "#" + "] 100%"), shown
            assert run(place, daemon.binding, "get", "x", here).stderr == ""


# ---------------------------------------------------------- Store, by hand --

def varint(n):
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def item(message):
    return varint(len(message) + 1) + message


def entry(path, size=0):
    return item(field(1, field(1, path) + field(3, size)))


def data(piece):
    return item(field(2, piece))


def digest(value):
    return item(field(3, value))


HEAD = b"\x02"


class Stream:
    """A call with a stream, by hand."""

    def __init__(self, daemon, opnum):
        self.peer = dce.Peer(daemon.address)
        self.peer.bind(INTERFACE)
        self.opnum = opnum
        self.begun = False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.peer.socket.close()

    def send(self, stub, last=False):
        flags = (0 if self.begun else dce.FIRST) | (dce.LAST if last else 0)
        self.begun = True
        self.peer.send(dce.request(self.opnum, stub, flags=flags, call=2,
                                   hint=0))

    def fault(self):
        """What it failed with; what came before is left out."""
        while True:
            answer = self.peer.receive()
            assert answer is not None, "end of the stream"
            if answer.kind == dce.FAULT:
                return answer.status


def nothing_is_left(daemon, root, names=()):
    eventually(lambda: not open_files(daemon.process, root))
    assert sorted(os.listdir(root)) == sorted(names), os.listdir(root)


def begin_upload(daemon, root):
    stream = Stream(daemon, STORE)
    stream.send(HEAD + entry(b"file"))
    stream.send(data(b"half of it"))
    eventually(lambda: open_files(daemon.process, root))
    return stream


def test_an_upload_is_not_seen_before_its_end():
    with Place() as place:
        root = make_root(place)
        with serve(place, root) as daemon:
            with begin_upload(daemon, root) as stream:
                assert os.listdir(root) == []
                write(root + "/file", b"old")
                stream.send(data(b", and the rest"))
                stream.send(b"", last=True)
                answer = stream.peer.reply()
                sha = hashlib.sha256(b"half of it, and the rest").digest()
                assert answer == HEAD + item(
                    field(1, 24) + field(2, sha)), answer
                assert read(root + "/file") == b"half of it, and the rest"
            nothing_is_left(daemon, root, ["file"])


def test_of_an_upload_that_ends_otherwise_nothing_is_left():
    sha = hashlib.sha256(b"another").digest()
    big = b"x" * 300

    def gone(stream):
        stream.peer.socket.close()

    def cancelled(stream):
        stream.peer.send(dce.pdu(dce.CO_CANCEL, call=2))
        assert stream.fault() == CANCEL

    def orphaned(stream):
        stream.peer.send(dce.pdu(dce.ORPHANED, call=2))

    def half_closed(stream):
        stream.peer.socket.shutdown(1)
        stream.peer.receive()

    def refused(*stubs, status=(PROTOCOL_ERROR,), last=True):
        def end(stream):
            for stub in stubs[:-1]:
                stream.send(stub)
            stream.send(stubs[-1], last=last)
            found = stream.fault()
            assert found in status, (stubs, hex(found))
        return end

    ends = [gone, cancelled, orphaned, half_closed,
            refused(digest(sha), status=(DAMAGED,)),
            refused(digest(sha), digest(sha)),
            refused(digest(sha), data(b"more")),
            refused(digest(b"short"), last=False),
            refused(entry(b"again"), last=False),
            refused(item(b""), last=False),
            refused(item(field(9, 1)), last=False),
            # within a message; and no message
            refused(data(big)[:100]),
            refused(item(b"\x0a"), status=(dce.BAD_STUB_DATA, TRUNCATED),
                    last=False)]
    with Place() as place:
        root = make_root(place)
        with serve(place, root) as daemon:
            for end in ends:
                with begin_upload(daemon, root) as stream:
                    end(stream)
                    nothing_is_left(daemon, root)
            here = write(os.path.join(place.path, "from"), b"new")
            run(place, daemon.binding, "put", here, "file")
            nothing_is_left(daemon, root, ["file"])


def test_of_an_upload_that_lies_about_its_size_nothing_is_left():
    with Place() as place:
        root = make_root(place)
        with serve(place, root) as daemon:
            for size, last in ((5, False), (11, True)):
                with Stream(daemon, STORE) as stream:
                    stream.send(HEAD + entry(b"file", size))
                    stream.send(data(b"half of it"), last=last)
                    assert stream.fault() == DAMAGED
                nothing_is_left(daemon, root)


def test_of_an_upload_as_the_daemon_stops_nothing_is_left():
    with Place() as place:
        root = make_root(place)
        with serve(place, root) as daemon:
            with begin_upload(daemon, root) as stream:
                daemon.process.send_signal(signal.SIGTERM)
                # a stream that the client ends is still finished
                stream.send(b"", last=True)
                assert stream.peer.reply()[:1] == HEAD
                daemon.process.wait(TIMEOUT)
        assert os.listdir(root) == ["file"]


def test_of_an_upload_that_does_not_fit_nothing_is_left():
    def small():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000000, 1000000))

    with Place() as place:
        root = make_root(place)
        here = write(os.path.join(place.path, "from"), pattern(9000000))
        with serve(place, root, prepare=small) as daemon:
            for binding in doors(daemon):
                why = run(place, binding, "put", here, "x", status=1).stderr
                assert "File too large" in why, why
                nothing_is_left(daemon, root)


def test_a_reader_that_does_not_read_holds_one_file_and_no_memory():
    with Place() as place:
        root = make_root(place)
        with open(root + "/big", "wb") as file:
            file.truncate(1 << 30)
        with serve(place, root) as daemon:
            with Stream(daemon, FETCH) as stream:
                stream.send(HEAD + item(field(1, b"big")), last=True)
                assert stream.peer.receive().kind == dce.RESPONSE
                assert open_files(daemon.process, root) == [root + "/big"]
                with open("/proc/%d/status" % daemon.process.pid,
                          encoding="ascii") as status:
                    rss = [int(line.split()[1]) for line in status
                           if line.startswith("VmRSS:")]
                assert rss[0] < 50000, rss
                out = run(place, daemon.binding, "list", "").stdout
                assert "big" in out
            nothing_is_left(daemon, root, ["big"])


def test_a_client_that_dies_lets_a_file_go():
    with Place() as place:
        root = make_root(place)
        with open(root + "/big", "wb") as file:
            file.truncate(1 << 32)
        with serve(place, root, listen=(TCP, "ncalrpc:[files]")) as daemon:
            for binding in doors(daemon):
                to = os.path.join(place.path, "to")
                with subprocess.Popen([FILES, binding, "get", "big", to],
                                      env=place.environment) as client:
                    eventually(lambda: open_files(daemon.process, root))
                    client.send_signal(signal.SIGSTOP)
                    client.kill()
                nothing_is_left(daemon, root, ["big"])
                assert not os.path.exists(to)


# -------------------------------------------------------------------- sync --

def grow(root, files):
    """files: path -> (contents, when it was changed)"""
    for path, (contents, changed) in files.items():
        where = os.path.join(root, path)
        os.makedirs(os.path.dirname(where), exist_ok=True)
        write(where, contents, changed)


def shape(root):
    found = {}
    for directory, _, names in os.walk(root):
        for name in names:
            path = os.path.join(directory, name)
            if not os.path.islink(path):
                found[os.path.relpath(path, root)] = (
                    read(path), os.stat(path).st_mtime_ns)
    return found


def counts(result):
    words = result.stdout.split()
    return int(words[0]), int(words[3])


OURS = {"both/same": (b"same", 5), "both/old": (b"old", 1),
        "both/new": (b"NEW!", 9), "ours/deep/er/x": (b"x" * 300000, 3),
        "empty": (b"", 7)}
THEIRS = {"both/same": (b"same", 5), "both/old": (b"newer", 2),
          "both/new": (b"old", 8), "theirs/y": (b"y" * 400000, 4),
          "theirs/z/z": (b"z", 4)}
TOGETHER = {**OURS, **THEIRS, "both/new": (b"NEW!", 9)}


def test_sync_gives_each_what_the_other_has():
    with Place() as place:
        root = make_root(place)
        with serve(place, root, listen=(TCP, "ncalrpc:[files]")) as daemon:
            for n, binding in enumerate(doors(daemon)):
                here = os.path.join(place.path, "here%d" % n)
                there = os.path.join(root, "there%d" % n)
                grow(here, OURS)
                grow(there, THEIRS)
                os.mkdir(here + "/empty.d")
                os.mkdir(there + "/bare.d")
                result = run(place, binding, "sync", here, "there%d" % n)
                assert counts(result) == (3, 3), result
                assert shape(here) == TOGETHER, shape(here)
                assert shape(there) == TOGETHER, shape(there)
                assert os.path.isdir(there + "/empty.d")
                assert os.path.isdir(here + "/bare.d")
                result = run(place, binding, "sync", here, "there%d" % n)
                assert counts(result) == (0, 0), result


def test_sync_begins_with_nothing_at_either_end():
    with Place() as place:
        root = make_root(place)
        here = os.path.join(place.path, "here")
        grow(here, OURS)
        with serve(place, root) as daemon:
            run(place, daemon.binding, "sync", here, "new/")
            assert shape(root + "/new") == OURS
            run(place, daemon.binding, "sync", here + "2", "new")
            assert shape(here + "2") == OURS
            run(place, daemon.binding, "sync", here, "none/new", status=1)


def test_sync_compares_contents_when_asked():
    with Place() as place:
        root = make_root(place)
        here = os.path.join(place.path, "here")
        grow(here, {"a": (b"same", 1), "b": (b"this", 2)})
        grow(root, {"a": (b"same", 2), "b": (b"that", 1)})
        with serve(place, root) as daemon:
            result = run(place, daemon.binding, "sync", "-c", here, "")
            assert counts(result) == (1, 0), result
            assert shape(root)["a"] == (b"same", 2)
            assert shape(here)["a"] == (b"same", 1)
            assert shape(root)["b"] == (b"this", 2)


def test_sync_leaves_what_it_cannot_decide():
    with Place() as place:
        root = make_root(place)
        here = os.path.join(place.path, "here")
        grow(here, {"tie": (b"ours", 5), "thing": (b"a file", 5),
                    "link": (b"a file", 5), "dir/x": (b"x", 5),
                    "fine": (b"fine", 5)})
        grow(root, {"tie": (b"theirs", 5), "thing/x": (b"in a dir", 5),
                    "dir": (b"a file", 5)})
        write(place.path + "/secret", b"secret", 4 * SECOND)
        os.symlink("../secret", root + "/link")
        os.symlink("../secret", here + "/only")
        with serve(place, root) as daemon:
            result = run(place, daemon.binding, "sync", here, "")
            assert counts(result) == (1, 0), result
            for name in ("tie", "thing", "link", "dir"):
                assert "files: %s: " % name in result.stderr, result
            assert "left as they are" in result.stdout, result
        assert read(root + "/fine") == b"fine"
        assert read(root + "/tie") == b"theirs" and read(
            here + "/tie") == b"ours"
        assert read(place.path + "/secret") == b"secret"
        assert os.path.islink(root + "/link")
        assert sorted(os.listdir(root)) == ["dir", "fine", "link", "thing",
                                            "tie"]


def sync_message(number, value):
    return item(field(number, value))


BEGIN, DIRECTORY, ENTRY, WANT, A_FILE, DATA, END, NOTE, TURN = range(1, 10)
TURN_OVER = sync_message(TURN, 1)


def test_sync_refuses_what_is_out_of_turn():
    def an_entry(name):
        return sync_message(ENTRY, field(1, field(1, name) + field(2, 1)))

    start = HEAD + sync_message(BEGIN, b"") + sync_message(DIRECTORY, b"")
    wrong = [HEAD + TURN_OVER, HEAD + sync_message(DIRECTORY, b""),
             HEAD + sync_message(BEGIN, b"") + TURN_OVER,
             HEAD + sync_message(BEGIN, b"a\0b"),
             start + an_entry(b".."), start + an_entry(b"a/b"),
             start + an_entry(b""), start + an_entry(b"\0"),
             start + an_entry(b"b") + an_entry(b"a"),
             start + an_entry(b"a") + an_entry(b"a"),
             start + sync_message(ENTRY, b""),
             start + sync_message(WANT, b"x"),
             start + an_entry(b"a") + TURN_OVER +
             sync_message(A_FILE, field(1, b"b")),
             start + an_entry(b"a") + TURN_OVER +
             sync_message(A_FILE, field(1, b"../a")),
             start + an_entry(b"a") + TURN_OVER +
             sync_message(A_FILE, field(1, b"a")) + TURN_OVER,
             start + an_entry(b"a") + TURN_OVER + sync_message(WANT, b"a")]
    with Place() as place:
        root = make_root(place)
        with serve(place, root) as daemon:
            for stub in wrong:
                with Stream(daemon, SYNC) as stream:
                    stream.send(stub)
                    status = stream.fault()
                    assert status in (PROTOCOL_ERROR, 87), (stub, hex(status))
                nothing_is_left(daemon, root)


def test_a_sync_that_is_cut_off_leaves_nothing_half():
    with Place() as place:
        root = make_root(place)
        with serve(place, root) as daemon:
            with Stream(daemon, SYNC) as stream:
                stream.send(HEAD + sync_message(BEGIN, b"") +
                            sync_message(DIRECTORY, b"") +
                            sync_message(ENTRY, field(1, field(1, b"a") +
                                                      field(2, 1))) +
                            TURN_OVER)
                assert stream.peer.receive().kind == dce.RESPONSE
                stream.send(sync_message(A_FILE, field(1, b"a")) +
                            sync_message(DATA, b"half"))
                eventually(lambda: len(open_files(daemon.process, root)) > 0)
            nothing_is_left(daemon, root)


def test_the_tool_still_talks_to_it():
    with Place() as place:
        root = make_root(place)
        with serve(place, root) as daemon:
            result = place.run(BECKET, "ifs", daemon.binding)
            assert INTERFACE[0] in result.stdout, result


if __name__ == "__main__":
    daemon_test.main(globals(), "files")
    sys.exit(0)
