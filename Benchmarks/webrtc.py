#!/usr/bin/env python3
"""Speed and memory of `/webrtc-direct`, as ratios within one run.

    webrtc.py --us TESTPEER --peers PEERS [--only NAME,NAME] [--runs N] [--scale X] [--keep]

CPU time and memory are read from /proc, for both ends together, and hardly suffer from a busy machine. Rows that say "wall" need an idle one with two
cores. The path of 20 ms is path.c between two network namespaces, which needs root; Chromium's row needs chromium. What is missing is skipped and said.
"""
import argparse
import contextlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
MB = 1_000_000
LOOPBACK = "/ip4/127.0.0.1"
# Of the path: a round trip, bytes a second, and what may wait before it, which is what is on its way in a round trip.
ROUND_TRIP_MS, RATE = 20, 40 * MB
QUEUE = RATE * ROUND_TRIP_MS // 1000


class Missing(Exception):
    """What a row needs is not there."""


class Row:
    """A measurement: what is put beside what, and how large the ratio is to be."""

    def __init__(self, figure, cast, bar, goal, body, is_cost=False):
        self.figure, self.cast, self.bar, self.goal, self.body, self.is_cost = figure, cast, bar, goal, body, is_cost


def listening(who, transport="webrtc-direct", address=LOOPBACK, prefix=()):
    words = {"webrtc-direct": "/udp/0/webrtc-direct", "tcp": "/tcp/0"}[transport]
    return driver.Peer(who, prefix=prefix, listen=[address + words])


def address_of(peer, transport="webrtc-direct"):
    return peer.address("/" + transport)


def sink(a, b, size, within=180):
    """Bytes from a to b. Returns seconds, and seconds of CPU of both."""
    used, start = measure.cpu(a, b), time.monotonic()
    a("sink", peerId=b.id, bytes=size, within=within)
    return time.monotonic() - start, measure.cpu(a, b) - used


def download(a, b, size, within=180):
    used, start = measure.cpu(a, b), time.monotonic()
    a("perf", peerId=b.id, upload=0, download=size, within=within)
    return time.monotonic() - start, measure.cpu(a, b) - used


