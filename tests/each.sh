#!/bin/bash
# SPDX-License-Identifier: MIT
#
# each.sh PROGRAM...: run test programs one after the other and let each speak
# TAP. One that dies without naming a failure is named here. What is in $UNDER
# stands in front of every program ("valgrind -q").
fail=0
for program in "$@"; do
	echo "# $program"
	# shellcheck disable=SC2086
	output=$(CMOCKA_MESSAGE_OUTPUT=TAP timeout -k 5 "${SECONDS_EACH:-120}" \
	    ${UNDER-} "$program" 2>&1 </dev/null)
	status=$?
	printf '%s\n' "$output"
	if test $status -ne 0; then
		fail=1
		grep -q '^not ok' <<<"$output" ||
		    echo "not ok $program ended with status $status"
	elif ! grep -q '^ok' <<<"$output"; then
		fail=1
		echo "not ok $program ran no test"
	fi
done
exit $fail
