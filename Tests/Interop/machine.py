#!/usr/bin/env python3
"""A machine whose addresses change while its node runs, in network namespaces of this test's own.

    machine.py --command .build/optimised/release/causeway

A relay and a peer stand on one network. The peer loses the address by which it is connected and gets another: it is reserved again within 5 s,
and by TCP and by WebRTC alike. Then it loses all addresses, and has one again. A dial whose SYN nobody answers goes on from another address. A
relay that listens everywhere and starts without an address advertises the one that it gets. A link-local address is listened on and dialled with its zone.
"""

import argparse
import json
import os
import queue
import subprocess
import sys
import threading
import tempfile
import time

import namespaces

PATIENCE = 5.0
# What a busy machine may add.
SLACK = 3.0
results = []


def tell(name, ok, seen):
    results.append(ok)
    print(f"{'ok  ' if ok else 'FAIL'} {name}: {seen}", flush=True)


def addresses(host, *words):
    namespaces.run("ip", "addr", *words, "dev", "eth0", within=host)


class Command:
    """The command on a host, and the lines that it prints."""

    def __init__(self, host, *words):
        self.process = subprocess.Popen(
            [*host.prefix, arguments.command, *words, "--json"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        self.lines = queue.Queue()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.lines.put((time.monotonic(), json.loads(line)))

    def wait(self, matches, within):
        """The first line that matches, and when it came. Earlier ones are dropped."""
        end = time.monotonic() + within
        while True:
            try:
                at, line = self.lines.get(timeout=max(0.01, end - time.monotonic()))
            except queue.Empty:
                return None, None
            if matches(line):
                return at, line

    def stop(self):
        self.process.terminate()
        self.process.wait()


def is_reserved(line):
    return line.get("event") == "reservation" and line.get("state") in ("made", "refreshed")


def change(name, peer, work):
    began = time.monotonic()
    work()
    at, _ = peer.wait(is_reserved, 60)
    took = None if at is None else at - began
    tell(name, took is not None and took < PATIENCE + SLACK, "never" if took is None else f"reserved again after {took:.1f} s")


def moves(relay_words, label):
    relay = Command(far, "relay", *relay_words, "--key", f"{folder}/relay.key")
    _, ready = relay.wait(lambda line: "addrs" in line, 20)
    address = next(one for one in ready["addrs"] if label in one and "10.88.0.1" in one)
    peer = Command(near, "peer", "--relay", address)
    at, _ = peer.wait(is_reserved, 30)
    tell(f"{label}: the peer is reserved", at is not None, address.split("/p2p/")[0][:60])

    def other(old, new):
        # In the other order the new one would go with the old one, of whose network it is.
        addresses(near, "del", f"10.88.0.{old}/24")
        addresses(near, "add", f"10.88.0.{new}/24")

    change(f"{label}: another address", peer, lambda: other(2, 3))

    addresses(near, "flush")
    time.sleep(8)
    change(f"{label}: an address again", peer, lambda: addresses(near, "add", "10.88.0.2/24"))
    peer.stop()
    relay.stop()


def hangs():
    """The relay's machine does not answer the address from which it is dialled. The next SYN to come would be seconds later."""
    relay = Command(far, "relay", "--listen", "/ip4/10.88.0.1/tcp/4001", "--key", f"{folder}/relay.key")
    _, ready = relay.wait(lambda line: "addrs" in line, 20)
    namespaces.run("ip", "route", "add", "blackhole", "10.88.0.2/32", within=far)
    dial = subprocess.Popen([*near.prefix, arguments.command, "dial", ready["addrs"][0]], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    time.sleep(3.5)
    began, waited = time.monotonic(), dial.poll() is None
    addresses(near, "del", "10.88.0.2/24")
    addresses(near, "add", "10.88.0.3/24")
    said = dial.communicate(timeout=30)[0].strip().splitlines()
    took = time.monotonic() - began
    tell("a dial that hangs goes on from another address", waited and dial.returncode == 0 and took < PATIENCE + SLACK, f"{took:.1f} s, {said[-1:]}")
    namespaces.run("ip", "route", "del", "blackhole", "10.88.0.2/32", within=far)
    relay.stop()


def grows():
    addresses(far, "flush")
    relay = Command(far, "relay", "--listen", "/ip4/0.0.0.0/tcp/4001", "--key", f"{folder}/relay.key")
    relay.wait(lambda line: "addrs" in line, 20)
    began = time.monotonic()
    addresses(far, "add", "10.88.0.9/24")
    at, _ = relay.wait(lambda line: any("/ip4/10.88.0.9/tcp/4001" in one for one in line.get("addrs") or line.get("addresses") or []), 20)
    tell("a relay without an address gets one", at is not None, "never" if at is None else f"told after {at - began:.1f} s")
    relay.stop()


def zones():
    """A link-local address, which means nothing without its interface."""
    for host, ip in ((far, "fe80::1"), (near, "fe80::2")):
        # At once, without asking first whether another host has it.
        namespaces.run("ip", "addr", "add", f"{ip}/64", "dev", "eth0", "nodad", within=host)
    place = "/ip6zone/eth0/ip6/fe80::1/tcp/4001"
    relay = Command(far, "relay", "--listen", place, "--key", f"{folder}/relay.key")
    _, ready = relay.wait(lambda line: "addrs" in line, 20)
    address = next((one for one in ready["addrs"] if one.startswith(place)), None)
    tell("a relay listens on a link-local address and prints its zone", address is not None, ready["addrs"])
    dial = subprocess.run([*near.prefix, arguments.command, "dial", address or place], capture_output=True, text=True, timeout=30)
    tell("and is dialled by it", dial.returncode == 0, (dial.stdout or dial.stderr).strip().splitlines()[-1])
    relay.stop()


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--command", required=True, help="causeway")
arguments = parser.parse_args()
arguments.command = os.path.abspath(arguments.command)
namespaces.enter()
network = namespaces.bridge("network")
far, near = (namespaces.Host().attach(network, f"10.88.0.{number}/24") for number in (1, 2))
try:
    with tempfile.TemporaryDirectory() as folder:
        moves(["--listen", "/ip4/10.88.0.1/tcp/4001"], "/tcp/")
        moves(["--listen", "/ip4/10.88.0.1/udp/4001/webrtc-direct"], "/webrtc-direct")
        hangs()
        grows()
        zones()
finally:
    for host in (far, near):
        host.end()
print(f"{results.count(True)} passed, {results.count(False)} failed")
sys.exit(0 if results and all(results) else 1)