def one_stream(work, figure):
    """MB a second, of CPU or of the wall, of one stream on loopback."""
    def body(who, scale):
        size = int((200 if who == "us" else 50) * scale) * MB
        with listening(who) as b, driver.Peer(who, listen=[]) as a:
            a("dial", addr=address_of(b))
            work(a, b, size // 8)
            return size / MB / work(a, b, size)[figure]
    return body


def several(count):
    """MB a CPU-second of `count` dialling processes at once to one listener, each of which sends as much as one alone would."""
    def body(_, scale):
        size = int(100 * scale) * MB
        with contextlib.ExitStack() as stack:
            b = stack.enter_context(listening("us"))
            dialers = [stack.enter_context(driver.Peer("us", listen=[])) for _ in range(count)]
            for a in dialers:
                a("dial", addr=address_of(b))

            def all_at_once(size):
                waits = [a.start("sink", peerId=b.id, bytes=size) for a in dialers]
                for wait in waits:
                    wait(180)
            all_at_once(size // 4)
            used = measure.cpu(b, *dialers)
            all_at_once(size)
            return size * count / MB / (measure.cpu(b, *dialers) - used)
    return body


def chromium(who, scale):
    """MB a second from Chromium and back."""
    if not shutil.which("chromium"):
        raise Missing("no chromium")
    size = int(16 * scale) * MB
    with listening(who) as b, driver.Peer("chromium", listen=[]) as a:
        a("dial", addr=address_of(b), within=60)
        assert a("echo", peerId=b.id, bytes=size // 8, within=120)["matched"]
        answer = a("echo", peerId=b.id, bytes=size, within=240)
        assert answer["matched"]
        return size / 1000 / answer["ms"]


@contextlib.contextmanager
def path(loss):
    """Two network namespaces with a path between them, on which so many of a million packets are lost: the names, and the second one's address."""
    if os.geteuid() != 0 or not os.path.exists("/dev/net/tun") or not shutil.which("ip"):
        raise Missing("no root, or no /dev/net/tun, or no ip")
    mark = os.getpid() % 10000
    ends = [(f"path{mark}{side}", f"pth{mark}{side}", f"10.78.0.{1 + index}") for index, side in enumerate("ab")]
    program = subprocess.Popen(
        [os.path.join(folder, "path"), ends[0][1], ends[1][1], str(ROUND_TRIP_MS * 500), str(RATE), str(QUEUE), str(loss), "7"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        if program.stdout.readline() != "ready\n":
            raise Missing("no TUN device")
        for index, (name, device, address) in enumerate(ends):
            inside = ["ip", "-n", name]
            for command in (
                ["ip", "netns", "add", name], ["ip", "link", "set", device, "netns", name],
                [*inside, "addr", "add", address, "peer", ends[1 - index][2], "dev", device],
                [*inside, "link", "set", device, "up", "mtu", "1500", "txqueuelen", "20000"], [*inside, "link", "set", "lo", "up"],
            ):
                subprocess.run(command, check=True)
        yield [name for name, _, _ in ends], ends[1][2]
    finally:
        program.stdin.close()
        program.wait()
        for name, _, _ in ends:
            subprocess.run(["ip", "netns", "del", name], stderr=subprocess.DEVNULL, check=False)


def over_path(loss, megabytes):
    """MB a second of one stream over the path, by one transport or the other."""
    def body(transport, scale):
        size = int(megabytes * scale * MB)
        with path(loss) as (names, address):
            inside = [("ip", "netns", "exec", name) for name in names]
            with listening("us", transport, f"/ip4/{address}", inside[1]) as b, driver.Peer("us", prefix=inside[0], listen=[]) as a:
                a("dial", addr=address_of(b, transport))
                sink(a, b, size // 4)
                return size / MB / sink(a, b, size)[0]
    return body


def idle(who, scale):
    """Bytes of memory that an idle connection costs its listener. Go dials, in one process; strangers of one place are let in slowly, so it takes a while."""
    count = int(200 * scale)
    with listening(who) as b, driver.Peer("go", listen=[]) as crowd:
        crowd("crowd", addr=address_of(b), count=count // 4, within=300)
        crowd("disperse", within=60)
        # Then memory is trimmed, too.
        time.sleep(12)
        before = measure.rss(b)
        assert crowd("crowd", addr=address_of(b), count=count, within=600)["failed"] == 0
        time.sleep(12)
        return (measure.rss(b) - before) / count


def rows():
    cpu, wall = "MB a CPU-second of both ends", "wall MB/s"
    return {
        "one stream up": Row(cpu, ("us", "go"), 4, 8, one_stream(sink, 1)),
        "one stream down": Row(cpu, ("us", "go"), 4, 8, one_stream(download, 1)),
        "one stream up, wall": Row(wall, ("us",), 80, 150, one_stream(sink, 0)),
        "one stream down, wall": Row(wall, ("us",), 80, 150, one_stream(download, 0)),
        "ten connections": Row(cpu, ("ten", "one"), 0.9, 1, lambda who, scale: several(10 if who == "ten" else 1)(who, scale)),
        "Chromium and back, wall": Row(wall, ("us", "go"), 2, 4, chromium),
        "20 ms, wall": Row(wall, ("webrtc-direct", "tcp"), 0.5, 0.8, over_path(0, 100)),
        "20 ms, 1 % lost, wall": Row(wall, ("webrtc-direct", "tcp"), 0.5, 0.8, over_path(10_000, 6)),
        "idle connection": Row("kB of the listener", ("us", "go"), 60, 40, lambda who, scale: idle(who, scale) / 1000, is_cost=True),
    }


def line(name, row, by):
    """A row of the table, and whether it misses its bar. With one figure alone, or a cost, the bar is for the figure itself."""
    medians = {who: statistics.median(values) for who, values in by.items() if values}
    cells = [f"{who}: {medians[who]:.4g} ({min(by[who]):.4g}-{max(by[who]):.4g})" if who in medians else f"{who}: -" for who in row.cast]
    ratio = medians[row.cast[0]] / medians[row.cast[1]] if len(row.cast) == 2 and len(medians) == 2 else None
    value = medians.get(row.cast[0]) if row.is_cost or len(row.cast) == 1 else ratio
    verdict = "-" if value is None else "goal" if (value <= row.goal if row.is_cost else value >= row.goal) else "bar"
    if value is not None and (value > row.bar if row.is_cost else value < row.bar):
        verdict = "missed"
    cells += [""] * (2 - len(cells))
    return f"| {name} | {row.figure} | {' | '.join(cells)} | {f'{ratio:.2f}' if ratio else '-'} | {row.bar} | {row.goal} | {verdict} |", verdict == "missed"


def keep(text, options):
    def first(command):
        return subprocess.run(command, capture_output=True, text=True, cwd=HERE).stdout.strip() or "unknown"
    with open("/proc/cpuinfo") as info:
        model = next((one.split(":", 1)[1].strip() for one in info if one.startswith("model name")), "unknown")
    place = os.path.join(HERE, "WEBRTC.md")
    with open(place) as file:
        head, mark, rest = file.read().partition("<!-- measured -->\n")
    _, end, tail = rest.partition("<!-- until here -->\n")
    with open(place, "w") as file:
        file.write(f"""{head}{mark}- Date: {time.strftime("%Y-%m-%d", time.gmtime())}. Source: {first(["git", "describe", "--always", "--dirty"])}.
- Machine: {os.cpu_count()} x {model}, Linux {os.uname().release}; load {os.getloadavg()[0]:.1f} at the end.
- Runs: {options.runs}, scale {options.scale:g}.

{text}
{end}{tail}""")


def run(chosen, options):
    """Figures by row and member of the cast, and what was missing. Members take turns, so that a busy minute hits all."""
    figures = {name: {who: [] for who in row.cast} for name, row in chosen.items()}
    failed, missing = 0, {}
    for _ in range(options.runs):
        for name, row in chosen.items():
            for who in row.cast:
                try:
                    figures[name][who].append(row.body(who, options.scale))
                except Missing as error:
                    missing[name] = str(error)
                except (driver.PeerError, AssertionError, KeyError, OSError, subprocess.CalledProcessError) as error:
                    failed += 1
                    print(f"{name}, {who}: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
    for name, reason in missing.items():
        print(f"SKIPPED {name}: {reason}", file=sys.stderr, flush=True)
    return figures, failed


def main():
    global driver, measure, folder
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--us", required=True, help="causeway-testpeer")
    parser.add_argument("--peers", required=True, help="the folder of driver.py and of the other peers")
    parser.add_argument("--only", help="names of rows, or how they begin, with commas between them: " + "; ".join(rows()).replace("%", "%%"))
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--scale", type=float, default=1, help="of the amount of work")
    parser.add_argument("--keep", action="store_true", help="writes WEBRTC.md")
    options = parser.parse_args()
    sys.path.insert(0, os.path.abspath(options.peers))
    import driver
    import measure
    driver.COMMANDS["us"] = [options.us]
    chosen = {name: row for name, row in rows().items() if not options.only or any(name.startswith(word) for word in options.only.split(","))}
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["cc", "-O2", "-o", os.path.join(folder, "path"), os.path.join(HERE, "path.c")], check=True)
        figures, failed = run(chosen, options)
    lines = [line(name, row, figures[name]) for name, row in chosen.items()]
    text = "\n".join(["| work | figure | first | second | first/second | bar | goal | |", "|---|---|---|---|---|---|---|---|", *(one for one, _ in lines)])
    print(text)
    if options.keep:
        keep(text, options)
    sys.exit(1 if failed or any(is_missed for _, is_missed in lines) else 0)


if __name__ == "__main__":
    main()
