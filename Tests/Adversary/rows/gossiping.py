"""Gossip that costs its neighbours."""
import threading
import time

import crypto
import gossip
import wire
from ground import row
from rows.memory import flood, in_parallel, join
from victims import MIB, PeerError


def arrives(sender, receiver, size, count=5, within=15):
    """How many of that many messages of an honest peer reach another."""
    before = receiver("received", topic="t")["count"]
    for _ in range(count):
        try:
            sender("publish", topic="t", bytes=size, count=1)
        except PeerError:
            pass
        time.sleep(0.2)
    deadline = time.monotonic() + within
    while time.monotonic() < deadline and receiver("received", topic="t")["count"] < before + count:
        time.sleep(0.1)
    return receiver("received", topic="t")["count"] - before


def neighbours(ground, victim):
    """Two honest peers that hear each other by the relay."""
    sender, receiver = ground.peer().knows(victim), ground.peer().knows(victim)
    for peer in (sender, receiver):
        peer("subscribe", topic="t", events=False)
    deadline = time.monotonic() + 20
    while not arrives(sender, receiver, 100, count=1, within=2):
        if time.monotonic() > deadline:
            raise PeerError("the honest peers do not hear each other in quiet")
    return sender, receiver


@row("partial-rpcs")
def partial_rpcs(ground):
    """64 connections begin an RPC of 1 MiB each and do not end it."""
    victim = ground.relay("--topic", "t")
    sender, receiver = neighbours(ground, victim)
    attackers = [gossip.neighbour(victim.direct) for _ in range(64)]

    def run(number):
        attackers[number][1].write(wire.varint(MIB) + bytes(MIB - 10), timeout=6)
    join(in_parallel(64, run), 30)
    during = arrives(sender, receiver, 200_000)
    for connection, _ in attackers:
        connection.close()
    ground.at_least("of 5 messages of 200 kB arrived meanwhile", during, 5)
    ground.at_least("of 5 afterwards", arrives(sender, receiver, 200_000), 5)


