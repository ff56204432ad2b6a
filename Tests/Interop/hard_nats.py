#!/usr/bin/env python3
"""Two peers of ours between whose NATs ICE finds no path, and who allow hard NATs (docs/hard-nats.md): how often, how soon, and with how
many entries in their NATs do they connect directly? Our relay is on a public host. Every other run, it has two UDP ports; else there is a second STUN
server. Needs root.

    hard_nats.py --us .build/optimised/release/causeway-testpeer --natlab ../shared/natlab
    hard_nats.py … --runs 3
"""
import argparse
import os
import shlex
import sys
import time

SEQUENTIAL, RANDOM, RESTRICTED = "symmetric-sequential", "symmetric-random", "port-restricted"
# Who dials, who is dialled, seconds, entries that both NATs have for UDP at most, and the share of runs that are direct at least: random
# ports miss each other in one of a hundred.
CELLS = [(RANDOM, RESTRICTED, 10, 1500, 0.9), (RESTRICTED, RANDOM, 10, 1500, 0.9), (SEQUENTIAL, RESTRICTED, 2, 250, 1),
         (RESTRICTED, SEQUENTIAL, 2, 250, 1)]
RELAY = {"limited": False}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--us", required=True, help="our test peer")
    parser.add_argument("--natlab", required=True, help="the folder of natlab.py")
    parser.add_argument("--peers", help="the folder of driver.py; default: beside natlab's")
    parser.add_argument("--runs", type=int, default=10, help="of each cell")
    options = parser.parse_args()
    if os.geteuid():
        return skip("network namespaces need root")
    os.environ["CAUSEWAY_PEER_US"] = shlex.quote(os.path.abspath(options.us))
    sys.path[:0] = [os.path.abspath(options.natlab), os.path.abspath(options.peers or os.path.join(options.natlab, "..", "peers"))]
    try:
        import driver
        import natlab
    except ImportError as error:
        return skip(str(error))
    natlab.require()
    natlab.clean()
    failed = 0
    for one, other, seconds, entries, share in CELLS:
        good = 0
        for number in range(options.runs):
            ok, seen = run(natlab, driver, one, other, seconds, entries, alone=number % 2 == 1)
            good += ok
            print(f"     {one} -> {other} {number + 1}: {seen}", flush=True)
        enough = good >= share * options.runs
        failed += not enough
        print(f"{'ok  ' if enough else 'FAIL'} {one} -> {other}: {good} of {options.runs} direct within {seconds} s and {entries} entries", flush=True)
    ok, seen = run(natlab, driver, RANDOM, RESTRICTED, 14, 100, allows=False)
    relayed = not ok and not seen.startswith("direct")
    failed += not relayed
    print(f"{'ok  ' if relayed else 'FAIL'} not allowed: {seen}")
    print(f"{len(CELLS) + 1 - failed} passed, {failed} failed")
    return 1 if failed else 0


def skip(reason):
    """A loud line locally, a failure in CI."""
    print(f"SKIPPED hard NATs: {reason}")
    return 1 if os.environ.get("CI") == "true" else 0


def run(natlab, driver, one, other, seconds, most, allows=True, alone=False):
    """Whether the dial came to a direct connection in time, and what happened."""
    peers = []
    with natlab.Lab(nats={"a": one, "b": other}, latency="10ms") as lab:
        try:
            def peer(name, **config):
                peers.append(driver.Peer("us", prefix=lab.host(name).prefix, hardNats=allows, **config))
                return peers[-1]

            relay = peer("relay", relay=RELAY, listen=[f"/ip4/{lab.relay.ip}/{port}" for port in ("tcp/4001", "udp/4001/webrtc-direct", *(["udp/4002/webrtc-direct"] if alone else []))])
            servers = [] if alone else lab.stun_servers
            a = peer("a", listen=[], stunServers=servers)
            b = peer("b", listen=["/p2p-circuit", "/webrtc"], stunServers=servers)
            at = f"/ip4/{lab.relay.ip}/tcp/4001/p2p/{relay.id}"
            b("reserve", addr=at)
            start, error = time.monotonic(), "direct"
            try:
                a("dial", addr=f"{at}/p2p-circuit/webrtc/p2p/{b.id}", within=20, timeoutMs=15_000)
            except driver.PeerError as failure:
                error = str(failure)
            took = time.monotonic() - start
            entries = sum(len(mapping["remotes"]) for name in "ab" for mapping in lab.mappings(name) if mapping["proto"] == "udp")
            if error == "direct" and not a("echo", peerId=b.id, bytes=100_000, within=30)["matched"]:
                error = "bytes differ"
            if not allows:
                assert entries <= most, f"{entries} entries although it was not allowed"
            ok = error == "direct" and took <= seconds and entries <= most
            return ok, f"{error[:300]}, {took:.1f} s, {entries} entries"
        finally:
            for one in peers:
                one.stop()


if __name__ == "__main__":
    sys.exit(main())
