#!/bin/sh
# SPDX-License-Identifier: MIT
#
# deps.sh build|check: install what building (and checking) needs and this
# machine lacks. Debian and its kin only, as root or through sudo; elsewhere it
# names the packages and leaves the rest to you. Silent when nothing is missing.
set -eu

build="gcc libc6-dev make pkg-config protobuf-compiler protobuf-c-compiler
libprotobuf-c-dev libc-ares-dev libprotobuf-dev libprotoc-dev libinih-dev libmd-dev
libnghttp2-dev zlib1g-dev libjansson-dev grpc-proto"

check="python3 python3-impacket libcmocka-dev g++ clang clang-format-14
libclang-rt-14-dev lld tshark strace valgrind python3-samba smbclient
iproute2 mandoc shellcheck python3-grpcio python3-protobuf python3-h2
nghttp2-client mingw-w64-tools etcd-server"

# What brings npm along is for its user to choose; without any, Debian's.
command -v npm >/dev/null || check="$check nodejs npm"

case ${1-} in
build) packages=$build ;;
check) packages="$build $check" ;;
*)
	echo "usage: deps.sh build|check" >&2
	exit 64
	;;
esac

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
	echo "not a Debian system: these packages, under their Debian names," \
	    "are needed:" $packages
	exit 0
fi

missing=
for package in $packages; do
	state=$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || :)
	test "$state" = "install ok installed" || missing="$missing $package"
done
test -n "$missing" || exit 0

if [ "$(id -u)" = 0 ]; then
	sudo=
elif command -v sudo >/dev/null; then
	sudo=sudo
else
	echo "missing:$missing (and neither root nor sudo to install them)" >&2
	exit 1
fi

echo "installing:$missing"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
apt()
{
	$sudo env DEBIAN_FRONTEND=noninteractive apt-get -q -y \
	    -o DPkg::Lock::Timeout=120 "$@" >"$log" 2>&1 </dev/null
}
# The lists may be old, or absent as in a container image.
if ! apt install --no-install-recommends $missing; then
	apt update || { tail -n 20 "$log" >&2; exit 1; }
	apt install --no-install-recommends $missing ||
	    { tail -n 20 "$log" >&2; exit 1; }
fi
