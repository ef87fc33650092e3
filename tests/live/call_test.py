#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""call_test.py STAGE EXAMPLES: `becket call`, `list` and `describe`.

STAGE is an installed tree, EXAMPLES the built examples. Over both doors of a
becketd, and against a server of gRPC that is not ours (grpcio). A test is a
function test_*; TAP on stdout. Nothing sleeps.
"""

import base64
import concurrent.futures
import contextlib
import difflib
import glob
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import traceback

import grpc
from google.protobuf import (any_pb2, descriptor_pb2, descriptor_pool,
                             json_format, message_factory)

STAGE, EXAMPLES = (os.path.abspath(a) for a in sys.argv[1:3])
HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.normpath(HERE + "/../..")
BECKET = STAGE + "/bin/becket"
CALC = ROOT + "/examples/calculator/calc.proto"
FILES = ROOT + "/examples/files/files.proto"
ECHO = HERE + "/call/echo.proto"
TIMEOUT = 30


class Place:
    """A directory for one test, and its environment."""

    def __enter__(self):
        self.path = tempfile.mkdtemp(prefix="becket-")
        self.environment = dict(os.environ, BECKET_NCALRPC_DIR=self.path,
                                LC_ALL="C")
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path)

    def file(self, name, content):
        path = os.path.join(self.path, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content)
        return path

    def run(self, *arguments, stdin=None, cwd=None):
        given = {"stdin": subprocess.DEVNULL} if stdin is None else \
            {"input": stdin}
        return subprocess.run([BECKET, *arguments], env=self.environment,
                              text=True, capture_output=True, cwd=cwd,
                              timeout=TIMEOUT, check=False, **given)

    def json(self, *arguments, **rest):
        """The one value that it writes."""
        result = self.run(*arguments, **rest)
        assert result.returncode == 0 and result.stderr == "", result
        return json.loads(result.stdout)

    def fails(self, status, sentence, *arguments, **rest):
        result = self.run(*arguments, **rest)
        assert result.returncode == status, result
        assert sentence in result.stderr, result
        assert result.stdout == "", result


@contextlib.contextmanager
def daemon(place):
    """A becketd with both examples; yields its places by protseq."""
    root = os.path.join(place.path, "root")
    os.mkdir(root)
    place.file("root/a", b"hello\n")
    config = place.file("conf", (
        "[module calculator]\nPath = %s/calculator/calculator.so\n"
        "[module files]\nPath = %s/files/files.so\nRoot = %s\n"
        "Writable = yes\n" % (
            EXAMPLES, EXAMPLES, root)).encode())
    process = subprocess.Popen(
        [STAGE + "/sbin/becketd", "-c", config, "-l",
         "ncacn_ip_tcp:127.0.0.1", "-l", "ncalrpc:[calls]"],
        env=place.environment, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        bindings = {}
        for line in process.stdout:
            if line == "ready\n":
                break
            binding = line.split()[1]
            bindings[binding.split(":")[0]] = binding
        tcp = bindings["ncacn_ip_tcp"]
        bindings["grpc_ip_tcp"] = tcp.replace("ncacn", "grpc")
        bindings["grpc_unix"] = "grpc_unix:[calls]"
        yield bindings
    finally:
        process.terminate()
        process.wait(TIMEOUT)
        process.stdout.close()


# ----------------------------------------------------------- both doors --

def test_a_call_through_every_door():
    with Place() as place, daemon(place) as doors:
        assert len(doors) == 4, doors
        for binding in doors.values():
            answer = place.json("call", binding, "calc.Calculator.Divide",
                                '{"dividend": -7, "divisor": "2"}',
                                "-proto", CALC)
            assert answer == {"quotient": "-3", "remainder": "-1"}, answer


def test_requests_come_as_argument_flag_or_input():
    with Place() as place, daemon(place) as doors:
        begin = ("call", "-proto", CALC, "-plaintext", doors["grpc_ip_tcp"],
                 "calc.Calculator/Sum")
        terms = '{"terms": [1, 2, 3]}'
        for rest, given in (((terms,), None), (("-d", terms), None),
                            (("-",), terms), (("-d", "@"), terms),
                            (("--data=-",), terms + "\n\n")):
            assert place.json(*begin, *rest, stdin=given) == {"sum": "6"}
        # none at all is the empty message
        assert place.json(*begin) == {}
        assert place.json("-emit-defaults", *begin) == {"sum": "0"}
        place.fails(2, "the request is given twice", *begin, "-d", "{}", "{}")
        place.fails(2, "here is another", *begin, "{} {}")
        place.fails(2, "here is another", "call", doors["grpc_ip_tcp"],
                    "Files.Fetch", '{"path": "YQ=="} {}')


def test_input_and_output_that_fail_are_told():
    def run(redirection, *arguments):
        return subprocess.run(
            ["sh", "-c", 'exec "$@" ' + redirection, "sh", BECKET,
             *arguments], env=place.environment, capture_output=True,
            timeout=TIMEOUT, text=True, check=False)

    with Place() as place, daemon(place) as doors:
        for door in ("ncacn_ip_tcp", "grpc_ip_tcp"):
            begin = ("call", doors[door])
            for operation in ("Add", "Sum", "Files.Fetch", "Files.Sync"):
                for wrong in ("<&-", "</"):
                    result = run(wrong, *begin, operation, "-")
                    assert result.returncode == 2, (operation, result)
                    assert "the requests cannot be read: " in result.stderr
            for wrong in (">&-", ">/dev/full"):
                for arguments in ((*begin, "Add", "{}"),
                                  ("list", doors[door]),
                                  (*begin, "Health.Watch", "{}")):
                    result = run(wrong, *arguments)
                    assert result.returncode == 1, result
                    assert "the output could not be written" in result.stderr
            result = run("2>&-", *begin, "Add", '{"a": 1}')
            assert json.loads(result.stdout) == {"sum": "1"}, result


def test_how_large_a_request_may_be_is_the_servers_affair():
    text = json.dumps({"text": 4200000 * "x"})
    with Place() as place, grpc_server() as port:
        place.fails(64 + 8, "larger than max", "call", "-proto", ECHO,
                    "127.0.0.1:%d" % port, "One", "-", stdin=text)
    with Place() as place, daemon(place) as doors:
        text = '{"terms":[' + 420000 * "-1," + "-1]}"
        for door, status, sentence in (
                ("ncalrpc", 64 + 7, "has 4200015 bytes, which may be more"),
                ("grpc_unix", 64 + 8, "larger than the limit")):
            place.fails(status, sentence, "call", doors[door],
                        "Calculator.Sum", "-", stdin=text)


def test_names_may_be_short_if_they_are_clear():
    with Place() as place, daemon(place) as doors:
        for name in ("calc.Calculator.Add", ".calc.Calculator.Add",
                     "/calc.Calculator/Add", "Calculator.Add", "Add"):
            assert place.json("call", doors["ncalrpc"], name,
                              '{"a": 1, "b": 2}', "--proto=" + CALC) == \
                {"sum": "3"}
        for name in ("Calculator.Subtract", "calc.Calculator/Subtract"):
            place.fails(2, "there is no Subtract in calc.Calculator; it has "
                        "Divide, Add, Sum\n", "call", doors["ncalrpc"], name,
                        "--proto", CALC)
        for name in ("Subtract", "Calc.Add", "calc.AddRequest.c"):
            place.fails(2, "there is no %s\n" % name, "call",
                        doors["ncalrpc"], name, "--proto", CALC)
        place.fails(2, "calc is a package", "describe", doors["ncalrpc"],
                    "calc")
        place.fails(2, "calc.Calculator is no operation", "call",
                    doors["ncalrpc"], "Calculator", "--proto", CALC)


def test_hosts_with_ports_are_gRPC():
    with Place() as place, daemon(place) as doors:
        port = doors["grpc_ip_tcp"].split("[")[1].rstrip("]")
        for where in ("127.0.0.1:" + port, "localhost:" + port,
                      "dns:///localhost:" + port, "http://127.0.0.1:" + port):
            assert place.json("call", "-plaintext", "-proto", CALC, "-d",
                              '{"a": 1}', "-format", "json", "-max-msg-sz",
                              "1000", "-use-reflection=true", "-max-time", "10",
                              "-connect-timeout", "10", where,
                              "calc.Calculator/Add") == {"sum": "1"}
        for where in ("unix:%s/calls", "unix://%s/calls"):
            assert place.json("call", where % place.path,
                              "calc.Calculator/Add", '{"a": 1}') == {
                                  "sum": "1"}
        place.fails(64 + 8, "", "call", "127.0.0.1:" + port, "Files/Read",
                    '{"path": "YQ==", "size": 5}', "-max-msg-sz", "3",
                    "-proto", FILES)
        for wrong in ("localhost", "localhost:", "https://localhost:" + port,
                      port, ""):
            place.fails(2, "a server is HOST:PORT, unix:PATH or a string "
                        "binding", "call", wrong, "Add")
        for wrong in ("-plaintext=false", "-format=text",
                      "-use-reflection=x", "-max-msg-sz=0"):
            place.fails(2, "--help", "list", wrong, "127.0.0.1:" + port)


def test_types_of_a_set_of_descriptors():
    with Place() as place, daemon(place) as doors:
        path = place.path + "/calc.set"
        subprocess.run(["protoc", "--include_imports",
                        "--descriptor_set_out=" + path,
                        "-I", STAGE + "/include",
                        "-I", os.path.dirname(CALC), CALC], check=True)
        assert place.json("call", "-protoset", path, doors["ncacn_ip_tcp"],
                          "Add", '{"a": 9}') == {"sum": "9"}
        result = place.run("describe", doors["ncalrpc"], "calc.AddRequest",
                           "-protoset-out", path)
        assert result.returncode == 0 and "int64 b = 2;" in result.stdout
        assert place.json("call", "-protoset", path, doors["ncacn_ip_tcp"],
                          "Add", '{"b": 9}') == {"sum": "9"}
        place.fails(2, "cannot read", "list", "-protoset", path + "x")
        place.fails(2, "descriptor", "list", "-protoset", CALC)


def test_failures_have_their_code_and_sentence():
    with Place() as place, daemon(place) as doors:
        for door in ("ncacn_ip_tcp", "grpc_ip_tcp"):
            begin = ("call", "-proto", CALC, doors[door])
            place.fails(64 + 3, "1 cannot be divided by zero", *begin,
                        "Divide", '{"dividend": 1}')
            place.fails(64 + 2, "executed", *begin, "Add",
                        '{"a": "9223372036854775807", "b": 1}')
            result = place.run("-j", *begin, "Divide", '{"dividend": 1}')
            assert result.returncode == 64 + 3, result
            assert json.loads(result.stdout)["status"] == "S_ZERO_DIVIDE"
        place.fails(64 + 14, "cannot be reached", "call", "-proto", CALC,
                    "ncalrpc:[nobody]", "Add")
        place.fails(64 + 12, "", "call", "-proto", ECHO,
                    doors["grpc_ip_tcp"], "One")
        place.fails(64 + 12, "", "call", "-proto", ECHO,
                    doors["ncacn_ip_tcp"], "One")


def test_a_deadline_that_passes():
    with Place() as place, grpc_server() as port:
        place.fails(64 + 4, "", "-t", "0.2", "call", "-proto", ECHO,
                    "127.0.0.1:%d" % port, "One", '{"text": "wait"}')


def test_a_deadline_that_passes_while_the_server_is_asked():
    with Place() as place, socket.create_server(("127.0.0.1", 0)) as silent:
        for where in ("grpc_ip_tcp:127.0.0.1[%d]", "ncacn_ip_tcp:127.0.0.1[%d]"):
            place.fails(64 + 4, "", "-t", "0.2", "list",
                        where % silent.getsockname()[1])


def test_files_by_their_bytes():
    with Place() as place, daemon(place) as doors:
        for door in ("ncalrpc", "grpc_unix"):
            begin = ("call", "-proto", FILES, doors[door])
            path = base64.b64encode(b"a").decode()
            answer = place.json(*begin, "Files.Stat",
                                json.dumps({"path": path}))
            assert answer["entry"]["type"] == "REGULAR", answer
            assert answer["entry"]["size"] == "6", answer
            answer = place.json(*begin, "Files.Read",
                                json.dumps({"path": path, "size": 99}))
            assert base64.b64decode(answer["data"]) == b"hello\n"


def test_context_handles_of_a_session_that_a_shell_holds():
    path = base64.b64encode(b"a").decode()
    with Place() as place, daemon(place) as doors:
        for door in ("grpc_ip_tcp", "grpc_unix"):
            binding = doors[door]
            with subprocess.Popen(
                    [BECKET, "call", binding, "becket.v1.Session.Hold", "{}"],
                    env=place.environment, stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                    text=True) as held:
                name = json.loads(held.stdout.readline())["id"]
                begin = ("-H", "becket-session: " + name, "call", binding)
                file = place.json(*begin, "files.Files.Open",
                                  json.dumps({"path": path}))["file"]
                piece = json.dumps({"file": file, "size": 99})
                answer = place.json(*begin, "files.Files.ReadAt", piece)
                assert base64.b64decode(answer["data"]) == b"hello\n"
                place.fails(64 + 9, "session", "call", binding,
                            "files.Files.ReadAt", piece)
                held.terminate()
            result = place.run(*begin, "files.Files.ReadAt", piece)
            while result.returncode == 0:  # the server is about to notice
                result = place.run(*begin, "files.Files.ReadAt", piece)
            assert result.returncode == 64 + 9, result


# ----------------------------------------------------------------- JSON --

def test_complaints_say_where():
    with Place() as place:
        begin = ("call", "-proto", FILES, "ncalrpc:[nobody]")
        for operation, text, sentence in (
                ("Stat", '{"path":', "line 1, column 8: "),
                ("Stat", '{"path": "%"}', "line 1, column 2: "
                 "files.StatRequest.path takes bytes in base64"),
                ("Stat", '\n {\n  "pfad": ""}', "line 3, column 3: "
                 'files.StatRequest has no field "pfad"'),
                ("Read", '{"size": 4294967296}', "column 2: "
                 "files.ReadRequest.size takes a uint32"),
                ("Read", '{"size": 1, "size": 1}', "duplicate object key"),
                ("Read", '{"size": null, "offset": -1}', "column 16: "
                 "files.ReadRequest.offset takes a uint64"),
                ("Read", "[]", "column 1: files.ReadRequest takes an object"),
        ):
            place.fails(2, "becket: " if sentence[0] == "d" else sentence,
                        *begin, "Files." + operation, text)
        place.fails(78, "", *begin, "Stat", '{"pfad": [{"x": []}]}',
                    "--allow-unknown-fields")


def test_messages_of_everything_come_back():
    pool, texts = schema("tests/fuzz/known.proto")
    message = message_factory.MessageFactory(pool).GetPrototype(
        pool.FindMessageTypeByName("known.Known"))()
    json_format.Parse(texts, message, descriptor_pool=pool)

    def same(request, _):
        assert message.FromString(request) == message
        return request

    with Place() as place, grpc_server(
            {"/known.Same/Same": ("one", same)}) as port:
        path = place.file("known_service.proto", b"""
            syntax = "proto3"; package known; import "known.proto";
            service Same { rpc Same(Known) returns (Known); }""")
        answer = place.run("call", "127.0.0.1:%d" % port, "Same.Same", texts,
                           "-proto", os.path.basename(path), "-import-path",
                           place.path, "-import-path", ROOT + "/tests/fuzz")
        assert answer.returncode == 0, answer
        again = json_format.Parse(answer.stdout, type(message)(),
                                  descriptor_pool=pool)
        assert again == message


def test_groups_are_objects():
    _, message = messages("odd.proto", HERE + "/call", STAGE + "/include")
    odd = message("Odd")
    text = '{"id": 1, "inner": {"depth": 2, "innermost": {"here": true}}}'
    request = json_format.Parse(text, odd())

    def both(requests, _):
        for one in requests:
            assert odd.FromString(one) == request
            yield any_pb2.Any(type_url="x/tests.odd.Odd",
                              value=one).SerializeToString()

    with Place() as place, grpc_server(
            {"/tests.odd.Oddities/Both": ("each", both)}) as port:
        answer = place.json("call", "127.0.0.1:%d" % port, "Both", text,
                            "-proto", HERE + "/call/odd.proto")
        assert answer.pop("@type") == "x/tests.odd.Odd"
        assert json_format.ParseDict(answer, odd()) == request


def schema(path):
    """A .proto in a pool of its own, and a message of known.Known as JSON."""
    with tempfile.NamedTemporaryFile() as out:
        subprocess.run(["protoc", "--include_imports", "-I",
                        ROOT + "/" + os.path.dirname(path),
                        "--descriptor_set_out=" + out.name,
                        os.path.basename(path)], check=True)
        files = descriptor_pb2.FileDescriptorSet.FromString(out.read())
    pool = descriptor_pool.DescriptorPool()
    for file in files.file:
        pool.Add(file)
    return pool, """{
        "any": {"@type": "type.googleapis.com/known.Known",
                "time": "2026-11-20T14:00:00.5Z", "optionalInt32": 0},
        "anies": [{"@type": "type.googleapis.com/google.protobuf.Duration",
                   "value": "-1.5s"}],
        "mask": "a,bC.d", "object": {"x": [1, null, {"y": "z"}], "b": true},
        "value": [], "list": [[]], "uint64": "18446744073709551615",
        "float": 0.1, "bytes": "AP8=", "bool": false, "string": "\\u00e4",
        "valueMap": {"k": 1.5}, "spanMap": {"true": "0.000000001s"},
        "stringMap": {"-1": ""}, "choiceNull": null, "@other": 5,
        "optionalString": "", "empty": {}, "known": {"known": {}}}"""


# ------------------------------------------------------ list, describe --

def test_lists_of_files():
    with Place() as place:
        result = place.run("list", "-proto", CALC, "-proto", FILES)
        assert result.stdout == "calc.Calculator\nfiles.Files\n", result
        result = place.run("list", "-proto", CALC, "Calculator")
        assert result.stdout.splitlines() == [
            "calc.Calculator." + name for name in ("Divide", "Add", "Sum")]
        assert place.json("-j", "list", "-proto", CALC) == {
            "services": ["calc.Calculator"]}
        place.fails(2, "a string binding is missing", "list")
        place.fails(2, "nor may the server be asked", "list",
                    "ncalrpc:[nobody]", "-use-reflection=false")
        place.fails(2, "there is no Nobody", "list", "-proto", CALC, "Nobody")


def test_descriptions_are_as_people_write():
    with Place() as place:
        result = place.run("describe", "-proto", CALC, "Calculator.Divide")
        assert result.stdout == """\
