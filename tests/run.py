#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""run.py LOGDIR SUITE...: run `make check-SUITE` for each and add up.

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
    try:
        output, _ = process.communicate(timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate()
        output += b"\nnot ok %s took more than %d s\n" % (
            suite.encode(), TIMEOUT)
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


def main():
    logs, suites = sys.argv[1], sys.argv[2:]
    make = shlex.split(os.environ.get("MAKE", "make"))
    make.append("-j%d" % (os.cpu_count() or 1))
    os.environ.pop("MAKEFLAGS", None)  # its job server is not ours
    os.environ.pop("MAKE", None)
    verbose = os.environ.get("V") == "1"
    os.makedirs(logs, exist_ok=True)
    passed = failed = skipped = 0
    for suite in suites:
        start = time.monotonic()
        log = os.path.join(logs, suite + ".log")
        lines, status = run(make, suite, log)
        good, bad, left = count(lines)
        if status != 0 and not bad:
            bad = ["not ok %s: exit status %d" % (suite, status)]
            bad += ["    " + line for line in lines[-30:]]
            count_bad = 1
        elif not good and not bad:
            bad = ["not ok %s: ran no test" % suite]
            count_bad = 1
        else:
            count_bad = len(bad)
        passed += len(good)
        failed += count_bad
        skipped += len(left)
        print("%-10s %4d passed, %d failed%s  (%.1f s)" % (
            suite, len(good), count_bad,
            ", %d skipped" % len(left) if left else "",
            time.monotonic() - start))
        for line in (lines if verbose else bad + left):
            print("    " + line)
        if bad:
            print("    see " + log)
        sys.stdout.flush()
    if skipped:
        print("%d skipped" % skipped)
    print("%d passed, %d failed" % (passed, failed))
    sys.exit(1 if failed else 0)


main()
