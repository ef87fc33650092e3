#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""run.py LOGDIR SUITE...: run `make check-SUITE` for each and add up.

As many run at the same time as there are processors; they are reported in the
order given. What they share is built before, and `make install`, which links
in one place, waits for its turn.

A suite says "ok NAME", "not ok NAME" or "ok NAME # SKIP why", a line each
(TAP). One that fails without saying so counts as a failure, and so does one
that says nothing. The output of each is kept in LOGDIR/SUITE.log. The last
line is "N passed, N failed"; what was skipped is neither.
"""

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from concurrent import futures

running = set()
LINE = re.compile(r"^(not )?ok\b(.*)$")
TIMEOUT = 900


def run(make, suite, log):
    """The output of a suite, and its exit status."""
    process = subprocess.Popen(
        make + ["--no-print-directory", "check-" + suite],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    running.add(process)
    try:
        output, _ = process.communicate(timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate()
        output += b"\nnot ok %s took more than %d s\n" % (
            suite.encode(), TIMEOUT)
    running.remove(process)
    with open(log, "wb") as file:
        file.write(output)
    return output.decode("utf-8", "replace").splitlines(), process.returncode


def count(lines):
    passed, failed, skipped = [], [], []
    for line in lines:
        match = LINE.match(line)
        if not match:
            continue
        if re.search(r"#\s*skip", line, re.IGNORECASE):
            skipped.append(line)  # cmocka says "not ok 3 # SKIP name"
        elif match.group(1):
            failed.append(line)
        else:
            passed.append(line)
    return passed, failed, skipped


def around(lines, failed):
    """What stands about the first failures in the output, a few lines each."""
    told = []
    for at, line in enumerate(lines):
        if line not in failed[:3]:
            continue
        begin, end = at, at + 1
        while begin > 0 and at - begin < 30 and not LINE.match(lines[begin - 1]):
            begin -= 1
        while end < len(lines) and end - at < 6 and not LINE.match(lines[end]):
            end += 1
        told += lines[begin:end]
    return told[:120]


class Suite:
    """One that has been run."""

    def __init__(self, make, name, logs):
        start = time.monotonic()
        self.name = name
        self.log = os.path.join(logs, name + ".log")
        self.lines, status = run(make, name, self.log)
        self.seconds = time.monotonic() - start
        self.passed, self.failed, self.skipped = count(self.lines)
        self.why = around(self.lines, self.failed)
        if status != 0 and not self.failed:
            self.failed = ["not ok %s: exit status %d" % (name, status)]
            self.why = self.lines[-30:]
        elif not self.passed and not self.failed:
            self.failed = ["not ok %s: ran no test" % name]

    def report(self, verbose):
        print("%-10s %4d passed, %d failed%s  (%.1f s)" % (
            self.name, len(self.passed), len(self.failed),
            ", %d skipped" % len(self.skipped) if self.skipped else "",
            self.seconds))
        for line in (self.lines if verbose else self.failed + self.skipped):
            print("    " + line)
        for line in self.why:
            print("        " + line)
        if self.failed:
            print("    see " + self.log)
        sys.stdout.flush()


def main():
    logs, names = sys.argv[1], sys.argv[2:]
    make = shlex.split(os.environ.get("MAKE", "make"))
    os.environ.pop("MAKEFLAGS", None)  # its job server is not ours
    os.environ.pop("MAKE", None)
    os.makedirs(logs, exist_ok=True)
    suites = []
    pool = futures.ThreadPoolExecutor(os.cpu_count() or 1)
    try:
        for suite in pool.map(lambda name: Suite(make, name, logs), names):
            suite.report(os.environ.get("V") == "1")
            suites.append(suite)
    except KeyboardInterrupt:
        for process in running:
            os.killpg(process.pid, signal.SIGKILL)
        os._exit(130)
    passed, failed, skipped = (sum(len(getattr(suite, kind)) for suite in suites)
                               for kind in ("passed", "failed", "skipped"))
    if skipped:
        print("%d skipped" % skipped)
    print("%d passed, %d failed" % (passed, failed))
    sys.exit(1 if failed else 0)


main()
