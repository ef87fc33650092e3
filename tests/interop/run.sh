#!/bin/bash
# SPDX-License-Identifier: MIT
#
# run.sh B: peers that are not ours against servers that are.
set -u
B=$(cd "$1" && pwd)
work=$B/interop
stage=$work/stage
server=$B/tests/interop/server
calculator=$work/calculator
failed=0
unset MAKEFLAGS MAKELEVEL MFLAGS

python()
{
	/usr/bin/python3 -B "$@" || failed=1
}

# The examples' modules and clients, as anybody builds them.
example()
{
	PATH=$stage/bin:$PATH PKG_CONFIG_PATH=$stage/lib/pkgconfig \
	    ${MAKE:-make} -s -C "examples/$1" O="$work/$1" \
	    LDFLAGS="-Wl,-rpath,$stage/lib"
}

build()
{
	rm -rf "$work" && mkdir -p "$work" &&
	    flock "$B/installing" ${MAKE:-make} -s B="$B" DESTDIR= \
	        PREFIX="$stage" install &&
	    example calculator && example files && example etcd
}

python tests/interop/raw.py "$server"
python tests/interop/impacket_peer.py "$server"
python tests/interop/samba_peer.py "$server"
python tests/interop/grpc_client.py "$server"
python tests/interop/grpc_malformed.py "$server"
python tests/interop/grpc_server.py "$B/tests/interop/caller"
# The rest is built outside, without the sanitizers of this.
test -z "${SAN-}" || exit $failed

build || { echo "not ok interop: the examples do not build"; exit 1; }
daemon=("$stage/sbin/becketd" --module "$calculator/calculator.so")

python tests/interop/worked.py "$calculator/calculator" "${daemon[@]}" \
    --listen ncacn_ip_tcp:127.0.0.1
python tests/interop/grpc_calculator.py "$work" "$calculator/calculator" \
    "${daemon[@]}" --listen ncacn_ip_tcp:127.0.0.1
python tests/interop/services_client.py "$work" \
    "${GRPC_PROTO:-/usr/share/grpc-proto}" "$calculator/calculator.so" \
    "$stage/sbin/becketd"
python tests/interop/etcd_server.py "$work/etcd/etcd"
cat >"$work/files.conf" <<END
[module files]
Path = $work/files/files.so
Root = $work/root
END
python tests/interop/envelope_peer.py "$work/root" "${daemon[@]}" \
    --config "$work/files.conf" --listen ncacn_ip_tcp:127.0.0.1
python tests/interop/grpc_session.py "$work" "$work/root" "${daemon[@]}" \
    --config "$work/files.conf" --listen ncacn_ip_tcp:127.0.0.1
printf '[mapper]\nListen = ncacn_ip_tcp:\n' >"$work/mapper.conf"
python tests/interop/mapper_peer.py "$stage/bin/becket" "${daemon[@]}" \
    --config "$work/mapper.conf"
/usr/bin/python3 -B tests/interop/wireshark.py "$B" "$work" \
    "$calculator/calculator" "${daemon[@]}" || failed=1
here='ncacn_ip_tcp:127.0.0.1[4747]' # in a network of our own
python tests/interop/capture.py "$work/capture.pcap" "$server" \
    "$B/becket" ping -c 3 -i 0.01 '{tcp}' :: \
    "$B/becket" ifs '{tcp}' :: \
    "$B/becket" stats '{tcp}' :: \
    /usr/bin/python3 -B tests/install/served.py "$work" \
    "${daemon[@]}" --listen "$here" -- \
    "$calculator/calculator" "$here" sum 1 2 3 :: \
    "$B/tests/live/server_test" :: \
    "$B/tests/live/ep_test" 'what_makes_no_sense*' ::
exit $failed
