#!/bin/bash
# SPDX-License-Identifier: MIT
#
# lint.sh B CHECK...: what holds everyone to the rules of the house. One line
# of TAP per check; what broke them stands before it. Run by `make lint`.
set -u
B=$1
shift
failed=0

tracked()
{
	git ls-files --cached --others --exclude-standard -- "$@" |
	    while read -r file; do test -e "$file" && echo "$file"; done
}

# Every C file is as clang-format 14 writes it.
check_format()
{
	tracked '*.[ch]' '*.def' | grep -v '\.def$' |
	    xargs clang-format-14 --dry-run -Werror
}

# Every file says its licence in its first lines.
check_licence()
{
	local bad=0 file
	for file in $(tracked '*.[ch]' '*.py' '*.sh' '*.proto' '*.map' \
	    Makefile '*/Makefile' '*.[1-9]'); do
		head -n 3 "$file" | grep -q 'SPDX-License-Identifier: MIT' || {
			echo "$file: no SPDX line"
			bad=1
		}
	done
	return $bad
}

# Every header stands alone, as C; public ones also as C++.
check_headers()
{
	local bad=0 header
	for header in $(tracked 'runtime/*.h' 'idl/*.h' 'server/*.h' \
	    'client/*.h'); do
		echo 'typedef int unit;' | "${CC:-cc}" -std=c11 -D_GNU_SOURCE \
		    -fsyntax-only -Wall -Wextra -Wpedantic -Werror \
		    -Wno-unused -Iruntime -I. -Igen -I"$B/gen" \
		    -include "$header" -x c - || {
			echo "$header: does not stand alone"
			bad=1
		}
	done
	for header in runtime/becket.h runtime/becket_stub.h \
	    runtime/becket_module.h runtime/becket_grpc.h; do
		"${CXX:-c++}" -std=c++11 -fsyntax-only -Wall -Wextra \
		    -Wpedantic -Werror -Iruntime -include "$header" \
		    -x c++ /dev/null || {
			echo "$header: is not C++"
			bad=1
		}
	done
	return $bad
}

check_layers()
{
	/usr/bin/python3 tests/lint/layers.py
}

# base, wire and engine call nothing but these, and one another.
check_purity()
{
	local objects symbols
	objects=$(find "$B"/runtime/{base,wire,engine} -name '*.o')
	test -n "$objects" || { echo "nothing is built in $B"; return 1; }
	# shellcheck disable=SC2086
	symbols=$(comm -23 \
	    <(nm -u $objects | awk '$1 == "U" { print $2 }' | sort -u) \
	    <({ nm --defined-only $objects | awk 'NF == 3 { print $3 }'
	        printf '%s\n' memchr memcmp memcpy memmove memset strlen \
	            strchr strcmp strncmp _GLOBAL_OFFSET_TABLE_ __stack_chk_fail; } |
	        sort -u))
	test -z "$symbols" && return
	echo "base, wire and engine must not use:" $symbols
	return 1
}

# The shared library shows exactly what runtime/libbecket.symbols lists.
check_symbols()
{
	diff -u runtime/libbecket.symbols <(nm -D --defined-only \
	    "$B/libbecket.so" | awk '$2 != "A" { print $3 }' | sed 's/@.*//' |
	    LC_ALL=C sort)
}

# What the public headers declare is there, and the other way round.
check_declared()
{
	diff -u <(cat runtime/becket.h runtime/becket_stub.h \
		    runtime/base/*.h | gcc -fpreprocessed -dD -E -P -w - |
	    tr '\n' ' ' |
	    grep -oE 'BECKET_API[^;]*' | grep -oE 'becket_[a-z0-9_]+ ?(\(|$)' |
	    tr -d ' (' | LC_ALL=C sort -u) runtime/libbecket.symbols
}

# README says what each function is called elsewhere.
check_names()
{
	/usr/bin/python3 tests/lint/names.py
}

check_scripts()
{
	tracked '*.sh' .ci/run | xargs shellcheck -S warning
}

check_manuals()
{
	local bad=0 page
	for page in $(tracked '*.[1-8]'); do
		mandoc -T lint -W warning "$page" || bad=1
	done
	return $bad
}

# No word of a machine in what is committed.
check_paths()
{
	! git grep -nE '(^|[^a-z.])/(work|tmp/wt|root)/' -- . \
	    ':!tests/lint/lint.sh'
}

# Everything builds without a warning, with either compiler.
check_compilers()
{
	local compiler
	for compiler in gcc clang; do
		"${MAKE:-make}" -j2 B="$B/lint-$compiler" CC=$compiler \
		    WERROR=1 all tests || return 1
	done
}

for check; do
	if output=$("check_$check" 2>&1); then
		echo "ok lint $check"
	else
		printf '%s\n' "$output" | tail -n 60
		echo "not ok lint $check"
		failed=1
	fi
done
exit $failed
