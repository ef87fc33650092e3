#!/bin/bash
# SPDX-License-Identifier: MIT
#
# run.sh DIR SECONDS FUZZER: run one fuzzer from a copy of its corpus, in DIR,
# and say in TAP how it went. What it ended badly on stays in
# DIR: crash-*, timeout-*, leak-*, oom-*.
dir=$1 seconds=$2 fuzzer=$3
name=$(basename "$fuzzer" _fuzz)
mkdir -p "$dir/corpus" && rm -f "$dir"/*-????????????????????????????????????????
cp -r "tests/fuzz/corpus/$name/." "$dir/corpus" 2>/dev/null
# The time is libFuzzer's affair; `timeout` is for when it does not end.
timeout -k 5 $((seconds + 60)) "$fuzzer" -max_total_time="$seconds" \
    -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="$dir/" ${FUZZ_OPTIONS-} "$dir/corpus" \
    >"$dir/log" 2>&1 </dev/null
status=$?
runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$dir/log")
if test $status -eq 0 && test "${runs:-0}" -gt 0; then
	echo "ok fuzz $name: $runs inputs"
else
	tail -40 "$dir/log" | sed 's/^/# /'
	echo "not ok fuzz $name ended with status $status"
	exit 1
fi
