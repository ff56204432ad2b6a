#!/usr/bin/env python3
"""AutoNAT v2 and v1 with go-libp2p and js-libp2p, in both directions: do both sides agree on which addresses are reached? Every
peer has a network namespace of its own with a public address on one bridge, since nobody dials others.

    Tests/Interop/autonat.py --us .build/optimised/release/causeway-testpeer

Needs the peers of go and js: --peers, $CAUSEWAY_PEERS, or Tests/Peers.
"""
import argparse
import contextlib
import os
import shlex
import sys
import time

import namespaces

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# Time for three verdicts of servers that need 10 s to find that nobody answers.
PATIENCE = 60


class Internet:
    """One bridge, and hosts on it, each in another network: 5.1.0.1, 5.2.0.1 …"""

    def __enter__(self):
        self.hosts = []
        self.bridge = namespaces.bridge("internet")
        return self

    def host(self):
        """Returns the host's address and the beginning of a command that runs there."""
        ip = f"5.{len(self.hosts) + 1}.0.1"
        self.hosts.append(namespaces.Host().attach(self.bridge, f"{ip}/8"))
        return ip, self.hosts[-1].prefix

    def shut(self, number):
        """Lets nothing new into a host, of which the first is 1."""
        namespaces.run("nft", "add table inet wall; "
            "add chain inet wall in { type filter hook input priority 0; policy drop; }; "
            "add rule inet wall in ct state established,related accept", within=self.hosts[number - 1])

    def __exit__(self, *_):
        for host in self.hosts:
            host.end()
        namespaces.run("ip", "link", "del", self.bridge)


def verdict(peer, address):
    """What our peer says of one of its addresses."""
    for own in peer("addrs")["own"]:
        if own["addr"] == address:
            return own
    raise AssertionError(f"{address} is none of its addresses")


def until(what, wanted):
    deadline = time.monotonic() + PATIENCE
    while not wanted(value := what()):
        assert time.monotonic() < deadline, f"{value} after {PATIENCE} s"
        time.sleep(0.3)
    return value


def client(driver, kind, servers, is_open):
    """Our peer asks three servers."""
    with Internet() as net, contextlib.ExitStack() as peers:
        ours, prefix = net.host()
        address = f"/ip4/{ours}/tcp/4001"
        us = peers.enter_context(driver.Peer("us", prefix=prefix, listen=[address], autonat=True, pubsub={"enabled": False}))
        if not is_open:
            net.shut(1)
        for _ in range(servers):
            ip, prefix = net.host()
            other = peers.enter_context(
                driver.Peer(kind, prefix=prefix, listen=[f"/ip4/{ip}/tcp/4001"], autonat="stock" if kind == "go" else True,
                            forceReachability="public" if kind == "go" else None, relay={} if kind == "us" else None))
            # js-libp2p names no address before somebody has reached it there.
            us("dial", addr=f"/ip4/{ip}/tcp/4001/p2p/{other.id}")
        wanted = "reachable" if is_open else "unreachable"
        found = until(lambda: verdict(us, address), lambda own: own["verdict"] != "unknown")
        assert found["verdict"] == wanted and found["advertised"] == is_open, found
        assert (f"{address}/p2p/{us.id}" in us("addrs")["addrs"]) == is_open
        # The dial-backs have gone, and were no connections to the servers.
        until(lambda: len(us("connections")["connections"]), lambda count: count == servers)


def version1(driver, kind):
    """A go peer asks our relay by version 1 and by version 2."""
    with Internet() as net, contextlib.ExitStack() as peers:
        ip, prefix = net.host()
        us = peers.enter_context(driver.Peer("us", prefix=prefix, listen=[f"/ip4/{ip}/tcp/4001"], autonat=True, relay={}))
        ip, prefix = net.host()
        go = peers.enter_context(driver.Peer("go", prefix=prefix, listen=[f"/ip4/{ip}/tcp/4001"], autonat=True))
        go("dial", addr=us.addrs[0])
        for version in (1, 2):
            for port, wanted in ((4001, "public"), (4009, "private")):
                arguments = {"peerId": us.id, "version": version, "addrs": [f"/ip4/{ip}/tcp/{port}"]}
                found = go("autonat", within=40, **arguments)
                assert found["reachability"] == wanted, (version, port, found)
        assert len(go("connections")["connections"]) == 1


def server(driver):
    """A js peer asks our relays, until it advertises the address at which they reach it."""
    with Internet() as net, contextlib.ExitStack() as peers:
        theirs, prefix = net.host()
        address = f"/ip4/{theirs}/tcp/4001"
        js = peers.enter_context(driver.Peer("js", prefix=prefix, listen=[address], autonat=True))
        assert js("addrs")["addrs"] == []
        for _ in range(4):
            ip, prefix = net.host()
            us = peers.enter_context(driver.Peer("us", prefix=prefix, listen=[f"/ip4/{ip}/tcp/4001"], autonat=True, relay={}))
            js("dial", addr=us.addrs[0])
        until(lambda: js("addrs")["addrs"], lambda addrs: any(address in one for one in addrs))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--us", required=True, help="command line of our peer")
    parser.add_argument("--peers", default=os.environ.get("CAUSEWAY_PEERS") or os.path.join(ROOT, "Tests", "Peers"))
    options = parser.parse_args()
    namespaces.enter()
    sys.dont_write_bytecode = True
    sys.path.insert(0, os.path.abspath(options.peers))
    import driver
    driver.COMMANDS["us"] = shlex.split(os.path.abspath(options.us))
    report = driver.Report()
    for kind, servers in (("us", 3), ("go", 3), ("js", 3)):
        report.case(f"our client, {kind}'s servers: reached", lambda: client(driver, kind, servers, True))
    report.case("our client, go's servers, behind a firewall", lambda: client(driver, "go", 3, False))
    report.case("go's client, our server: v1 and v2", lambda: version1(driver, "go"))
    report.case("js's client, our servers", lambda: server(driver))
    return report.close()


if __name__ == "__main__":
    sys.exit(main())
