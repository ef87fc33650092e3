#!/bin/bash
# SPDX-License-Identifier: MIT
#
# run.sh repeat|explore DIR FUZZER: run one fuzzer, and say in TAP how it went.
#   repeat   its corpus, and FUZZ_COUNT inputs made from it: always the same
#   explore  libFuzzer, for FUZZ_SECONDS, from a copy of the corpus in DIR
# What it ended badly on stays in DIR: last, crash-*, timeout-*, leak-*, oom-*.
how=$1 dir=$2 fuzzer=$3
name=$(basename "$fuzzer" _fuzz)
corpus=tests/fuzz/corpus/$name
mkdir -p "$dir/corpus" && rm -f "$dir"/last "$dir"/*-????????????????????????????????????????

repeat() {
	ASAN_OPTIONS=hard_rss_limit_mb=2048 timeout -k 5 300 \
	    "${fuzzer%_fuzz}_repeat" "$corpus" "${FUZZ_COUNT-20000}" "$dir/last"
}

# The time is libFuzzer's affair; `timeout` is for when it does not end.
explore() {
	cp -r "$corpus/." "$dir/corpus" 2>/dev/null
	timeout -k 5 $((FUZZ_SECONDS + 60)) "$fuzzer" \
	    -max_total_time="$FUZZ_SECONDS" -timeout=10 -rss_limit_mb=2048 \
	    -artifact_prefix="$dir/" ${FUZZ_OPTIONS-} "$dir/corpus"
}

$how >"$dir/log" 2>&1 </dev/null
status=$?
if test $status -eq 0; then
	echo "ok fuzz $name: $(tail -1 "$dir/log")"
	exit 0
fi
tail -30 "$dir/log" | cut -c1-300 | sed 's/^/# /'
test ! -s "$dir/last" || head -c 3000 "$dir/last" | base64 -w 0 | sed 's/^/# /;s/$/\n/'
echo "not ok fuzz $name ended with status $status"
exit 1
