#!/usr/bin/env python3
"""`causeway check` behind each kind of NAT, with two relays of ours on public hosts, with one, and about peers; against the laboratory's truth.
Needs root.

    check.py --causeway .build/debug/causeway --natlab ../shared/natlab
    check.py … --only symmetric
    check.py … --pairs            also about a peer in each cell: every NAT against every other, held against the laboratory's oracle
"""
import argparse
import concurrent.futures
import json
import os
import subprocess
import sys
import tempfile
import time

import natlabs

# By the name of the host: the NAT's presence and mapping, and the finding, as two relays tell them; then the finding with one relay, whose
# STUN server has one port.
TRUTH = {
    "full-cone": (True, "endpoint-independent", "directMostly", "mappingUnknown"),
    "restricted-cone": (True, "endpoint-independent", "directMostly", "mappingUnknown"),
    "port-restricted": (True, "endpoint-independent", "directMostly", "mappingUnknown"),
    "address-symmetric": (True, "address-dependent", "dependentMapping", "mappingUnknown"),
    "symmetric-sequential": (True, "address-and-port-dependent", "dependentMapping", "mappingUnknown"),
    "symmetric-random": (True, "address-and-port-dependent", "dependentMapping", "mappingUnknown"),
    "udp-blocked": (None, None, "udpBlocked", "udpBlocked"),
    "open": (False, "none", "publicAddress", "publicAddress"),
    "firewall-only": (False, "none", "publicAddress", "publicAddress"),
    "hairpin": (True, "endpoint-independent", "directMostly", "mappingUnknown"),
    "phone": (True, "address-and-port-dependent", "carrierMapping", "mappingUnknown"),
    "cgn-home": (True, "address-and-port-dependent", "dependentMapping", "mappingUnknown"),
    "web-only": (None, None, "relayUnreachable", "relayUnreachable"),
}
# Who asks, about a peer behind which NAT, and the finding.
PEERS = [
    ("port-restricted", "full-cone", "peerDirect"),
    ("symmetric-random", "port-restricted", "peerBlockedByOwnNAT"),
    ("port-restricted", "symmetric-random", "peerBlockedThere"),
    ("full-cone", "nobody", "peerUnreachable"),
]
# Behind these a peer is asked about, from each of them.
KINDS = [
    "open", "full-cone", "restricted-cone", "port-restricted", "address-symmetric", "symmetric-sequential", "symmetric-random",
    "udp-blocked", "firewall-only",
]
NOBODY = "12D3KooWGBfKqTqgKTnf9pBcvLKMFZGNzgzSvR1pkNmH5QhxLNhL"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--causeway", required=True, help="the command")
    parser.add_argument("--natlab", required=True, help="the folder of natlab.py")
    parser.add_argument("--only", default="", help="hosts and peers whose names hold this")
    parser.add_argument("--pairs", action="store_true", help="every pair of NATs, which takes minutes")
    parser.add_argument("--show", action="store_true", help="print each report as people see it")
    options = parser.parse_args()
    try:
        natlab = natlabs.load(options.natlab)
    except natlabs.Missing as reason:
        return natlabs.skip("check", reason)
    return Checks(natlab, options).run()


