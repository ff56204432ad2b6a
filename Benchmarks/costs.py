#!/usr/bin/env python3
"""What strangers' work costs the relay that they work on: operations a CPU-second, of us and of go in the same run.

    costs.py --us TESTPEER --peers PEERS [--only NAME,NAME] [--runs N] [--seconds S] [--keep]

Beside them stands what a server of bare system calls (bare.c) spends on a connection that is cut or refused: nobody spends less.

The hostile node of Tests/Adversary makes the load; only the relay's CPU is read, from /proc, so a slow generator does not matter. Every
operation runs against a relay of its own, us and go in turn. Needs Linux; operations of many addresses run in a network namespace.
"""
import argparse
import os
import statistics
import struct
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "Tests", "Adversary"))

import crypto  # noqa: E402
import gossip  # noqa: E402
import network  # noqa: E402
import relay  # noqa: E402
import victims  # noqa: E402
import wire  # noqa: E402
import yamux  # noqa: E402

ECHO, TOPIC, ADDRESS = "/causeway-test/echo/1.0.0", "costs", "10.77.0.1"
GONE = (OSError, wire.WireError)
# Connections that are taken from one address before one is refused, with room for go's own defaults.
CROWD = 300
AT_ONCE = 32


class Target:
    """A relay under load. Its one reservation is taken, and it listens to the topic."""

    def __init__(self, who, **configuration):
        self.relay = victims.Peer(who, listen=[f"/ip4/{ADDRESS}/tcp/0"], relay={"reservations": 1}, **configuration)
        self.relay("subscribe", topic=TOPIC, events=False)
        self.address, self.measured = self.relay.direct, self.relay.measured
        self.port = wire.endpoint(self.address)[1]
        self._open = []
        self._places = 0

    def keep(self, connection):
        self._open.append(connection)
        return connection

    def dial(self, **options):
        return yamux.dial(self.address, source=self.place(), **options)

    def place(self):
        """Addresses in turn, so that no limit of one is met by accident."""
        self._places += 1
        return f"10.77.{1 + self._places // 200 % 200}.{1 + self._places % 200}"

    def socket(self, source=None):
        return wire.connect(ADDRESS, self.port, source or self.place(), 10)

    def close(self):
        for connection in self._open:
            connection.close()
        self.relay.stop()


class Bare(Target):
    """The server of bare system calls. It can be asked for what needs no protocol."""

    def __init__(self, program, manner):
        self.process = subprocess.Popen([program, ADDRESS, manner], stdout=subprocess.PIPE, text=True)
        self.port, self.measured = int(self.process.stdout.readline()), victims.Measured(self.process.pid)
        self._places = 0

    def close(self):
        self.process.kill()
        self.process.wait()


# Each takes a target, prepares what it needs, and returns what does some operations and says how many they were.

def handshake(target):
    """A connection with all its handshakes, and an echo on it."""
    def work():
        connection = target.dial()
        stream = connection.open(ECHO)
        stream.write(bytes(32))
        stream.read(32)
        connection.close()
        return 1
    return work


def cut(step):
    """A connection that ends behind a step of its handshake, some at once; the relay has answered it then."""
    first = struct.pack(">H", 32) + crypto.exchange_key()[1]
    said = {"connect": b"", "header": wire.proposal(), "first message": wire.proposal("/noise") + first}[step]
    answer = {"connect": 0, "header": len(said), "first message": len(wire.proposal("/noise")) + 2 + 200}[step]

    def prepare(target):
        def work():
            sockets = [target.socket() for _ in range(AT_ONCE)]
            for sock in sockets:
                sock.sendall(said)
            for sock in sockets:
                left = answer
                while left > 0:
                    left -= len(sock.recv(4096)) or left
                sock.close()
            return AT_ONCE
        return work
    return prepare


def last_message(target):
    """As a handshake, and nothing follows."""
    def work():
        target.dial().close()
        return 1
    return work


def refused(target):
    """A connection too many of one address."""
    place = "10.77.250.1"
    for _ in range(0 if isinstance(target, Bare) else CROWD):
        try:
            target.keep(yamux.dial(target.address, source=place, timeout=3))
        except GONE:
            break
    else:
        if not isinstance(target, Bare):
            raise Unasked("it refuses none")

    def work():
        sockets = [target.socket(place) for _ in range(AT_ONCE)]
        for sock in sockets:
            try:
                # Ours asks who may come when something is said. It ends at once, or the socket's time is up.
                sock.sendall(wire.proposal())
                while sock.recv(4096):
                    pass
            except (ConnectionResetError, BrokenPipeError):
                pass
            sock.close()
        return AT_ONCE
    return work


