#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""run.py B: does what the IDL compiler generates compile? In TAP.

The golden files, and every file with a service of Debian's grpc-proto with
what it imports, through gcc and clang under the project's warnings as errors,
and their headers as C++. And how becketc behaves as a command.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile

from google.protobuf import descriptor_pb2, descriptor_pool

B = os.path.abspath(sys.argv[1])
TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
BECKETC = os.path.join(B, "becketc")
PLUGIN = os.path.join(B, "protoc-gen-becket")
GRPC = "/usr/share/grpc-proto"
# What `make` uses; see WARN in the Makefile.
WARN = os.environ.get("WARN", "-Wall -Wextra -Wpedantic").split()
CXXWARN = "-Wall -Wextra -Wpedantic -Wshadow -Wconversion".split()

passed = failed = 0


def report(name, problems):
    global passed, failed
    if problems:
        failed += 1
        for problem in problems:
            print("# " + problem.rstrip("\n").replace("\n", "\n# "))
        print("not ok compile %s" % name)
    else:
        passed += 1
        print("ok compile %s" % name)
    sys.stdout.flush()


def run(words, **more):
    return subprocess.run(words, stdin=subprocess.DEVNULL, timeout=120,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          universal_newlines=True, **more)


def files(directory, end=""):
    return sorted(os.path.join(top, name)
                  for top, _, names in os.walk(directory) for name in names
                  if name.endswith(end))


def compile_all(out):
    """What compilers have to say about every file under out."""
    problems = []
    include = ["-I", os.path.join(TOP, "runtime"), "-I", out]
    for compiler in ("gcc", "clang"):
        for source in files(out, ".c"):
            done = run([compiler, "-std=c11", "-Werror", "-fsyntax-only"] +
                       WARN + include + [source])
            if done.returncode != 0 or done.stderr:
                problems.append(done.stderr[:2000])
    every = os.path.join(out, "every.cc")
    with open(every, "w", encoding="utf-8") as file:
        for header in files(out, ".h"):
            file.write('#include "%s"\n' % os.path.relpath(header, out))
    for compiler in ("g++", "clang++"):
        for standard in ("c++11", "c++17"):
            done = run([compiler, "-std=" + standard, "-Werror",
                        "-fsyntax-only"] + CXXWARN + include + [every])
            if done.returncode != 0 or done.stderr:
                problems.append(done.stderr[:2000])
    return problems


def linked(out):
    """Everything under out in one library that lacks nothing."""
    done = run(["gcc", "-std=c11", "-O0", "-shared", "-fPIC",
                "-Wl,--no-undefined", "-I", os.path.join(TOP, "runtime"), "-I",
                out, "-o", os.path.join(out, "all.so")] + files(out, ".c") +
               ["-L", B, "-lbecket", "-lprotobuf-c"])
    return [done.stderr[:2000]] if done.returncode != 0 else []


def formatted(out):
    ours = [path for path in files(out) if ".becket" in path and
            path[-2:] in (".c", ".h")]
    done = run(["clang-format-14", "--style=file:" +
                os.path.join(TOP, ".clang-format"), "--dry-run", "-Werror"] +
               ours)
    return [done.stderr[:2000]] if done.returncode != 0 else []


def imports(path, root, seen):
    """Names of a file of root and of what it imports, all together."""
    if path in seen:
        return
    seen.append(path)
    full = os.path.join(root, path)
    if not os.path.exists(full):
        return
    with open(full, encoding="utf-8") as file:
        for name in re.findall(r'^import (?:public )?"(.*)";', file.read(),
                               re.MULTILINE):
            imports(name, root, seen)


def has_service(path):
    with open(path, encoding="utf-8") as file:
        return re.search(r"^service ", file.read(), re.MULTILINE)


def grpc_proto():
    services = [os.path.relpath(path, GRPC) for path in files(GRPC, ".proto")
                if has_service(path)]
    if len(services) < 10:
        report("grpc-proto", ["its files are not in " + GRPC])
    for service in services:
        names = []
        imports(service, GRPC, names)
        with tempfile.TemporaryDirectory() as out:
            done = run([BECKETC, "-I", GRPC, "-o", out] + names)
            problems = []
            if done.returncode != 0 or done.stderr:
                problems = [done.stderr]
            problems += compile_all(out) + linked(out) + formatted(out)
            problems += file_set_problems(GRPC, service, out)
            report("grpc-proto " + service, problems)


