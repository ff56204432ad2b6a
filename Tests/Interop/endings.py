#!/usr/bin/env python3
"""Ends of the command: whatever it waits for and whoever reads what it says, it ends by itself, with its own status, in time.

    endings.py --command .build/optimised/release/causeway --us .build/optimised/release/causeway-testpeer

500 runs of ping, dial and id end with the status that is theirs, none by a signal. SIGTERM, SIGINT and SIGHUP end a relay, a peer, a
dial, a handshake and a look-up within 2 s, with standard output a full pipe, and a second one at once. What was written before a stream was
closed is with its remote although the process has gone. A slow pipe loses no line.
"""

import argparse
import base64
import concurrent.futures
import fcntl
import json
import os
import pty
import signal
import socket
import subprocess
import sys
import threading
import time

PEER = "12D3KooWKAhVNgcysjtAYj3q5FBayZJ1qBp6G1LXNvCvS9HacJhr"
# What a user waits for at most, and what a busy machine may add: the command's own bounds are below 2 s together.
PATIENCE = 2.0
SLACK = 3.0

results = []


def tell(name, ok, seen):
    results.append(ok)
    print(f"{'ok  ' if ok else 'FAIL'} {name}: {seen}", flush=True)


def start(*words, **options):
    options.setdefault("stdin", subprocess.DEVNULL)
    options.setdefault("stdout", subprocess.DEVNULL)
    options.setdefault("stderr", subprocess.DEVNULL)
    # No relay keeps its key where this user's own has it.
    return subprocess.Popen([arguments.command, *words, *(["--ephemeral"] if words[0] == "relay" else [])], **options)


def relay(*words):
    """A relay that runs, and its address by number."""
    process = start("relay", "--json", "--loops", "1", "--listen", "/ip4/127.0.0.1/tcp/0", *words, stdout=subprocess.PIPE)
    return process, json.loads(process.stdout.readline())["addrs"][0]


def listener():
    """A port that takes connections and says nothing."""
    server = socket.socket()
    server.bind(("127.0.0.1", 0))
    server.listen(64)
    return server, f"/ip4/127.0.0.1/tcp/{server.getsockname()[1]}/p2p/{PEER}"


def ended(process, within):
    """Its status and how long it took; killed, with status None, if it does not end."""
    began = time.monotonic()
    try:
        status = process.wait(within)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        status = None
    return status, time.monotonic() - began


# -- 500 runs


def runs():
    server, address = relay()
    key = os.path.join(arguments.scratch, "endings.key")
    subprocess.run([arguments.command, "keygen", key], stdout=subprocess.DEVNULL, check=True)
    by_name = address.replace("/ip4/127.0.0.1/", "/dns4/localhost/")
    either = address.replace("/ip4/127.0.0.1/", "/dns/localhost/")
    nothing = f"/dns4/localhost/tcp/9/p2p/{PEER}"
    kinds = [
        ("ping by name", ["ping", "--count", "1", by_name], 0, 120),
        ("dial by name", ["dial", by_name], 0, 80),
        ("ping by name of both families", ["ping", "--count", "1", either], 0, 40),
        ("ping by address", ["ping", "--count", "1", address], 0, 60),
        ("dial by address", ["dial", address], 0, 50),
        ("dial to nothing by name", ["dial", nothing], 1, 70),
        ("ping to nothing by address", ["ping", nothing.replace("dns4/localhost", "ip4/127.0.0.1")], 1, 40),
        ("id", ["id", key], 0, 40),
    ]

    def run(words):
        try:
            return start(*words).wait(30)
        except subprocess.TimeoutExpired:
            return None

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for name, words, expected, count in kinds:
            statuses = list(pool.map(run, [words] * count))
            wrong = {status: statuses.count(status) for status in statuses if status != expected}
            tell(f"{count} x {name} end with {expected}", not wrong, f"others: {wrong or 'none'}")
    os.unlink(key)
    server.terminate()
    status, took = ended(server, PATIENCE + SLACK)
    tell("a relay that was used ends with 0, although nobody reads it", status == 0, f"status {status} after {took:.2f} s")


# -- Signals