def neighbours(target, count=32):
    return [Neighbour(target) for _ in range(count)]


class Neighbour:
    """Says things by gossip, with a new connection if the last one or its stream was ended."""

    def __init__(self, target):
        self._target, self._stream = target, None
        self.identity = crypto.Identity()
        self.said = 0
        self._connect()

    def _connect(self):
        self._connection, self._stream = gossip.neighbour(self._target.address, self.identity, [TOPIC], source=self._target.place())
        self._target.keep(self._connection)

    def say(self, data):
        if self._stream.write(data, 5) < len(data):
            self._connection.close()
            self._connect()


def in_turn(target, make, each):
    """Neighbours say what `make` gives for them, `each` operations at once."""
    speakers = neighbours(target)
    what = [make(speaker) for speaker in speakers]
    numbers = iter(range(1 << 60))

    def work():
        number = next(numbers) % len(speakers)
        speakers[number].say(what[number](number) if callable(what[number]) else what[number])
        return each
    return work


def empty_entry(target):
    """An entry of an RPC that says nothing."""
    return in_turn(target, lambda speaker: wire.framed(b"\x12\0" * 1000), 1000)


def forged_message(target):
    """A message whose signature does not fit."""
    def make(speaker):
        template = gossip.publication(speaker.identity, TOPIC, bytes(100), 0)
        at = template.index(b"\x1a\x08") + 2
        def some(_):
            out = b""
            for _ in range(50):
                speaker.said += 1
                out += gossip.rpc([template[:at] + struct.pack(">Q", speaker.said) + template[at + 8:]])
            return out
        return some
    return in_turn(target, make, 50)


def duplicate_message(target):
    """A message that was heard before."""
    message = gossip.rpc([gossip.publication(crypto.Identity(), TOPIC, bytes(100))])
    return in_turn(target, lambda speaker: message * 200, 200)


class Speaker:
    """A connection on which streams are opened, and another if that ends."""

    def __init__(self, target):
        self._target = target
        self.connection = target.dial()

    def renew(self):
        self.connection.close()
        self.connection = self._target.dial()


def reset_stream(target):
    """A stream that is opened and reset."""
    speaker = Speaker(target)

    def work():
        connection = speaker.connection
        numbers = [connection.stream().number for _ in range(100)]
        connection.streams.clear()
        try:
            connection.send(b"".join(yamux.frame(yamux.WINDOW, flag, number, 0) for number in numbers for flag in (yamux.SYN, yamux.RST)))
            if connection.is_closed:
                speaker.renew()
        except GONE:
            speaker.renew()
        return 100
    return work


def one_by_one(target, operation):
    speaker = Speaker(target)

    def work():
        try:
            operation(speaker.connection)
        except GONE:
            speaker.renew()
        speaker.connection.streams.clear()
        return 1
    return work


def unknown_protocol(target):
    """A stream for a protocol that nobody speaks."""
    def operation(connection):
        stream = connection.stream()
        stream.frame(yamux.DATA, yamux.SYN, data=wire.proposal("/nobody/speaks/this/1"))
        assert stream.read_message() == b"/multistream/1.0.0\n" and stream.read_message() == b"na\n"
        stream.reset()
    return one_by_one(target, operation)


def refused_reservation(target):
    """A reservation that there is no place for."""
    assert relay.reserve(target.keep(target.dial())) == relay.OK

    def operation(connection):
        stream = connection.open(relay.HOP)
        stream.write(relay.RESERVE_MESSAGE)
        assert relay.status_of(stream) != relay.OK
        stream.finish()
    return one_by_one(target, operation)


class Unasked(Exception):
    """It has no such limit."""


OPERATIONS = {
    "handshake and echo": handshake,
    "cut behind the connect": cut("connect"),
    "cut behind the header": cut("header"),
    "cut behind Noise's first message": cut("first message"),
    "cut behind Noise's last message": last_message,
    "refused connection": refused,
    "empty RPC entry": empty_entry,
    "forged message": forged_message,
    "duplicate message": duplicate_message,
    "stream opened and reset": reset_stream,
    "unknown protocol": unknown_protocol,
    "refused reservation": refused_reservation,
}
# The first six may cost us half of what they cost go at most, the others no more.
DEAR = list(OPERATIONS)[:6]


# What the server of bare system calls can be asked for, and what it does then.
BARE = {"cut behind the connect": "answer", "cut behind the header": "answer", "refused connection": "refuse"}


def begin(who, program, name):
    if who == "bare":
        if name not in BARE:
            raise Unasked("it speaks no protocol")
        return Bare(program, BARE[name])
    # The peers lift their limits, unless they are asked for the defaults.
    return Target(program, **({"rcmgr": "default"} if name == "refused connection" else {}))


