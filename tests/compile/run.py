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
            problems += compile_all(out) + formatted(out)
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
            report("golden " + proto,
                   problems + compile_all(out) + formatted(out))


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
            "-Iidl"] + CALC, 1, "takes no parameters.*bogus=1")


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
    only_options()
    plugin_alone()
    grpc_proto()
    command()
    depends()
    installed()
    print("# %d passed, %d failed" % (passed, failed))
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
