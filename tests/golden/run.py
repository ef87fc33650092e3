#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""run.py B [--update]: golden tests of the IDL compiler, in TAP.

Each outputs/NAME.proto is compiled and what we generate compared with
outputs/NAME.becket*; each errors/NAME.proto must fail with the lines of
errors/NAME.errors and leave no file. Everything is done twice through becketc
and once through protoc --becket_out, which must agree. A line
"// becketc: ..." in a .proto gives further arguments. --update writes what
comes out as what is expected: look at the diff.
"""

import glob
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.relpath(os.path.dirname(os.path.abspath(__file__)))
B = sys.argv[1]
UPDATE = "--update" in sys.argv
BECKETC = os.path.join(B, "becketc")
PLUGIN = os.path.join(B, "protoc-gen-becket")

passed = failed = 0


def report(name, problems):
    global passed, failed
    if problems:
        failed += 1
        for problem in problems:
            print("# " + problem.replace("\n", "\n# "))
        print("not ok %s" % name)
    else:
        passed += 1
        print("ok %s" % name)
    sys.stdout.flush()


def run(words, **more):
    return subprocess.run(words, stdin=subprocess.DEVNULL, timeout=60,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          universal_newlines=True, **more)


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def tree(directory):
    """Every file under a directory: name to text."""
    return {os.path.relpath(os.path.join(top, name), directory):
            read(os.path.join(top, name))
            for top, _, names in os.walk(directory) for name in names}


def extra(proto):
    found = re.search(r"^// becketc: (.*)$", read(proto), re.MULTILINE)
    return found.group(1).split() if found else []


def becketc(proto, *more):
    """Exit status, standard error, files."""
    with tempfile.TemporaryDirectory() as out:
        done = run([BECKETC] + extra(proto) + list(more) +
                   ["-I", HERE, "-o", out, proto])
        return done.returncode, done.stderr, tree(out)


def protoc(proto, *more):
    with tempfile.TemporaryDirectory() as out:
        done = run(["protoc", "--plugin=" + PLUGIN, "--becket_out=" + out] +
                   extra(proto) + list(more) +
                   ["-I", HERE, "-I", "idl", proto])
        error = done.stderr.replace("--becket_out: ", "")
        return done.returncode, error, tree(out)


def difference(name, expected, found):
    if expected == found:
        return []
    with tempfile.NamedTemporaryFile("w", suffix=".expected") as one, \
            tempfile.NamedTemporaryFile("w", suffix=".found") as two:
        one.write(expected)
        two.write(found)
        one.flush()
        two.flush()
        diff = run(["diff", "-u", "--label", name, "--label", "found",
                    one.name, two.name]).stdout
    return [diff[:4000]]


def ours(files):
    return {name: text for name, text in files.items() if ".becket" in name}


OTHERS = ("idl", "wireshark")


def others(proto):
    """What is made for others than C, without what all Lua has in common."""
    status, error, files = becketc(proto, *(
        word for kind in OTHERS for word in ("--emit", kind)))
    assert status == 0 and not error, error
    found = protoc(proto, *("--becket_opt=emit=" + kind for kind in OTHERS))
    assert found == (0, "", files), "protoc --becket_opt gives something else"
    for name, text in files.items():
        if name.endswith(".lua"):
            files[name] = text[text.rindex("\nbecket.add({\n") + 1:]
    return files


def check_output(proto):
    name = os.path.relpath(proto, HERE)
    stem = os.path.splitext(name)[0]
    status, error, files = becketc(proto)
    generated = ours(files)
    problems = []
    if status != 0 or error:
        return ["exit status %d: %s" % (status, error)]
    shown = dict(generated, **others(proto))
    if UPDATE:
        for old in glob.glob(os.path.join(HERE, stem + ".becket*")):
            os.unlink(old)
        for new, text in shown.items():
            with open(os.path.join(HERE, new), "w", encoding="utf-8") as file:
                file.write(text)
    expected = {os.path.relpath(path, HERE): read(path)
                for path in glob.glob(os.path.join(HERE, stem + ".becket*"))}
    for file in sorted(set(expected) | set(shown)):
        problems += difference(file, expected.get(file, ""),
                               shown.get(file, ""))
    for end in (".pb-c.h", ".pb-c.c"):
        if stem + end not in files:
            problems.append("no " + stem + end)
    if becketc(proto) != (status, error, files):
        problems.append("a second run gives something else")
    if protoc(proto) != (0, "", generated):
        problems.append("protoc --becket_out gives something else")
    return problems


def check_error(proto):
    status, error, files = becketc(proto)
    path = os.path.splitext(proto)[0] + ".errors"
    problems = []
    if UPDATE:
        with open(path, "w", encoding="utf-8") as file:
            file.write(error)
    if status != 1:
        problems.append("exit status %d, not 1" % status)
    if files:
        problems.append("it wrote " + " ".join(sorted(files)))
    problems += difference(path, read(path), error)
    for line in error.splitlines():
        if not re.match(r"^[a-z0-9_/]+\.proto:(\d+:\d+:)? \S", line):
            problems.append("no place in: " + line)
    if protoc(proto) != (1, error, {}):
        problems.append("protoc --becket_out says something else")
    return problems


def main():
    for proto in sorted(glob.glob(os.path.join(HERE, "outputs/*.proto"))):
        report("golden " + os.path.basename(proto), check_output(proto))
    for proto in sorted(glob.glob(os.path.join(HERE, "errors/*.proto"))):
        report("golden error " + os.path.basename(proto), check_error(proto))
    print("# %d passed, %d failed" % (passed, failed))
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