def build_bare(folder):
    program = os.path.join(folder, "bare")
    subprocess.run(["cc", "-O2", "-o", program, os.path.join(HERE, "bare.c")], check=True)
    return program


def measure(target, prepare, seconds):
    """Operations a CPU-second."""
    try:
        work = prepare(target)
        time.sleep(0.3)
        target.measured.mark()
        done, end = 0, time.monotonic() + seconds
        while time.monotonic() < end:
            done += work()
        # What it has not worked off yet belongs to it.
        spent, before = target.measured.spent(), -1
        while spent != before:
            time.sleep(0.2)
            spent, before = target.measured.spent(), spent
        return done / max(spent, 1 / victims.TICKS)
    finally:
        target.close()


def table(figures, cast):
    lines = ["| operation | " + " | ".join(cast) + " | us/go | bar |", "|---|" + "---|" * (len(cast) + 2)]
    missed = 0
    for name, by in figures.items():
        medians = {who: statistics.median(values) for who, values in by.items() if values}
        cells = [f"{medians[who]:.4g} ({min(by[who]):.4g}-{max(by[who]):.4g})" if who in medians else "-" for who in cast]
        bar = 2 if name in DEAR else 1
        ratio = medians["us"] / medians["go"] if {"us", "go"} <= set(medians) else None
        is_missed = ratio is not None and ratio < bar
        missed += is_missed
        lines.append(f"| {name} | " + " | ".join(cells) + f" | {f'{ratio:.2f}' if ratio else '-'} | {bar}{' missed' if is_missed else ''} |")
    return "\n".join(lines), missed


def keep(text, options):
    """Writes the table where it is kept, with what one has to know to read it."""
    def first(command):
        return subprocess.run(command, capture_output=True, text=True, cwd=HERE).stdout.strip() or "unknown"
    with open("/proc/cpuinfo") as info:
        lines = [line.split(":", 1)[1].strip() for line in info if line.startswith(("model name", "flags"))]
    vectors = "with AVX-512" if "avx512f" in lines[1].split() else "without AVX-512"
    with open(os.path.join(HERE, "COSTS.md"), "w") as file:
        file.write(f"""# Costs

What strangers' work costs the relay that they work on, in operations a CPU-second: ours (`causeway-testpeer`) and the go peer, both release builds, in turn. Medians (range).
Only the ratio means anything. The bar is what it has to be at least: 2 for connections, of which a stranger can make any number, 1 for what is done on one.
"bare" is a C program that makes the system calls and nothing else (`bare.c`). Where bare/go is below the bar, no server that accepts connections reaches it.

- Date: {time.strftime("%Y-%m-%d", time.gmtime())}. Source: {first(["git", "describe", "--always", "--dirty"])}.
- Machine: {os.cpu_count()} x {lines[0]}, {vectors}, Linux {os.uname().release}.
- Method: `make costs`: {options.runs} runs of {options.seconds:g} s of load for each operation, a fresh relay each. The load comes from the hostile node of `Tests/Adversary` in a network
  namespace; CPU time is the relay's own, from /proc, until it has worked everything off. Both have their limits lifted but for the refused connection, where both have their defaults.

{text}
""")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--us", required=True, help="causeway-testpeer")
    parser.add_argument("--peers", help="where the go peer is; without, go is not asked")
    parser.add_argument("--only", help="names of operations, with commas between them")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3, help="of load for each operation")
    parser.add_argument("--keep", action="store_true", help="writes COSTS.md")
    options = parser.parse_args()
    network.enter()
    if not network.is_own():
        sys.exit("costs: no network of its own (unshare and ip, and the right to use them)")
    network.prepare()
    cast = {"us": options.us}
    if options.peers:
        cast["go"] = os.path.join(options.peers, "go", "bin", "go-peer-linux-amd64")
    folder = tempfile.TemporaryDirectory()
    cast["bare"] = build_bare(folder.name)
    names = options.only.split(",") if options.only else OPERATIONS
    figures = {name: {who: [] for who in cast} for name in names}
    failed = 0
    for _ in range(options.runs):
        for name in names:
            for who, program in cast.items():
                try:
                    figures[name][who].append(measure(begin(who, program, name), OPERATIONS[name], options.seconds))
                except Unasked:
                    pass
                except (AssertionError, victims.PeerError, *GONE) as error:
                    failed += 1
                    print(f"{name}, {who}: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
    text, missed = table(figures, list(cast))
    print(text, flush=True)
    if options.keep:
        keep(text, options)
    folder.cleanup()
    # Threads of the hostile node may still wait for what will not come.
    os._exit(1 if failed or missed else 0)


if __name__ == "__main__":
    main()
