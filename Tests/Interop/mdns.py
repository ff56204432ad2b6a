#!/usr/bin/env python3
"""Our peer, go-libp2p and js-libp2p find each other in a local network by multicast DNS. Half a minute.

    Tests/Interop/mdns.py --us .build/optimised/release/causeway-testpeer

Needs the peers of go and js: --peers, $CAUSEWAY_PEERS, or Tests/Peers.
"""
import argparse
import os
import shlex
import socket
import sys
import time

import namespaces

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
GROUP = ("224.0.0.251", 5353)


def name(text):
    return b"".join(bytes([len(label)]) + label.encode() for label in text.split(".")) + b"\0"


def forged(number, addresses):
    """What a peer would say of itself that nobody has ever met."""
    instance = f"forged{number}._p2p._udp.local"
    texts = b"".join(bytes([len(text)]) + text for text in (f"dnsaddr={address}".encode() for address in addresses))
    records = [("_p2p._udp.local", 12, name(instance)), (instance, 16, texts)]
    body = b"".join(name(owner) + kind.to_bytes(2) + b"\0\1\0\0\0\x78" + len(data).to_bytes(2) + data for owner, kind, data in records)
    return b"\0\0\x84\0\0\0\0\2\0\0\0\0" + body


def stranger(host, datagrams):
    """Sends from a program of its own in the host's network."""
    code = """if True:
        import socket, sys, time
        one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        one.bind(("", 5353))
        for line in sys.stdin:
            one.sendto(bytes.fromhex(line), ("224.0.0.251", 5353))
    """
    import subprocess
    subprocess.run([*host.prefix, sys.executable, "-c", code], input="\n".join(one.hex() for one in datagrams), text=True, check=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--us", required=True, help="command line of our peer")
    parser.add_argument("--peers", default=os.environ.get("CAUSEWAY_PEERS") or os.path.join(ROOT, "Tests", "Peers"))
    options = parser.parse_args()
    namespaces.enter()
    sys.path.insert(0, os.path.abspath(options.peers))
    import driver
    driver.COMMANDS["us"] = shlex.split(options.us)
    lan = namespaces.bridge("lan")
    hosts = [namespaces.Host().attach(lan, f"192.168.77.{10 + number}/24", gateway="192.168.77.1") for number in range(3)]

    def peer(implementation, number, **config):
        return driver.Peer(
            implementation, prefix=hosts[number].prefix, listen=[f"/ip4/192.168.77.{10 + number}/tcp/0"], **{"mdns": True, **config})

    def finds(one, other, place="/ip4/192.168.77."):
        seen = one.wait("peer:discovery", timeout=15, where=lambda event: event["peerId"] == other.id)
        assert any(place in address for address in seen["addrs"]), seen
        one("dial", addr=seen["addrs"][0] if "/p2p/" in seen["addrs"][0] else f"{seen['addrs'][0]}/p2p/{other.id}")
        assert one("echo", peerId=other.id, bytes=1000)["matched"]

    def both(first, second):
        """Who comes first is found by who comes later, and the other way round."""
        with peer(first, 0) as one:
            time.sleep(1)
            with peer(second, 1) as other:
                finds(other, one)
                finds(one, other)

    def six(first, second):
        """In a network without IPv4, and by a group of IPv6 alone."""
        inside = [namespaces.Host().attach(lan, f"192.168.79.{number}/24") for number in (1, 2)]
        try:
            for number, host in enumerate(inside):
                namespaces.run("ip", "addr", "del", f"192.168.79.{number + 1}/24", "dev", "eth0", within=host)
                namespaces.run("ip", "addr", "add", f"fd77::{number + 1}/64", "dev", "eth0", "nodad", within=host)
            # By then their link-local addresses count.
            time.sleep(2.5)
            with driver.Peer(first, prefix=inside[0].prefix, listen=["/ip6/fd77::1/tcp/0"], mdns=True) as one:
                with driver.Peer(second, prefix=inside[1].prefix, listen=["/ip6/fd77::2/tcp/0"], mdns=True) as other:
                    finds(one, other, "/ip6/fd77::2/")
                    finds(other, one, "/ip6/fd77::1/")
        finally:
            for host in inside:
                host.end()

    def dials():
        with peer("us", 0), peer("us", 1, mdns={"dial": True}) as other:
            other.wait("peer:connect", timeout=10)

    def quiet():
        with peer("us", 0, mdns=False) as one, peer("us", 1) as other:
            time.sleep(3)
            assert not [event for event in one.events + other.events if event["event"] == "peer:discovery"]

    def later():
        """A peer that starts before its network is there listens in it, tells of itself and maps to nothing else."""
        host = namespaces.Host()
        try:
            with driver.Peer("us", prefix=host.prefix, listen=["/ip4/0.0.0.0/tcp/0"], mdns=True) as one, peer("us", 0) as other:
                assert all("/127.0.0.1/" in address or "/0.0.0.0/" in address for address in one.addrs), one.addrs
                host.attach(lan, "192.168.77.50/24")
                other.wait("peer:discovery", 12, lambda event: event["peerId"] == one.id and "/ip4/192.168.77.50/" in event["addrs"][0])
                one.address("/ip4/192.168.77.50/")
                namespaces.run("ip", "addr", "del", "192.168.77.50/24", "dev", "eth0", within=host)
                namespaces.run("ip", "addr", "add", "192.168.77.51/24", "brd", "+", "dev", "eth0", within=host)
                other.wait("peer:discovery", 12, lambda event: event["peerId"] == one.id and "/ip4/192.168.77.51/" in event["addrs"][0])
                assert not [address for address in one("addrs")["addrs"] if "192.168.77.50" in address]
        finally:
            host.end()

    def forgeries():
        """Addresses of other networks and of loopback are neither believed nor dialled, and a flood keeps nobody from being found."""
        trap = socket.create_server(("192.168.77.1", 9))
        trap.setblocking(False)
        with peer("us", 0, mdns={"dial": True}) as one:
            stranger(hosts[2], [forged(0, [f"/ip4/{ip}/tcp/9/p2p/{ids(0)}" for ip in ("127.0.0.1", "10.1.2.3", "192.168.78.1", "169.254.3.3")])])
            stranger(hosts[2], [forged(number, [f"/ip4/192.168.77.1/tcp/9/p2p/{ids(number)}"]) for number in range(1, 3000)])
            time.sleep(0.5)
            found = [event for event in one.events if event["event"] == "peer:discovery"]
            assert not [event for event in found if event["peerId"] == ids(0)], found[:1]
            assert 0 < len(found) <= 64, len(found)
            dialled = 0
            try:
                while True:
                    trap.accept()[0].close()
                    dialled += 1
            except BlockingIOError:
                pass
            assert dialled <= 16, dialled
            with peer("us", 1) as other:
                finds(one, other)
        trap.close()
        return f"{len(found)} of 3000 forged peers reported, {dialled} dialled"

    namespaces.run("ip", "addr", "add", "192.168.77.1/24", "dev", lan)
    report = driver.Report()
    try:
        for first, second in (("us", "us"), ("us", "go"), ("go", "us"), ("us", "js"), ("js", "us")):
            report.case(f"mdns {first} {second}", lambda: both(first, second))
        for first, second in (("us", "us"), ("us", "go"), ("go", "us")):
            report.case(f"mdns by IPv6 {first} {second}", lambda: six(first, second))
        report.case("mdns dials what it finds", dials)
        report.case("mdns is off", quiet)
        report.case("mdns follows the machine's addresses", later)
        report.case("mdns and forged peers", forgeries)
    finally:
        for host in hosts:
            host.end()
    report.close()


def ids(number):
    """A peer id: the multihash (SHA-256) of nothing in particular, in base 58."""
    digits, value = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz", int.from_bytes(b"\x12\x20" + number.to_bytes(32))
    text = ""
    while value:
        value, digit = divmod(value, 58)
        text = digits[digit] + text
    return text


if __name__ == "__main__":
    main()
