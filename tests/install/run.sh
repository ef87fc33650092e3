#!/bin/bash
# SPDX-License-Identifier: MIT
#
# run.sh B: install into a tree of its own, and build the examples from nothing
# but that: with the shared library, and static. Then one call each.
set -u
B=$(cd "$1" && pwd)
MAKE=${MAKE:-make}
stage=$B/stage
work=$B/stage-work
failed=0

# try NAME FUNCTION: a test, which stops at its first command that fails.
try()
{
	local name=$1 output status
	shift
	output=$(set -e; "$@" 2>&1)
	status=$?
	if test $status -eq 0; then
		echo "ok install $name"
	else
		printf '%s\n' "$output" | tail -n 40
		echo "not ok install $name"
		failed=1
	fi
}

# What a user's shell has after `make install PREFIX=$stage`.
export PATH=$stage/bin:$stage/sbin:$PATH
export PKG_CONFIG_PATH=$stage/lib/pkgconfig
export LD_LIBRARY_PATH=$stage/lib
unset MAKEFLAGS MAKELEVEL MFLAGS

rm -rf "$stage" "$work" "$B/stage-dest"
mkdir -p "$work/readme" "$work/sockets"

install_tree()
{
	flock "$B/installing" $MAKE -s B="$B" PREFIX="$stage" install
}

shared_examples()
{
	local example
	cp -r examples "$work/shared"
	for example in calculator files loop chat etcd; do
		$MAKE -C "$work/shared/$example"
	done
	ldd "$work/shared/calculator/build/calculator" |
	    grep -q "libbecket.so.0 => $stage/lib/"
}

static_examples()
{
	local example
	cp -r examples "$work/static"
	for example in calculator files etcd; do
		$MAKE -C "$work/static/$example" LDFLAGS=-static \
		    PKG_CONFIG='pkg-config --static' "build/$example"
		if ldd "$work/static/$example/build/$example"; then
			return 1
		fi
	done
}

# The installed daemon with the module built above.
calls()
{
	/usr/bin/python3 tests/install/served.py \
	    "$work/sockets" becketd --listen 'ncalrpc:[calc]' --module \
	    "$work/shared/calculator/build/calculator.so" -- \
	    "$work/$1/calculator/build/calculator" 'ncalrpc:[calc]' \
	    divide 7 2
}

# What the network is, only the library knows; and both roles share one const
# object that describes the interface, with its version in its name.
stubs()
{
	local objects=$work/shared/calculator/build
	if nm -u "$objects"/calculator.o "$objects"/calc.*.o |
	    grep -wE 'socket|connect|bind|listen|accept4?|sendmsg|send|recv'
	then
		return 1
	fi
	nm --defined-only "$objects"/calc.*.o | grep _interface
	test "$(nm --defined-only "$objects"/calc.*.o | grep -c _interface)" = 1
	nm "$objects"/calc.becket.o | grep -E '[DR] calc_calculator_v1_interface'
}

# The example with a loop of its own serves until its standard input ends.
own_loop()
{
	local word binding answer process input
	coproc LOOP { exec "$work/shared/loop/build/loop"; }
	process=$LOOP_PID input=${LOOP[1]}
	read -r word binding <&"${LOOP[0]}"
	answer=$("$work/shared/calculator/build/calculator" "$binding" \
	    divide 85 2)
	exec {input}>&-
	wait "$process"
	echo "$word $binding: $answer"
	test "$answer" = "42 remainder 1"
}

room()
{
	/usr/bin/python3 tests/install/chat.py "$work/shared/chat/build" \
	    "$work/sockets"
}

# A package's way: DESTDIR, and the system's prefix.
packaged()
{
	local dest=$B/stage-dest libdir=/usr/lib/some-architecture
	flock "$B/installing" $MAKE -s B="$B" DESTDIR="$dest" PREFIX=/usr \
	    LIBDIR=$libdir install
	test -x "$dest/usr/bin/becketc"
	test -x "$dest/usr/sbin/becketd"
	test -f "$dest/usr/include/becket/options.proto"
	grep -x "libdir=\${prefix}${libdir#/usr}" \
	    "$dest$libdir/pkgconfig/becket.pc"
	if grep -rl "$dest" "$dest"; then
		return 1
	fi
}

# Nothing is made of, or with, what gRPC and the programs need.
without_grpc()
{
	local dest=$B/stage-lib
	rm -rf "$dest"
	if $MAKE -n -s B="$B/nowhere" install-lib install-idl |
	    grep -E 'nghttp2|-lz|inih|jansson|runtime/grpc/|grpc-proto'; then
		return 1
	fi
	flock "$B/installing" $MAKE -s B="$B" PREFIX="$dest" \
	    install-lib install-idl
	PKG_CONFIG_PATH=$dest/lib/pkgconfig PATH=$dest/bin:$PATH $MAKE -C \
	    "$work/shared/calculator" O="$dest/build" "$dest/build/calculator"
	if PKG_CONFIG_PATH=$dest/lib/pkgconfig pkg-config becket-grpc; then
		return 1
	fi
}

gone()
{
	$MAKE -s B="$B" PREFIX="$stage" uninstall
	find "$stage" ! -type d
	test -z "$(find "$stage" ! -type d)"
}

try tree install_tree
try "shared examples" shared_examples
try "static examples" static_examples
try "a call of a shared client" calls shared
try "a call of a static client" calls static
try "stubs without sockets" stubs
try "a loop of one's own" own_loop
try "a room to talk in" room
try "the call and the shell of README" /usr/bin/python3 tests/install/readme.py \
    "$work/readme"
try packaged packaged
try "without gRPC" without_grpc
try uninstall gone
exit $failed