def golden():
    where = os.path.join(TOP, "tests/golden")
    protos = [os.path.relpath(path, where)
              for path in files(os.path.join(where, "outputs"), ".proto")]
    for proto in protos:
        names = []
        imports(proto, where, names)
        names = [name for name in names if not name.startswith(
            ("becket/", "protobuf-c/", "google/protobuf/descriptor"))]
        with tempfile.TemporaryDirectory() as out:
            done = run([BECKETC, "-I", where, "-o", out] + names)
            problems = [done.stderr] if done.returncode != 0 else []
            problems += compile_all(out) + linked(out) + formatted(out)
            problems += file_set_problems(where, proto, out)
            report("golden " + proto, problems)


def embedded(path):
    """The bytes of becket_file_set in a file of tables; None: no such."""
    with open(path, encoding="utf-8") as file:
        found = re.search(r"becket_file_set\[\] =((?:\n    \".*\")+);",
                          file.read())
    if not found:
        return None
    text = "".join(re.findall(r'^    "(.*)"', found.group(1), re.MULTILINE))
    return re.sub(rb"\\([0-7]{3})", lambda m: bytes([int(m.group(1), 8)]),
                  text.encode())


def clear_fields(fields):
    for field in fields:
        first, *rest = field.name.split("_")
        if field.json_name == first + "".join(
                word[:1].upper() + word[1:] for word in rest):
            field.ClearField("json_name")


def clear_message(message):
    clear_fields(message.field)
    clear_fields(message.extension)
    for inner in message.nested_type:
        clear_message(inner)


def as_embedded(file):
    """A descriptor of protoc's without what nobody needs."""
    file.ClearField("source_code_info")
    clear_fields(file.extension)
    for message in file.message_type:
        clear_message(message)
    for field in ("dependency", "public_dependency", "weak_dependency"):
        file.ClearField(field)
    return file


def file_set_problems(include, name, out):
    """What a descriptor pool has to say of what is embedded, in which every
    service must be found; and whether it is what protoc says.
    """
    tables = os.path.join(out, name.replace(".proto", ".becket.c"))
    by_protoc = os.path.join(out, "by_protoc")
    if not os.path.exists(tables):
        return []
    run(["protoc", "-I", include, "-I", os.path.join(TOP, "idl"),
         "--include_imports", "--descriptor_set_out=" + by_protoc, name])
    pool, problems = descriptor_pool.DescriptorPool(), []
    ours = descriptor_pb2.FileDescriptorSet.FromString(embedded(tables))
    with open(by_protoc, "rb") as file:
        theirs = {file.name: file for file in
                  descriptor_pb2.FileDescriptorSet.FromString(
                      file.read()).file}
    for file in ours.file:
        pool.AddSerializedFile(file.SerializeToString())
        for service in file.service:
            pool.FindServiceByName(".".join(filter(
                None, (file.package, service.name))))
        if not set(file.dependency) <= set(theirs[file.name].dependency):
            problems.append(file.name + " has an import of its own")
        if as_embedded(file) != as_embedded(theirs[file.name]):
            problems.append("%s is not what protoc says" % file.name)
    if ours.file[-1].name != name:
        problems.append("%s is not the last of its set" % name)
    for file in ours.file:
        if file.name.startswith(("becket/", "protobuf-c/",
                                 "google/protobuf/descriptor")):
            problems.append("%s is embedded" % file.name)
    return problems


def keywords():
    """Words that compilers define, too, are no hindrance."""
    with tempfile.TemporaryDirectory() as out:
        done = run([BECKETC, "-I", os.path.join(TOP, "tests/golden"), "-o",
                    out, "outputs/keywords.proto"])
        problems = [done.stderr] if done.returncode != 0 else []
        for source in files(out, ".c"):
            problems += [run([
                compiler, "-std=gnu17", "-include", "errno.h", "-Wall",
                "-fsyntax-only", "-I", os.path.join(TOP, "runtime"), "-I",
                out, source]).stderr for compiler in ("gcc", "clang")]
        report("what compilers define", [text for text in problems if text])


def midl():
    """What is made for MIDL, as Wine's compiler reads it."""
    widl = shutil.which("x86_64-w64-mingw32-widl")
    where = os.path.join(TOP, "tests/golden/outputs")
    for proto in sorted(os.listdir(where)):
        if not proto.endswith(".proto"):
            continue
        with tempfile.TemporaryDirectory() as out:
            run([BECKETC, "--emit", "idl", "-I", os.path.dirname(where), "-o",
                 out, "outputs/" + proto])
            name = os.path.join(out, "outputs",
                                proto.replace(".proto", ".becket.idl"))
            if not os.path.exists(name):
                continue  # it has no service
            with open(name, encoding="utf-8") as file:
                rpcs = len(re.findall(r"\[in\] handle_t", file.read()))
            done = run([widl, "-h", "-c", "-s", "-H", "x.h", "-C", "x_c.c",
                        "-S", "x_s.c", name], cwd=out)
            problems = [done.stderr] if done.returncode or done.stderr else []
            if not problems and rpcs:
                with open(os.path.join(out, "x.h"), encoding="utf-8") as file:
                    found = len(re.findall(r"^void __cdecl", file.read(),
                                           re.MULTILINE))
                if found != rpcs:
                    problems.append("%d of %d procedures" % (found, rpcs))
            report("midl " + proto, problems)


