#!/bin/bash
# Tests/Web/apart.sh COMMAND…: runs it in a network of its own, whose only host has the address 10.77.0.1, and which ends with it.
# Firefox sends no ICE checks to 127.0.0.1, and its ICE wants a default route. Needs iproute2, and root or user namespaces.
set -euo pipefail
flags=(--net)
[ "$(id -u)" = 0 ] || flags+=(--map-root-user)
exec unshare "${flags[@]}" bash -c '
  set -e
  ip -batch - <<END
link set lo up
link add veth0 type veth peer name veth1
addr add 10.77.0.1/24 dev veth0
link set veth0 up
link set veth1 up
route add default via 10.77.0.2 dev veth0
END
  exec "$@"' apart "$@"
