"""Hosts between which the example Copy sends a file: a relay, a sender and a receiver in one network of this process's own."""
import hashlib
import os
import subprocess
import threading
import time

import namespaces

RELAY, SENDER, RECEIVER = "10.89.0.1", "10.89.0.2", "10.89.0.3"


class Program:
    """A program on a host, and its lines with the moment of each."""

    def __init__(self, host, *words):
        self.process = subprocess.Popen([*host.prefix, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        self.lines = []
        self.changed = threading.Condition()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            with self.changed:
                self.lines.append((time.monotonic(), line.strip()))
                self.changed.notify_all()

    def wait(self, matches, within):
        """The first line that matches, also an earlier one. None: there was none in time."""
        end = time.monotonic() + within
        seen = 0
        with self.changed:
            while True:
                for _, line in self.lines[seen:]:
                    seen += 1
                    if matches(line):
                        return line
                if not self.changed.wait(max(0.0, end - time.monotonic())) and time.monotonic() >= end:
                    return None

    def stop(self):
        self.process.kill()
        self.process.wait()


def received(line):
    words = line.split()
    return int(words[1]) if words[:1] == ["received"] else 0


def cut(host, other):
    for rule in (
        "add table inet cut",
        "add chain inet cut in { type filter hook input priority 0; }",
        "add chain inet cut out { type filter hook output priority 0; }",
        f"add rule inet cut in ip saddr {other} drop",
        f"add rule inet cut out ip daddr {other} drop",
    ):
        namespaces.run("nft", rule, within=host)


def mend(host):
    namespaces.run("nft", "delete table inet cut", within=host)


class Lab:
    """The three hosts. `far` has the relay."""

    def __init__(self, command, copy):
        self.command, self.copy = os.path.abspath(command), os.path.abspath(copy)
        namespaces.bridge("network")
        self.far, self.sender, self.receiver = (namespaces.Host().attach("network", f"{ip}/24") for ip in (RELAY, SENDER, RECEIVER))
        self.hosts = (self.far, self.sender, self.receiver)

    def relay(self, port=4001):
        """A relay that lets files through, and its address."""
        relay = Program(
            self.far, self.command, "relay", "--listen", f"/ip4/{RELAY}/tcp/{port}", "--ephemeral", "--circuit-data", "1GiB", "--circuit-time",
            "600s")
        line = relay.wait(lambda line: f"/ip4/{RELAY}/tcp/{port}/p2p/" in line, 20)
        return relay, next(word for word in line.split() if word.startswith(f"/ip4/{RELAY}/tcp"))

    def start(self, address, sent, taken):
        """Both ends of a copy over the relay."""
        taker = Program(self.receiver, self.copy, address, taken)
        circuit = taker.wait(lambda line: line.startswith("Copy "), 60)
        return Program(self.sender, self.copy, circuit.split()[1], sent), taker

    def end(self):
        for host in self.hosts:
            host.end()


def make(path, size):
    with open(path, "wb") as file:
        file.write(os.urandom(size))


def digest(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def stalls(taker):
    """The times between two arrivals."""
    moments = [at for at, line in taker.lines if received(line)]
    return [b - a for a, b in zip(moments, moments[1:])]