def only_options():
    """Imports for options alone need no C, so none is included."""
    with tempfile.TemporaryDirectory() as out:
        done = run([BECKETC, "-I", os.path.join(TOP, "tests/golden"), "-o",
                    out, "outputs/imports.proto", "lib/through.proto",
                    "lib/kinds.proto"])
        problems = [done.stderr] if done.returncode != 0 else []
        report("an import for its options", problems + compile_all(out))


def plugin_alone():
    """protoc with both plugins: the imports for options are needed there."""
    with tempfile.TemporaryDirectory() as out:
        done = run(["protoc", "--plugin=" + PLUGIN, "--becket_out=" + out,
                    "--c_out=" + out, "-Iidl", "-Itests/golden/outputs",
                    "calc.proto", "becket/options.proto",
                    "google/protobuf/descriptor.proto"], cwd=TOP)
        problems = [done.stderr] if done.returncode != 0 else []
        report("protoc --becket_out --c_out", problems + compile_all(out))


def expect(name, words, status, pattern, made=(), **more):
    """One run of becketc: its exit status, what it says, the files it makes."""
    with tempfile.TemporaryDirectory() as out:
        words = [out if word == "OUT" else word for word in words]
        done = run(words, cwd=TOP, **more)
        said = done.stdout + done.stderr
        found = [os.path.relpath(path, out) for path in files(out)]
        problems = []
        if done.returncode != status:
            problems.append("exit status %d, not %d: %s" % (
                done.returncode, status, said))
        if not re.search(pattern, said):
            problems.append("it says: " + said)
        if sorted(found) != sorted(made):
            problems.append("it made " + " ".join(found))
        report("becketc " + name, problems)


CALC = ["-I", "tests/golden/outputs", "calc.proto"]
CALC_MADE = ["calc" + end for end in (
    ".becket.h", ".becket.c", ".becket-client.c", ".becket-server.c",
    ".pb-c.h", ".pb-c.c")]


def with_environment(**more):
    environment = dict(os.environ)
    environment.update(more)
    return environment


def command():
    expect("--version", [BECKETC, "--version"], 0, r"^becketc \d+\.\d+\.\d+\n$")
    expect("--help", [BECKETC, "--help"], 0, r"(?s)^usage: becketc .*--help")
    expect("without arguments", [BECKETC], 2, "no .proto file is given")
    expect("without -o", [BECKETC, "x.proto"], 2, "no output directory")
    expect("without a value", [BECKETC, "x.proto", "-o"], 2,
           "-o needs a directory")
    expect("with an unknown option", [BECKETC, "--bogus"], 2,
           "there is no option --bogus")
    expect("with a missing file", [BECKETC, "-o", "OUT", "no.proto"], 1,
           "no.proto")
    expect("on calc.proto", [BECKETC, "-o", "OUT"] + CALC, 0, "^$", CALC_MADE)
    expect("for Wireshark and MIDL",
           [BECKETC, "--emit", "idl", "--emit=wireshark", "-o", "OUT"] + CALC,
           0, "^$", ["calc.becket.idl", "calc.becket.lua"])
    expect("for Wireshark and C",
           [BECKETC, "--emit", "wireshark", "--emit", "c", "-o", "OUT"] + CALC,
           0, "^$", CALC_MADE + ["calc.becket.lua"])
    expect("with something else to emit",
           [BECKETC, "--emit", "cobol", "-o", "OUT"] + CALC, 2,
           'no "cobol" to emit: there are c, wireshark and idl')
    expect("with nothing to emit", [BECKETC, "x.proto", "--emit"], 2,
           "--emit needs a word")
    expect("on calc.proto without its descriptors",
           [BECKETC, "--no-file-set", "-o", "OUT"] + CALC, 0, "^$", CALC_MADE)
    expect("with joined values",
           [BECKETC, "-oOUT".replace("OUT", os.devnull), "-Itests/golden",
            "outputs/calc.proto"], 1, "cannot write /dev/null/outputs/calc")
    expect("on an imported file", [BECKETC, "-o", "OUT",
                                   "google/protobuf/timestamp.proto"],
           0, "^$", ["google/protobuf/timestamp.pb-c.h",
                     "google/protobuf/timestamp.pb-c.c"])
    expect("with a relative path",
           [BECKETC, "-o", "OUT", "tests/golden/outputs/calc.proto"], 0, "^$",
           ["tests/golden/outputs/" + name for name in CALC_MADE])
    expect("without protoc", [BECKETC, "-o", "OUT"] + CALC, 1,
           "cannot run no-such-protoc: No such file.*protobuf-compiler",
           env=with_environment(PROTOC="no-such-protoc"))
    expect("without protoc-gen-c", [BECKETC, "-o", "OUT"] + CALC, 1,
           "cannot run /no/such: No such file.*protobuf-c-compiler",
           env=with_environment(PROTOC_GEN_C="/no/such"))
    expect("with a protoc-gen-c that fails", [BECKETC, "-o", "OUT"] + CALC, 1,
           "false failed with status 1",
           env=with_environment(PROTOC_GEN_C="false"))
    expect("with a protoc-gen-c that talks nonsense",
           [BECKETC, "-o", "OUT"] + CALC, 1, "no response",
           env=with_environment(PROTOC_GEN_C="uname"))
    expect("with a protoc that says nothing",
           [BECKETC, "-o", "OUT"] + CALC, 1, "no request",
           env=with_environment(PROTOC="true"))
    expect("as a plugin",
           ["protoc", "--plugin=" + PLUGIN, "--becket_out=OUT".replace(
               "OUT", os.devnull), "-Iidl"] + CALC, 1, "dev/null")
    expect("with a parameter of a plugin",
           ["protoc", "--plugin=" + PLUGIN, "--becket_out=bogus=1:.",
            "-Iidl"] + CALC, 1, "knows no parameter.*bogus=1")


