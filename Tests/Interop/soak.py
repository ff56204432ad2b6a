#!/usr/bin/env python3
"""A soak: one relay of ours, 200 peers of ours in one process that reserve there, go and js peers that come and go, 50 circuits always busy.

    soak.py --us PROGRAM --peers DIRECTORY [--minutes 5]

Half of the visitors are killed in the midst of an echo. Reservations hold 2 minutes, so they are refreshed all the time.

Ends well if the relay's memory is flat (after the first fifth, at most 10 % and 4 MB above), every stream that failed has an explanation (the
peer at its other end had been killed), and every peer can still be reached anew. Prints a line each 10 s and the closing line
"N passed, N failed".
"""
import argparse
import importlib
import random
import sys
import threading
import time

import closing


def rss(peer):
    with open(f"/proc/{peer.process.pid}/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS"))


class Tally:
    def __init__(self):
        self.lock, self.echoes, self.unexplained, self.explained, self.visits = threading.Lock(), 0, [], 0, 0

    def echo(self):
        with self.lock:
            self.echoes += 1

    def lost(self, text, explained=False):
        with self.lock:
            if explained:
                self.explained += 1
            else:
                self.unexplained.append(text)


def busy(driver, caller, address, peer, tally, over):
    """One circuit that is always in use: an echo of 64 KiB, again and again."""
    while not over.is_set():
        try:
            if not caller("echo", peerId=peer, bytes=65536, allowLimited=True, within=60)["matched"]:
                tally.lost(f"{peer}: echo differs")
            tally.echo()
        except driver.PeerError as error:
            if not over.is_set():
                tally.lost(f"{peer}: {error}")
                over.wait(1)
        over.wait(0.2)


def vanish(driver, guest, other, tally, name):
    """Kills a peer in the midst of an echo: the other end must be told soon."""
    echo = other.start("echo", peerId=guest.id, bytes=64 << 20, allowLimited=True, timeoutMs=120_000)
    time.sleep(0.05)
    guest.stop(kill=True)
    try:
        if not echo(30)["matched"]:
            tally.lost(f"{name}: killed", explained=True)
    except driver.PeerError as error:
        tally.lost(f"{name}, whose guest was killed: {error}", explained="no answer" not in str(error))


def reachable(driver, address, peers):
    """How many of the peers a newcomer reaches through the relay."""
    with driver.Peer("us", listen=[]) as newcomer:
        count = 0
        for peer in peers:
            try:
                newcomer("dial", addr=f"{address}/p2p-circuit/p2p/{peer}", within=30)
                count += newcomer("echo", peerId=peer, bytes=1000, allowLimited=True)["matched"]
            except driver.PeerError as error:
                print(f"{peer}: {error}")
        return count


def visitors(driver, kind, relay, tally, over, seed):
    """Peers of another implementation: reserve, echo to the relay and through it, leave politely or not."""
    choice = random.Random(seed)
    while not over.is_set():
        try:
            with driver.Peer(kind, listen=[]) as guest, driver.Peer(kind, listen=[]) as other:
                guest("reserve", addr=relay, within=30)
                other("dial", addr=f"{relay}/p2p-circuit/p2p/{guest.id}", within=30)
                for _ in range(3):
                    if not other("echo", peerId=guest.id, bytes=262144, allowLimited=True, within=60)["matched"]:
                        tally.lost(f"{kind}: echo differs")
                    tally.echo()
                with tally.lock:
                    tally.visits += 1
                if choice.random() < 0.5:
                    vanish(driver, guest, other, tally, f"{kind} visitor")
        except driver.PeerError as error:
            # From go to js, and between two js peers, short streams are lost by themselves: visits are go to go and js to js, with large echoes.
            if not over.is_set():
                tally.lost(f"{kind} visitor: {error}")
        over.wait(choice.uniform(1, 4))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--us", required=True)
    parser.add_argument("--peers", required=True, help="the directory with driver.py")
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--crowd", type=int, default=200)
    parser.add_argument("--circuits", type=int, default=50)
    parser.add_argument("--with", dest="others", default="go,js")
    options = parser.parse_args()
    sys.path.insert(0, options.peers)
    driver = importlib.import_module("driver")
    driver.COMMANDS["us"] = driver.shlex.split(options.us)
    seconds, tally, over = options.minutes * 60, Tally(), threading.Event()
    life = int(seconds) + 300
    with driver.Peer("us", listen=["/ip4/127.0.0.1/tcp/0", "/ip4/127.0.0.1/tcp/0/ws"], maxSeconds=life,
                     relay={"reservations": 1000, "ttl": 120, "limited": False}) as relay, \
            driver.Peer("us", listen=[], maxSeconds=life) as crowd, driver.Peer("us", listen=[], maxSeconds=life) as caller:
        address = relay.address("/tcp/", without=("/ws",))
        answer = crowd("crowd", addr=address, count=options.crowd, reserve=True, within=180)
        targets = answer["peerIds"][:options.circuits]
        for target in targets:
            caller("dial", addr=f"{address}/p2p-circuit/p2p/{target}", within=30)
        threads = [threading.Thread(target=busy, args=(driver, caller, address, target, tally, over)) for target in targets]
        threads += [threading.Thread(target=visitors, args=(driver, kind, relay.address("/ws"), tally, over, number))
                    for number, kind in enumerate(options.others.split(","))]
        for thread in threads:
            thread.start()
        memory, start = [], time.monotonic()
        while time.monotonic() - start < seconds:
            time.sleep(min(10, max(seconds / 10, 1)))
            memory.append(rss(relay))
            print(f"{time.monotonic() - start:5.0f} s: relay {memory[-1] / 1e6:.1f} MB, {tally.echoes} echoes, {tally.visits} visits, "
                  f"{tally.explained} killed, {len(tally.unexplained)} lost", flush=True)
        over.set()
        for thread in threads:
            thread.join(timeout=90)
        found = reachable(driver, address, answer["peerIds"])
        # The allocator gives back what is free every few seconds.
        time.sleep(12)
        print(f"quiet: relay {rss(relay) / 1e6:.1f} MB", flush=True)
        peers = len(relay("peers")["peers"])
    settled, later = memory[max(len(memory) // 5, 1) - 1], max(memory[len(memory) // 2:])
    checks = [
        (answer["failed"] == 0, f"all {options.crowd} peers reserved"),
        (later <= settled * 1.1 + 4e6, f"memory flat: {settled / 1e6:.1f} MB, later at most {later / 1e6:.1f} MB"),
        (not tally.unexplained, f"no stream lost unexplained ({tally.echoes} echoes): {tally.unexplained[:5]}"),
        (tally.visits > 0, f"{tally.visits} visits of {options.others}, {tally.explained} ended by a kill"),
        (found == options.crowd, f"peers that a newcomer reaches in the end: {found}"),
        (options.crowd <= peers <= options.crowd + 6, f"the relay's peers are those that live: {peers}"),
    ]
    closing.close(checks)


if __name__ == "__main__":
    main()