// calc.Calculator.Divide, in calc.proto
rpc Divide(DivideRequest) returns (DivideResponse) {
  option (becket.operation) = { opnum: 0 parameters: true };
}

// calc.DivideRequest, in calc.proto
message DivideRequest {
  int64 dividend = 1;
  int64 divisor = 2;
}

// calc.DivideResponse, in calc.proto
message DivideResponse {
  int64 quotient = 1;
  int64 remainder = 2;
}
""", result
        result = place.run("describe", "-proto", CALC)
        assert result.stdout.startswith("""\
// calc.Calculator, in calc.proto
service Calculator {
  option (becket.interface) = {
    uuid: "5d9c1ea3-9a4b-4c0e-9f38-c2a74ab2d1e6"
    version: "1.0"
    endpoint: "ncacn_ip_tcp:[4747]"
  };

  rpc Divide"""), result
        assert place.json("describe", "-proto", FILES, "-msg-template",
                          "Files.List") == {"path": "", "after": ""}


def compiled(name, *includes):
    """What protoc makes of a file, without what it imports."""
    with tempfile.NamedTemporaryFile() as out:
        flags = [flag for i in includes for flag in ("-I", i)]
        if subprocess.run(["protoc", *flags, "--descriptor_set_out=" +
                           out.name, name], check=False,
                          stderr=subprocess.DEVNULL).returncode != 0:
            return None
        files = descriptor_pb2.FileDescriptorSet.FromString(out.read())
    # protoc, as against python, joins an option that was set in pieces
    return subprocess.run(
        ["protoc", *flags, "--decode=google.protobuf.FileDescriptorProto",
         "becket/options.proto", "protobuf-c/protobuf-c.proto",
         *([name] if "odd" in name else [])],  # it has options of its own
        input=tidy(files.file[0]).SerializeToString(), check=True,
        capture_output=True).stdout.decode("latin-1")


def tidy(message):
    """No options are as good as empty; entries and groups have no place."""
    for field, value in message.ListFields():
        if field.type != field.TYPE_MESSAGE:
            continue
        if field.name == "options" and value.ByteSize() == 0:
            message.ClearField("options")
        elif field.label == field.LABEL_REPEATED:
            if field.name in ("nested_type", "message_type"):
                value.sort(key=lambda one: one.name)
            for one in value:
                tidy(one)
        else:
            tidy(value)
    return message


def test_described_files_mean_the_same():
    includes = [STAGE + "/include", "/usr/include",
                "/usr/share/grpc-proto", ROOT + "/tests",
                ROOT + "/examples"]
    names = [path[len(top) + 1:] for top in includes[1:]
             for path in glob.glob(top + "/**/*.proto", recursive=True)
             if top != "/usr/include" or "/google/protobuf/" in path
             if "/golden/errors/" not in path]
    names.append("becket/options.proto")
    known = 0
    with Place() as place:
        for name in names:
            before = compiled(name, *includes)
            if before is None:
                continue  # it imports what is not here
            known += 1
            result = place.run(
                "describe", "-proto", name, name,
                *[flag for i in includes for flag in ("-import-path", i)])
            assert result.returncode == 0, (name, result)
            place.file(name, result.stdout.encode())
            after = compiled(name, place.path, *includes)
            assert before == after, name + "\n" + "\n".join(
                difflib.unified_diff(before.splitlines(),
                                     (after or "").splitlines(), lineterm=""))
    assert known > 30, known


# -------------------------------------------------------------- streams --

@contextlib.contextmanager
def grpc_server(more=None):
    """grpcio with tests.echo.Echo; yields its port."""
    pool = descriptor_pool.DescriptorPool()
    with tempfile.NamedTemporaryFile() as out:
        subprocess.run(["protoc", "--include_imports", "-I",
                        os.path.dirname(ECHO), "--descriptor_set_out=" +
                        out.name, ECHO], check=True)
        files = descriptor_pb2.FileDescriptorSet.FromString(out.read())
    for file in files.file:
        pool.Add(file)
    text = message_factory.MessageFactory(pool).GetPrototype(
        pool.FindMessageTypeByName("tests.echo.Text"))

    def check(message, context):
        metadata = dict(context.invocation_metadata())
        context.send_initial_metadata(
            [("x-first", metadata.get("x-asked", "nothing"))])
        context.set_trailing_metadata([("x-last-bin", b"\0\xff")])
        if message.text == "wait":
            gone = threading.Event()
            context.add_callback(gone.set)
            gone.wait(TIMEOUT)
        if message.HasField("code"):
            fail(message, context)

    def fail(message, context):
        context.abort(list(grpc.StatusCode)[message.code], "as you like it")

    def one(request, context):
        check(request, context)
        return request

    def many(request, context):
        check(request, context)
        for i in range(request.number):
            yield text(text=request.text, number=i)

    def join(requests, _):
        answer = text()
        for request in requests:
            answer.text += request.text
            answer.number += request.number
        return answer

    def each(requests, context):
        for request in requests:
            if request.HasField("code"):
                fail(request, context)
            yield request

    forms = {
        "one": grpc.unary_unary_rpc_method_handler,
        "many": grpc.unary_stream_rpc_method_handler,
        "join": grpc.stream_unary_rpc_method_handler,
        "each": grpc.stream_stream_rpc_method_handler,
    }
    typed = {"/tests.echo.Echo/" + name.capitalize(): forms[name](
        function, text.FromString, text.SerializeToString)
        for name, function in (("one", one), ("many", many), ("join", join),
                               ("each", each))}
    for path, (form, function) in (more or {}).items():
        typed[path] = forms[form](function)

    class Handler(grpc.GenericRpcHandler):
        def service(self, details):
            return typed.get(details.method)

    server = grpc.server(concurrent.futures.ThreadPoolExecutor(4),
                         handlers=[Handler()])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield port
    finally:
        server.stop(None).wait()


def values(text):
    return [json.loads(line) for line in text.splitlines()]


def test_streams_are_a_value_on_each_line():
    with Place() as place, grpc_server() as port:
        begin = ("call", "-proto", ECHO, "127.0.0.1:%d" % port)
        result = place.run(*begin, "Echo.Many", '{"text": "a", "number": 3}')
        assert result.returncode == 0, result
        assert values(result.stdout) == [
            {"text": "a"}, {"text": "a", "number": "1"},
            {"text": "a", "number": "2"}], result
        three = '{"text": "a", "number": 1}{"text": "b", "number": "2"}\n{}'
        assert place.json(*begin, "Echo.Join", three) == {
            "text": "ab", "number": "3"}
        assert place.json(*begin, "Echo.Join", "-", stdin=three) == {
            "text": "ab", "number": "3"}
        assert place.json(*begin, "Echo.Join") == {}
        for count in (0, 1, 1000):
            lines = "".join('{"number": %d}\n' % i for i in range(count))
            result = place.run(*begin, "Echo.Each", "-", stdin=lines)
            assert result.returncode == 0, result
            assert [int(value.get("number", 0))
                    for value in values(result.stdout)] == list(range(count))


def test_an_answer_comes_before_the_next_question():
    with Place() as place, grpc_server() as port:
        client = subprocess.Popen(
            [BECKET, "call", "-proto", ECHO, "127.0.0.1:%d" % port, "Each",
             "-"], env=place.environment, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True)
        with client:
            for i in range(3):
                client.stdin.write('{"text": "%d"}' % i)  # and no newline
                client.stdin.flush()
                assert json.loads(client.stdout.readline()) == {
                    "text": str(i)}
            client.stdin.close()
            assert client.wait(TIMEOUT) == 0


def test_the_end_comes_while_input_is_open():
    with Place() as place, grpc_server() as port:
        client = subprocess.Popen(
            [BECKET, "call", "-proto", ECHO, "127.0.0.1:%d" % port, "Each",
             "-"], env=place.environment, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        with client:
            client.stdin.write('{"text": "x"} {"code": 5}')
            client.stdin.flush()
            status = client.wait(TIMEOUT)
            assert status == 64 + 5, (status, client.stderr.read())
            assert values(client.stdout.read()) == [{"text": "x"}]
            assert "as you like it" in client.stderr.read()


def test_bad_input_ends_a_stream():
    with Place() as place, grpc_server() as port:
        begin = ("call", "-proto", ECHO, "127.0.0.1:%d" % port)
        for operation in ("Join", "Each"):
            result = place.run(*begin, operation, "-",
                               stdin='{"text": "x"}\n {"texd": "y"}')
            assert result.returncode == 2, result
            assert "line 2, column 3: tests.echo.Text has no field" in \
                result.stderr, result


def test_streams_of_files_through_every_door():
    def b64(data):
        return base64.b64encode(data).decode()

    content = bytes(range(256)) * 1000
    with Place() as place, daemon(place) as doors:
        for door, binding in doors.items():
            begin = ("call", "-proto", FILES, binding)
            pieces = [{"entry": {"name": b64(door.encode())}}] + [
                {"data": b64(content[at:at + 50000])}
                for at in range(0, len(content), 50000)]
            answer = place.json(*begin, "Files.Store", "-", stdin="\n".join(
                json.dumps(piece) for piece in pieces))
            assert answer["size"] == str(len(content)), answer
            result = place.run(*begin, "Files.Fetch", json.dumps(
                {"path": b64(door.encode()), "digest": True}))
            assert result.returncode == 0, result
            got = values(result.stdout)
            assert got[0]["entry"]["size"] == str(len(content)), got[0]
            assert b"".join(base64.b64decode(one["data"])
                            for one in got[1:-1]) == content
            assert base64.b64decode(got[-1]["sha256"]) == \
                hashlib.sha256(content).digest()
            # both ways: what the server lacks of a directory of one file
            sync = [{"begin": b64(b"dir-" + door.encode())},
                    {"directory": ""},
                    {"entry": {"entry": {"name": b64(b"x"), "size": 1,
                                         "type": "REGULAR"}}},
                    {"turn": True}]
            client = subprocess.Popen(
                [BECKET, *begin, "Files.Sync", "-"],
                env=place.environment, stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, text=True)
            with client:
                client.stdin.write("".join(map(json.dumps, sync)))
                client.stdin.flush()
                assert json.loads(client.stdout.readline()) == {
                    "want": b64(b"x")}
                assert json.loads(client.stdout.readline()) == {"turn": True}
                client.stdin.write("".join(map(json.dumps, (
                    {"file": {"name": b64(b"x"), "size": 1}},
                    {"data": b64(b"!")},
                    {"end": b64(hashlib.sha256(b"!").digest())},
                    {"turn": True}))))
                client.stdin.close()
                rest = client.stdout.read()
                assert client.wait(TIMEOUT) == 0, rest
            place.fails(64 + 2, "", *begin, "Files.Fetch",
                        '{"path": "%s"}' % b64(b"nosuch"))


def test_metadata_go_and_are_shown():
    with Place() as place, grpc_server() as port:
        begin = ("-v", "-H", "X-Asked: this", "-rpc-header", "x-b-bin: AA==",
                 "call", "-proto", ECHO, "127.0.0.1:%d" % port)
        for operation in ("One", "Many"):
            result = place.run(*begin, operation, '{"number": 1}')
            assert result.returncode == 0, result
            assert 'x-asked: "this"' in result.stderr, result
            assert 'x-first: "this"' in result.stderr, result
            assert "x-last-bin: AP8=" in result.stderr, result
            assert len(values(result.stdout) if operation == "Many" else
                       [json.loads(result.stdout)]) == 1
        result = place.run(*begin, "One", '{"code": 9}')
        assert result.returncode == 64 + 9, result
        assert "x-last-bin: AP8=" in result.stderr, result
        place.fails(2, "this is no metadata", "-H", "grpc-x: y", "call",
                    "-proto", ECHO, "127.0.0.1:%d" % port, "One")


def test_each_code_has_its_exit_status():
    with Place() as place, grpc_server() as port:
        for i, code in enumerate(grpc.StatusCode):
            if code == grpc.StatusCode.OK:
                continue
            place.fails(64 + code.value[0], "as you like it", "call",
                        "-proto", ECHO, "127.0.0.1:%d" % port, "One",
                        '{"code": %d}' % i)


# ----------------------------------------------------------- reflection --

def messages(name, *includes):
    """The files of a .proto, and the class of each of its messages."""
    with tempfile.NamedTemporaryFile() as out:
        flags = [flag for i in includes for flag in ("-I", i)]
        subprocess.run(["protoc", "--include_imports", *flags,
                        "--descriptor_set_out=" + out.name, name], check=True)
        files = descriptor_pb2.FileDescriptorSet.FromString(out.read()).file
    pool = descriptor_pool.DescriptorPool()
    for file in files:
        pool.Add(file)
    factory = message_factory.MessageFactory(pool)
    package = files[-1].package
    return files, lambda message: factory.GetPrototype(
        pool.FindMessageTypeByName(package + "." + message))


def reflecting(version, files, without=(), one_by_one=True, password=None):
    """What a server of reflection answers, by hand; for grpc_server()."""
    _, message = messages("grpc/reflection/%s/reflection.proto" % version,
                          "/usr/share/grpc-proto")
    request = message("ServerReflectionRequest")
    response = message("ServerReflectionResponse")
    known = {file.name: file for file in files if file.name not in without}

    def names(file):
        dot = file.package + "." if file.package else ""
        for service in file.service:
            yield dot + service.name
            for method in service.method:
                yield dot + service.name + "." + method.name
        for one in file.message_type:
            yield dot + one.name

    def answer(question):
        result = response(original_request=question)
        kind = question.WhichOneof("message_request")
        if kind == "list_services":
            for file in known.values():
                for name in names(file):
                    if name.count(".") == file.package.count(".") + 1 and \
                            name.split(".")[-1] in [s.name for s in
                                                    file.service]:
                        result.list_services_response.service.add(name=name)
            return result
        if kind == "file_by_filename":
            found = [known.get(question.file_by_filename)]
        else:
            found = [file for file in known.values()
                     if question.file_containing_symbol in names(file)]
        if not found or found[0] is None:
            result.error_response.error_code = 5
            result.error_response.error_message = "not here"
            return result
        if not one_by_one:
            found += [file for file in known.values() if file is not found[0]]
        result.file_descriptor_response.file_descriptor_proto.extend(
            file.SerializeToString() for file in found)
        return result

    def serve(requests, context):
        if password is not None and \
                dict(context.invocation_metadata()).get("pass") != password:
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "who is there?")
        for one in requests:
            yield answer(request.FromString(one)).SerializeToString()

    return {"/grpc.reflection.%s.ServerReflection/ServerReflectionInfo" %
            version: ("each", serve)}


def test_a_server_is_asked_what_it_serves():
    files, _ = messages("odd.proto", HERE + "/call", STAGE + "/include")
    echo, _ = messages("echo.proto", HERE + "/call")
    both = list({file.name: file for file in [*files, *echo]}.values())
    for version in ("v1", "v1alpha"):
        for without in ((), ("google/protobuf/descriptor.proto",
                             "becket/options.proto",
                             "google/protobuf/timestamp.proto")):
            for one_by_one in (True, False):
                with Place() as place, grpc_server(reflecting(
                        version, both, without, one_by_one)) as port:
                    where = "127.0.0.1:%d" % port
                    result = place.run("list", where)
                    assert result.stdout == \
                        "tests.echo.Echo\ntests.odd.Oddities\n", result
                    result = place.run("list", where, "Echo")
                    assert result.stdout.count("\n") == 4, result
                    for name in ("tests.odd.Odd", "Oddities.One"):
                        said = place.run("describe", where, name)
                        assert said.stdout == place.run(
                            "describe", "-protoset", place.file(
                                "set", descriptor_pb2.FileDescriptorSet(
                                    file=both).SerializeToString()),
                            name).stdout, said
                    for name in ("tests.echo.Echo.One", "One", "Echo/One"):
                        if name == "One":
                            place.fails(2, "could be", "call", where, name)
                            continue
                        assert place.json("call", where, name,
                                          '{"number": 5}') == {"number": "5"}


def test_a_server_that_does_not_say():
    with Place() as place, grpc_server() as port:
        for command in (("list",), ("describe",), ("describe", "x.Y")):
            place.fails(64 + 12, "the server does not say what it serves",
                        command[0], "127.0.0.1:%d" % port, *command[1:])
    files, _ = messages("echo.proto", HERE + "/call")
    with Place() as place, grpc_server(
            reflecting("v1", files, password="word")) as port:
        for flag in ("-H", "--header", "-reflect-header"):
            assert place.run(flag, "Pass: word", "list", "127.0.0.1:%d" %
                             port).stdout == "tests.echo.Echo\n"
        place.fails(64 + 16, "who is there?", "list", "-rpc-header",
                    "pass: word", "127.0.0.1:%d" % port)
    files[-1].message_type[0].field[0].type = 11  # without a type's name
    with Place() as place, \
            grpc_server(reflecting("v1", files)) as port:
        place.fails(1, "echo.proto: field tests.echo.Text.text has no type",
                    "describe", "127.0.0.1:%d" % port, "tests.echo.Echo")
        place.fails(2, "there is no tests.nobody.Here", "describe",
                    "-proto", ECHO, "tests.nobody.Here")


def test_files_of_one_name_that_differ():
    """As of two people who know nothing of each other, in one server."""
    text = """syntax = "proto3"; package %s; import "common.proto";
        service %s { rpc Go(common.%s) returns (common.%s); }"""
    common = 'syntax = "proto3"; package common; message %s { int32 a = 1; }'
    _, message = messages("grpc/reflection/v1/reflection.proto",
                          "/usr/share/grpc-proto")
    response = message("ServerReflectionResponse")
    servers = []
    with Place() as place:
        for name in ("One", "Other"):
            where = place.path + "/" + name
            place.file(name + "/common.proto", (common % name).encode())
            place.file(name + "/%s.proto" % name, (
                text % (name.lower(), name, name, name)).encode())
            files, _ = messages(name + ".proto", where)
            (path, (form, serve)), = reflecting(
                "v1", files, one_by_one=False).items()
            servers.append(serve)

        def both(requests, context):
            for one in requests:
                first, second = [
                    response.FromString(next(serve(iter([one]), context)))
                    for serve in servers]
                if first.HasField("list_services_response"):
                    first.list_services_response.service.extend(
                        second.list_services_response.service)
                known = second if first.HasField("error_response") else first
                yield known.SerializeToString()

        echo = {"/%s.%s/Go" % (name.lower(), name):
                ("one", lambda request, _: request)
                for name in ("One", "Other")}
        with grpc_server({path: (form, both), **echo}) as port:
            where = "127.0.0.1:%d" % port
            result = place.run("list", where)
            assert result.stdout == "one.One\nother.Other\n", result
            for name in ("one.One.Go", "other.Other.Go", "One.Go", "Other/Go"):
                assert place.json("call", where, name, '{"a": 1}') == {"a": 1}
            # all of them at once cannot be had
            place.fails(2, "other.Other.Go refers to common.Other, which is "
                        "not there; there are two files common.proto that "
                        "differ", "describe", where)


def test_becketd_says_what_it_serves_through_every_door():
    with Place() as place, daemon(place) as doors:
        for binding in doors.values():
            result = place.run("list", binding)
            assert result.returncode == 0 and not result.stderr, result
            names = result.stdout.splitlines()
            assert {"calc.Calculator", "files.Files",
                    "grpc.health.v1.Health"} <= set(names), names
            assert names == sorted(names), names
            assert place.json("call", binding, "Calculator.Divide",
                              '{"dividend": 7, "divisor": 2}') == {
                                  "quotient": "3", "remainder": "1"}
            assert place.json("call", binding, "Health.Check",
                              '{"service": "files.Files"}') == {
                                  "status": "SERVING"}
            result = place.run("call", binding, "files.Files/Fetch",
                               '{"path": "YQ=="}')
            assert [list(one) for one in values(result.stdout)] == [
                ["entry"], ["data"]], result
            place.fails(64 + 3, "divided by zero", "call", binding,
                        "calc.Calculator.Divide", '{"dividend": 1}')
            place.fails(2, 'has no field "x"', "call", binding, "Sum",
                        '{"x": 1}')
            place.fails(2, "there is no calc.Nothing", "describe", binding,
                        "calc.Nothing")
            # what the .proto says is what the server says
            for name, proto in (("Calculator", CALC), ("Files.Sync", FILES),
                                ("files.Entry", FILES),
                                ("calc.Failure", CALC)):
                said = place.run("describe", binding, name)
                read = place.run("describe", "-proto", proto, name)
                assert said.returncode == 0, said
                assert said.stdout == read.stdout, (said, read)
            result = place.run("describe", binding)
            for name in names:
                assert "// %s, in " % name in result.stdout, result


# ------------------------------------------------------------------ run --

def main(tests):
    passed = failed = 0
    for name, function in list(tests.items()):
        if not name.startswith("test_"):
            continue
        if sys.argv[3:] and name[5:] not in sys.argv[3:]:
            continue
        signal.alarm(4 * TIMEOUT)
        try:
            function()
            passed += 1
            print("ok call " + name[5:])
        except Exception:  # every way to fail is one
            failed += 1
            for line in traceback.format_exc().splitlines():
                print("# " + line)
            print("not ok call " + name[5:])
        signal.alarm(0)
        sys.stdout.flush()
    print("# %d passed, %d failed" % (passed, failed))
    sys.exit(1 if failed else 0)


def took_too_long(*_):
    raise AssertionError("the test took too long")


signal.signal(signal.SIGALRM, took_too_long)
if __name__ == "__main__":
    main(globals())