def waits(name, words, numbers=(signal.SIGTERM, signal.SIGINT, signal.SIGHUP), ready=0.4, **options):
    for number in numbers:
        process = start(*words, **options)
        time.sleep(ready)
        if process.poll() is not None:
            tell(f"{name}: {number.name}", False, f"it did not wait: status {process.returncode}")
            continue
        process.send_signal(number)
        status, took = ended(process, PATIENCE + SLACK)
        tell(f"{name}: {number.name}", status is not None and status >= 0, f"status {status} after {took:.2f} s")


def full_pipe():
    """A pipe that nobody reads and that has no room, as file descriptors."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    try:
        while True:
            os.write(writer, b"x" * 4096)
    except BlockingIOError:
        pass
    os.set_blocking(writer, True)
    return reader, writer


def signals():
    # A name server that never answers, which the command finds where /etc/resolv.conf can be replaced.
    silent, address = listener()
    waits("a handshake that is not answered", ["dial", address])
    waits("a peer", ["peer"])
    waits("a ping", ["ping", "--count", "1000", address])
    # Nobody answers in TEST-NET-1, or nothing leads there at all.
    nowhere = f"/ip4/192.0.2.1/tcp/9/p2p/{PEER}"
    if start("dial", nowhere).poll() is None:
        unanswered = start("dial", nowhere)
        time.sleep(0.4)
        if unanswered.poll() is None:
            unanswered.terminate()
            status, took = ended(unanswered, PATIENCE + SLACK)
            tell("a dial that is not answered: SIGTERM", status is not None and status >= 0, f"status {status} after {took:.2f} s")
    look_up()
    for number in (signal.SIGTERM, signal.SIGINT):
        reader, writer = full_pipe()
        process = start("relay", "--listen", "/ip4/127.0.0.1/tcp/0", stdout=writer)
        time.sleep(0.5)
        process.send_signal(number)
        status, took = ended(process, PATIENCE + SLACK)
        tell(f"a relay whose output nobody reads: {number.name}", status is not None and status >= 0, f"status {status} after {took:.2f} s")
        os.close(reader)
        os.close(writer)
    reader, writer = full_pipe()
    process = start("peer", stdout=writer)
    time.sleep(0.4)
    for _ in range(2):
        process.send_signal(signal.SIGTERM)
        time.sleep(0.02)
    status, took = ended(process, PATIENCE + SLACK)
    tell("a second signal ends at once", status is not None and took < 1.0, f"status {status} after {took:.2f} s")
    os.close(reader)
    os.close(writer)
    terminal()
    process, _ = relay()
    process.send_signal(signal.SIGHUP)
    time.sleep(0.5)
    tell("a relay outlives SIGHUP", process.poll() is None, f"status {process.poll()}")
    process.terminate()
    ended(process, 10)
    silent.close()


def look_up():
    """In a mount namespace of its own, where the only name server is a port that never answers."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        server.bind(("127.0.0.1", 53))
    except OSError as error:
        print(f"     a look-up that is not answered: left out, port 53 cannot be had ({error})")
        return
    place = os.path.join(arguments.scratch, "resolv.conf")
    with open(place, "w") as file:
        file.write("nameserver 127.0.0.1\n")
    namespace = ["unshare", "--mount", "sh", "-c", f'mount --bind {place} /etc/resolv.conf && exec "$0" "$@"']
    if subprocess.run([*namespace, "true"], stderr=subprocess.DEVNULL).returncode:
        print("     a look-up that is not answered: left out, no mount namespace can be had")
        return
    for kind in ("dns4", "dns", "dnsaddr"):
        process = subprocess.Popen(
            [*namespace, arguments.command, "dial", f"/{kind}/name.example/tcp/9/p2p/{PEER}" if kind != "dnsaddr" else
             f"/dnsaddr/name.example/p2p/{PEER}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(0.6)
        waiting = process.poll() is None
        process.terminate()
        status, took = ended(process, PATIENCE + SLACK)
        tell(f"a look-up by /{kind} that is not answered: SIGTERM", waiting and status is not None and status >= 0,
             f"status {status} after {took:.2f} s")
    server.close()
    os.unlink(place)


def terminal():
    """A terminal that is closed takes its peer with it."""
    for words in (["peer"], ["ping", "--count", "1000", relay_address]):
        child, master = pty.fork()
        if child == 0:
            os.execv(arguments.command, [arguments.command, *words])
        time.sleep(0.5)
        os.close(master)
        began = time.monotonic()
        while time.monotonic() - began < PATIENCE + SLACK and os.waitpid(child, os.WNOHANG)[0] == 0:
            time.sleep(0.02)
        took = time.monotonic() - began
        try:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            gone = False
        except (ProcessLookupError, ChildProcessError):
            gone = True
        tell(f"a {words[0]} whose terminal is closed", gone, f"{'ended' if gone else 'lives on'} after {took:.2f} s")


# -- Nothing is lost


class TestPeer:
    def __init__(self, listen):
        self.process = subprocess.Popen(
            [arguments.us], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.process.stdin.write(json.dumps({"listen": listen}) + "\n")
        self.process.stdin.flush()
        self.number = 0
        self.addresses = self.until(lambda line: line.get("event") == "ready")["addrs"]

    def until(self, matches):
        while True:
            line = json.loads(self.process.stdout.readline())
            if matches(line):
                return line

    def ask(self, command, **fields):
        self.number += 1
        number = self.number
        self.process.stdin.write(json.dumps({"id": number, "cmd": command, **fields}) + "\n")
        self.process.stdin.flush()
        answer = self.until(lambda line: line.get("id") == number)
        if not answer["ok"]:
            raise RuntimeError(f"{command}: {answer}")
        return answer


def arrival():
    name, size = "/causeway-test/arrival/1.0.0", 3_000_000
    for kind in ("", "/ws"):
        receiver, sender = TestPeer(["/ip4/127.0.0.1/tcp/0" + kind]), TestPeer([])
        receiver.ask("handle", protocol=name)
        peer = receiver.addresses[0].rsplit("/", 1)[1]
        sender.ask("dial", addr=receiver.addresses[0])
        got, ends = 0, []

        def collect():
            nonlocal got
            while not ends:
                line = json.loads(receiver.process.stdout.readline() or '{"event": "stream-end", "reset": "no more lines"}')
                if line.get("event") == "stream-data":
                    got += len(base64.b64decode(line["base64"]))
                elif line.get("event") == "stream-end":
                    ends.append(line["reset"])

        stream = sender.ask("open", peerId=peer, protocol=name)["stream"]
        collector = threading.Thread(target=collect)
        collector.start()
        sender.ask("write", stream=stream, base64=base64.b64encode(bytes(size)).decode())
        sender.ask("close", stream=stream)
        sender.process.stdin.write(json.dumps({"id": 0, "cmd": "stop"}) + "\n")
        sender.process.stdin.flush()
        status, _ = ended(sender.process, 20)
        collector.join(20)
        tell(f"3 MB over {kind or 'tcp'}, closed, and the process gone", got == size and ends == [False] and status == 0,
             f"{got} bytes, reset {ends}, status {status}")
        receiver.process.stdin.close()
        ended(receiver.process, 20)


def slow_pipe():
    """A reader that is slow at the end of a pipe that does not block: every connection is told."""
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    os.set_blocking(writer, False)
    process = start("relay", "--json", "--loops", "1", "--listen", "/ip4/127.0.0.1/tcp/0", stdout=writer)
    os.close(writer)
    lines, text = [], b""
    address = None
    clients = []
    while True:
        part = os.read(reader, 512)
        if not part:
            break
        text += part
        *whole, text = text.split(b"\n")
        lines += [json.loads(line) for line in whole]
        if address is None:
            found = [line["addrs"] for line in lines if line.get("event") == "ready"]
            if found:
                address = found[0][0]
                clients = [start("ping", "--count", "1", address) for _ in range(40)]
                for client in clients:
                    client.wait(30)
                process.terminate()
    status, _ = ended(process, 10)
    seen = sum(line.get("event") == "connected" for line in lines)
    tell("a slow pipe loses no line", seen == 40 and not text, f"{seen} of 40 connections told, status {status}")


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--command", required=True, help="the causeway command")
parser.add_argument("--us", required=True, help="causeway-testpeer")
parser.add_argument("--scratch", default="/tmp", help="a folder for files that are gone at the end")
arguments = parser.parse_args()
began = time.monotonic()
runs()
companion, relay_address = relay()
signals()
companion.terminate()
ended(companion, 10)
arrival()
slow_pipe()
print(f"{results.count(True)} passed, {results.count(False)} failed ({time.monotonic() - began:.0f} s)")
sys.exit(results.count(False) != 0)