def no_file_set():
    for name, words in (
            ("becketc --no-file-set", [BECKETC, "--no-file-set", "-o"]),
            ("--becket_opt=no-file-set",
             ["protoc", "--plugin=" + PLUGIN, "-Iidl",
              "--becket_opt=no-file-set", "--becket_out"])):
        with tempfile.TemporaryDirectory() as out:
            done = run(words + [out] + CALC, cwd=TOP)
            tables = os.path.join(out, "calc.becket.c")
            problems = [done.stderr] if done.returncode != 0 else []
            if not problems:
                with open(tables, encoding="utf-8") as file:
                    if "file_set" in file.read():
                        problems.append("the tables have one")
            report(name, problems)


def depends():
    with tempfile.TemporaryDirectory() as out:
        where = os.path.join(out, "a dir")
        shutil.copytree(os.path.join(TOP, "tests/compile"), where)
        done = run([BECKETC, "-MD", "-I", "a dir", "-o", "made", "two.proto"],
                   cwd=out)
        makefile = os.path.join(out, "Makefile")
        with open(makefile, "w", encoding="utf-8") as file:
            file.write("made/two.becket.h:\n\ttouch again\n"
                       "include made/two.becket.d\n")
        make = {key: value for key, value in os.environ.items()
                if key not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
        goal = ["make", "-f", makefile, "made/two.becket.h"]
        problems = []
        if done.returncode != 0:
            problems.append(done.stderr)
        if "is up to date" not in run(goal, cwd=out, env=make).stdout:
            problems.append("make would make everything again")
        os.utime(os.path.join(where, "three.proto"),
                 (2000000000, 2000000000))
        run(goal, cwd=out, env=make)
        if not os.path.exists(os.path.join(out, "again")):
            problems.append("make does not see that an import has changed")
        os.unlink(os.path.join(out, "again"))
        os.unlink(os.path.join(where, "three.proto"))
        if run(goal, cwd=out, env=make).returncode != 0:
            problems.append("make stumbles over an import that is gone")
        report("-MD", problems)


def installed():
    """becket/options.proto is found wherever `make install` may put it."""
    for place in ("include", "share/becket", "bin/include"):
        with tempfile.TemporaryDirectory() as prefix:
            os.makedirs(os.path.join(prefix, "bin"))
            shutil.copy(BECKETC, os.path.join(prefix, "bin"))
            shutil.copytree(os.path.join(TOP, "idl/becket"),
                            os.path.join(prefix, place, "becket"))
            done = run([os.path.join(prefix, "bin/becketc"), "-o",
                        os.path.join(prefix, "out")] + CALC, cwd=TOP)
            report("becketc installed with " + place,
                   [done.stderr] if done.returncode != 0 else [])


def main():
    if not WARN:
        sys.exit("WARN is empty")
    golden()
    keywords()
    midl()
    only_options()
    plugin_alone()
    grpc_proto()
    command()
    no_file_set()
    depends()
    installed()
    print("# %d passed, %d failed" % (passed, failed))
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