class Checks:
    def __init__(self, natlab, options):
        self.natlab, self.options = natlab, options
        self.causeway = os.path.abspath(options.causeway)
        self.passed = self.failed = 0
        self.processes = []

    def run(self):
        own = {"hairpin": self.natlab.Nat("eim", "apdf", hairpin=True), "cgn": "symmetric-random"}
        nats = {name: own.get(name, name) for name in [*TRUTH, "cgn"] if name not in ("phone", "cgn-home")}
        nats["cgn-home"] = self.natlab.NATS["full-cone"].replace(behind="cgn")
        hosts = {name: name for name in TRUTH if name != "phone"} | {"phone": "cgn"}
        with self.natlab.Lab(nats=nats, hosts=hosts, public=("second",), latency="5ms") as lab, tempfile.TemporaryDirectory() as folder:
            try:
                self.folder, self.lab = folder, lab
                # Two ports of one host tell address-dependent mapping from address-and-port-dependent one.
                two = [self.relay(lab.relay, [4001, 4003]), self.relay(lab.host("second"), [4001])]
                one = [two[1]]
                with concurrent.futures.ThreadPoolExecutor(2) as pool:
                    list(pool.map(lambda name: self.network(name, two, one), [n for n in TRUTH if self.options.only in n]))
                self.peers(two)
                if self.options.pairs:
                    self.pairs(two)
            finally:
                for process in self.processes:
                    process.terminate()
                for process in self.processes:
                    process.wait()
        print(f"{self.passed} passed, {self.failed} failed")
        return 1 if self.failed or not self.passed else 0

    # -- programs

    def start(self, host, *words):
        """Starts a program of ours, and returns its first line."""
        process = host.popen(self.causeway, *words, "--json", stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
        self.processes.append(process)
        return json.loads(process.stdout.readline()), process

    def relay(self, host, ports):
        listen = [f"/ip4/{host.ip}/tcp/4001"] + [f"/ip4/{host.ip}/udp/{port}/webrtc-direct" for port in ports]
        ready, _ = self.start(host, "relay", "--key", os.path.join(self.folder, host.name), *[w for a in listen for w in ("--listen", a)])
        return next(a for a in ready["addrs"] if "/tcp/" in a)

    def check(self, host, relays, *words):
        words = [*[w for relay in relays for w in ("--relay", relay)], *words]
        began = time.monotonic()
        done = host.run(self.causeway, "check", *words, "--json", capture_output=True, text=True, timeout=20)
        took = time.monotonic() - began
        if self.options.show:
            print(host.run(self.causeway, "check", *words, capture_output=True, text=True, timeout=20).stdout, flush=True)
        lines = done.stdout.splitlines()
        if len(lines) != 1:
            return {"error": f"{len(lines)} lines, status {done.returncode}: {done.stderr.strip()}"}
        return json.loads(lines[0]) | {"status": done.returncode, "took": took}

    # -- what is expected

    def expect(self, name, report, **expected):
        # A debug build on a busy machine takes its time to start and to stop.
        wrong = {key: report.get(key) for key, value in expected.items() if report.get(key) != value}
        red = report.get("summary") == "red"
        if report.get("status") != (1 if red else 0):
            wrong["status"] = report.get("status")
        if not report.get("ms", 1e9) <= 5000:
            wrong["ms"] = report.get("ms")
        if wrong or "error" in report:
            self.failed += 1
            print(f"FAIL {name}: expected {expected}, got {wrong}\n     {json.dumps(report)}", flush=True)
        else:
            self.passed += 1
            print(f"ok   {name}: {report['summary']}, {report['finding']}, {report['ms']:.0f} ms", flush=True)

    def network(self, name, two, one):
        isTranslated, mapping, finding, findingOfOne = TRUTH[name]
        host = self.lab.host(name)
        report = self.check(host, two)
        ipv4 = report.get("ipv4", {})
        report |= {"nat": ipv4.get("nat"), "mapping": ipv4.get("mapping"), "hairpinning": ipv4.get("hairpinning")}
        more = {"hairpinning": name == "hairpin"} if mapping == "endpoint-independent" else {}
        if name == "phone":
            more["carrierGrade"] = "ownAddress"
        self.expect(f"{name}, two relays", report, nat=isTranslated, mapping=mapping, finding=finding, **more)
        report = self.check(host, one)
        report |= {"nat": report.get("ipv4", {}).get("nat")}
        self.expect(f"{name}, one relay", report, nat=isTranslated, finding=findingOfOne)

    def peers(self, relays):
        for who, behind, finding in PEERS:
            name = f"{who} asks about {behind}"
            if self.options.only not in name:
                continue
            peer = NOBODY
            if behind != "nobody":
                peer = self.peer(behind, relays[0])
            report = self.check(self.lab.host(who), relays, peer)
            self.expect(name, report, finding=finding)

    def pairs(self, relays):
        """What the check says of each cell, from the side that asks."""
        from oracle import oracle
        peers = {name: self.peer(name, relays[0]) for name in KINDS}
        cells = [(who, behind) for who in KINDS for behind in KINDS if who != behind and self.options.only in f"{who} asks about {behind}"]

        def cell(pair):
            who, behind = pair
            verdict, punched = oracle([who], [behind], "ice"), oracle([who], [behind], "tcp")
            report = self.check(self.lab.host(who), relays, peers[behind])
            if verdict.direct or punched.direct or (punched.direct is None and report.get("finding") == "peerDirect"):
                wanted = "peerDirect"
            elif who == "udp-blocked":
                wanted = "peerBlockedHere"
            elif "symmetric" in who:
                wanted = "peerBlockedByOwnNAT"
            else:
                wanted = "peerBlockedThere"
            self.expect(f"{who} asks about {behind} (oracle: {verdict.reason})", report, finding=wanted)

        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            list(pool.map(cell, cells))

    def peer(self, name, relay):
        """Runs a peer there that holds a place at the relay, and returns its id."""
        ready, process = self.start(self.lab.host(name), "peer", "--no-listen", "--relay", relay)
        for line in process.stdout:
            event = json.loads(line)
            if event["event"] == "reservation" and event["state"] == "made":
                break
        return ready["peerId"]


if __name__ == "__main__":
    sys.exit(main())