@row("entries-that-count-for-nothing")
def entries_that_count_for_nothing(ground):
    """40 MiB of publish entries without a word."""
    victim = ground.relay()
    victim.mark()
    sent, cuts = flood(ground, victim, wire.framed(bytes([0x12, 0]) * (MIB // 2)), 40, 10, connections=1)
    ground.note(f"{sent:.0f} MiB went out")
    ground.at_most(f"CPU for each of {cuts + 1} streams", victim.spent() / (cuts + 1), 0.2 * ground.weight, " s")


@row("signatures-that-cost")
def signatures_that_cost(ground):
    """Valid messages of a key whose signatures take long to verify."""
    victim = ground.relay()
    count = ground.size(12_000, 6_000)
    author = crypto.Identity(crypto.SECP256K1)
    messages = [gossip.publication(author, gossip.DISCOVERY, b"x") for _ in range(count)]
    blob = b"".join(gossip.rpc(messages[at:at + 100]) for at in range(0, count, 100))
    watch = ground.watch(victim)
    victim.mark()
    connection, stream = gossip.neighbour(victim.direct, topics=[gossip.DISCOVERY])
    ground.keep(connection)
    stream.write(blob)
    time.sleep(3)
    # In one piece they would keep the node's loop for 0.4 ms each.
    ground.calm(watch, count / 24_000)
    ground.note(f"CPU {victim.spent():.1f} s")


@row("costly-keys-in-turn", quick=False)
def costly_keys_in_turn(ground):
    """The same, each message by another author: nothing that was prepared for a key helps."""
    victim = ground.relay()
    messages = [gossip.publication(crypto.Identity(kind), gossip.DISCOVERY, b"x")
                for kind in (crypto.SECP256K1, crypto.ECDSA) for _ in range(6000)]
    watch = ground.watch(victim)
    connection, stream = gossip.neighbour(victim.direct, topics=[gossip.DISCOVERY])
    ground.keep(connection)
    stream.write(b"".join(gossip.rpc([message]) for message in messages))
    time.sleep(2)
    ground.calm(watch, 2)


@row("neighbours-that-do-not-read")
def neighbours_that_do_not_read(ground):
    """64 neighbours on a topic that read nothing, while an honest peer publishes 16 MiB on it."""
    victim = ground.relay("--topic", "t")
    sender, receiver = neighbours(ground, victim)
    stalled = threading.Event()
    for _ in range(64):
        connection, stream = gossip.neighbour(victim.direct, topics=["t"])
        stream.write(gossip.rpc(control=wire.message((3, wire.message((1, b"t"))))))
        # The thread that reads stops here.
        connection.session.receive = stalled.wait
        ground.keep(connection)
    victim.mark()
    heard = sum(arrives(sender, receiver, 400_000) for _ in range(8))
    ground.at_least("of 40 messages arrived", heard, 40)
    ground.grown(victim, 96)


@row("valid-messages")
def valid_messages(ground):
    """Valid messages in a row, more than the node can verify."""
    victim = ground.relay("--topic", "t")
    sender, receiver = neighbours(ground, victim)
    author, count = crypto.Identity(), ground.size(40_000, 20_000)
    messages = [gossip.publication(author, "t", b"") for _ in range(count)]
    said = b"".join(gossip.rpc(messages[at:at + 100]) for at in range(0, count, 100))
    watch = ground.watch(victim)
    victim.mark()
    connection, stream = gossip.neighbour(victim.direct, topics=["t"])
    ground.keep(connection)
    thread = threading.Thread(target=stream.write, args=(said,), daemon=True)
    thread.start()
    before = receiver("received", topic="t")["bytes"]
    for _ in range(5):
        sender("publish", topic="t", bytes=10_000, count=1)
        time.sleep(0.2)
    deadline = time.monotonic() + 10 * ground.pace
    while receiver("received", topic="t")["bytes"] < before + 50_000 and time.monotonic() < deadline:
        time.sleep(0.1)
    arrived = receiver("received", topic="t")["bytes"] - before
    ground.at_least("bytes of an honest peer's arrived meanwhile", arrived, 50_000)
    ground.calm(watch, 1)
    ground.grown(victim, 48)


@row("forged-messages")
def forged_messages(ground):
    """Messages with a wrong signature, in a row."""
    victim = ground.relay("--topic", "t")
    sender, receiver = neighbours(ground, victim)
    author, forged = crypto.Identity(), []
    for _ in range(10_000):
        forged.append(gossip.publication(author, "t", b"forged")[:-1] + b"\xff")
    watch = ground.watch(victim)
    victim.mark()
    connection, stream = gossip.neighbour(victim.direct, topics=["t"])
    ground.keep(connection)
    stream.write(b"".join(gossip.rpc(forged[at:at + 50]) for at in range(0, len(forged), 50)))
    ground.calm(watch, 1)
    ground.spent(victim, 1)
    ground.at_least("of 5 honest messages arrived", arrives(sender, receiver, 1000), 5)


@row("subscriptions-in-one-rpc")
def subscriptions_in_one_rpc(ground):
    """100,000 topics in one RPC, then GRAFTs of topics that nobody has."""
    victim = ground.relay()
    watch = ground.watch(victim)
    subscriptions = wire.framed(b"".join(wire.message((1, wire.message((1, 1), (2, b"%x" % number)))) for number in range(80_000)))
    grafts = gossip.rpc(control=b"".join(wire.message((3, wire.message((1, b"novel %d" % number)))) for number in range(40_000)))
    victim.mark()
    for _ in range(ground.size(8, 4)):
        connection, stream = gossip.neighbour(victim.direct)
        ground.keep(connection)
        stream.write(subscriptions)
        stream.write(grafts)
    time.sleep(1)
    ground.calm(watch, 1)
    ground.grown(victim, 24)


@row("endless-backoff")
def endless_backoff(ground):
    """PRUNE with a back-off of 2^64 - 1 seconds and near it; the relay serves on."""
    victim = ground.relay("--topic", "t")
    sender, receiver = neighbours(ground, victim)
    connection, stream = gossip.neighbour(victim.direct, topics=["t"])
    ground.keep(connection)
    for backoff in ((1 << 64) - 1, (1 << 64) - 1000, 1 << 63, (1 << 63) - 1):
        stream.write(gossip.rpc(control=wire.message((3, wire.message((1, b"t"))))))
        stream.write(gossip.rpc(control=wire.message((4, wire.message((1, b"t"), (3, backoff))))))
    time.sleep(2.5)
    ground.true("the relay lives", victim.is_alive())
    ground.at_least("of 5 honest messages arrived", arrives(sender, receiver, 1000), 5)


@row("replay", waits=True)
def replay(ground):
    """An announcement said again after its id was forgotten."""
    victim = ground.peer(discovery={"topic": gossip.DISCOVERY, "format": "protobuf", "intervalMs": 1000})
    author = crypto.Identity()
    connection, stream = gossip.neighbour(victim.direct, topics=[gossip.DISCOVERY])
    ground.keep(connection)
    said = gossip.rpc([gossip.publication(author, gossip.DISCOVERY, gossip.announcement(author, ["/ip4/10.77.1.1/tcp/9"]))])
    name = wire.base58(author.peer)

    def heard():
        return sum(event["event"] == "peer:discovery" and event["peerId"] == name for event in list(victim.events))
    stream.write(said)
    victim.wait("peer:discovery", where=lambda event: event["peerId"] == name)
    time.sleep(122)
    stream.write(said)
    time.sleep(2)
    ground.at_most("times heard", heard(), 1)
