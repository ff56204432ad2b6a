"""What a relay's users take from one another, and what a relay takes from its users."""
import time

import crypto
import relay
import wire
import yamux
from ground import row
from victims import PeerError


def comes_through(friend, address):
    """Seconds until a friend's circuit to that address stands, or until it gives up."""
    began = time.monotonic()
    while time.monotonic() - began < 40:
        try:
            friend("dial", addr=address, timeoutMs=10_000)
            break
        except PeerError:
            time.sleep(1)
    return time.monotonic() - began


@row("circuits-to-one-peer", waits=True)
def circuits_to_one_peer(ground):
    """One connection holds every circuit that a reserved peer may have."""
    server = ground.relay()
    victim = ground.peer(pubsub=None)
    address = victim("reserve", addr=server.direct)["addrs"][0]
    attacker = ground.keep(yamux.dial(server.direct))
    got = []
    for _ in range(16):
        try:
            got.append(relay.circuit(attacker, wire.from_base58(victim.id))[1])
        except yamux.WireError:
            got.append(None)
    ground.note(f"{got.count(relay.OK)} of 16 circuits were granted")
    ground.at_most("a friend got through after", comes_through(ground.peer(pubsub=None), address), 20 + 2 * ground.pace, " s")


@row("circuits-by-many-identities", waits=True, places=True)
def circuits_by_many_identities(ground):
    """The same by identities made for it, all at one address."""
    server = ground.relay(host="10.77.0.1")
    victim = ground.peer(pubsub=None)
    address = victim("reserve", addr=server.direct)["addrs"][0]
    got = []
    for _ in range(16):
        attacker = ground.keep(yamux.dial(server.direct, source="10.77.14.1"))
        got.append(relay.circuit(attacker, wire.from_base58(victim.id))[1])
    ground.note(f"{got.count(relay.OK)} of 16 circuits were granted")
    ground.at_most("a friend got through after", comes_through(ground.peer(pubsub=None), address), 20 + 2 * ground.pace, " s")


@row("places-by-two-addresses", places=True)
def places_by_two_addresses(ground):
    """Reservations made at one address are refreshed from another, which makes room at the first one."""
    server = ground.relay("--reservations-per-ip", "8", host="10.77.0.1")
    identities = [crypto.Identity() for _ in range(24)]
    for identity in identities:
        first = ground.keep(yamux.dial(server.direct, identity, source="10.77.1.1"))
        if relay.reserve(first) != relay.OK:
            continue
        second = ground.keep(yamux.dial(server.direct, identity, source="10.77.2.1", serves={relay.STOP: relay.accept}))
        relay.reserve(second)
        first.close()
    time.sleep(1)
    asker, held = ground.keep(yamux.dial(server.direct, source="10.77.3.1")), 0
    for identity in identities:
        stream, status = relay.circuit(asker, identity.peer)
        held += status == relay.OK
        stream.reset()
    ground.at_most("reservations of one address", held, 8)


@row("relay-that-lingers", waits=True)
def relay_that_lingers(ground):
    """A relay that leaves hop streams open, with bytes behind its answer."""
    streams = []

    def hop(stream):
        streams.append(stream)
        stream.read_message()
        stream.write(relay.granted(8) + bytes(255 << 10))
    server = ground.keep(yamux.Listener(serves={relay.HOP: hop}))
    victim = ground.peer(pubsub=None)
    victim("reserve", addr=server.direct)
    time.sleep(40)
    ground.at_least("reservations were asked for", len(streams), 2)
    ground.at_most("of their streams stand", sum(not stream.is_over for stream in streams), 3)


@row("connect-without-reservation")
def connect_without_reservation(ground):
    """Requests for peers that have no reservation, connected or not, and requests that are none."""
    server = ground.relay()
    watch = ground.watch(server)
    target, asker = ground.keep(yamux.dial(server.direct)), ground.keep(yamux.dial(server.direct))
    for peer in (target.identity.peer, crypto.Identity().peer):
        ground.true("NO_RESERVATION was the answer", relay.circuit(asker, peer)[1] == relay.NO_RESERVATION)
    for wrong in (wire.framed(bytes(4097)), wire.framed(wire.message((1, relay.STATUS))), wire.framed(b""),
                  relay.connect_message(b"no peer"), relay.connect_message(asker.identity.peer), b"\xff" * 12):
        try:
            stream = asker.open(relay.HOP)
            stream.write(wrong)
            ground.true("no circuit", relay.status_of(stream, 3) != relay.OK)
        except yamux.WireError:
            continue
    ground.calm(watch, 1)
    ground.true("the relay lives", server.is_alive())


@row("slow-reader-of-a-circuit")
def slow_reader_of_a_circuit(ground):
    """Both ends of 16 circuits without limit write, and neither reads."""
    server = ground.relay("--circuit-data", "unlimited", "--circuit-time", "unlimited", "--circuits-per-peer", "64")
    taken = []

    def accept(stream):
        stream.reads = False
        relay.accept(stream)
        taken.append(stream)
        stream.write(bytes(4 << 20), timeout=3)
    targets = [ground.keep(yamux.dial(server.direct, serves={relay.STOP: accept})) for _ in range(16)]
    for target in targets:
        relay.reserve(target)
    server.mark()
    for target in targets:
        stream, _ = relay.circuit(ground.keep(yamux.dial(server.direct)), target.identity.peer)
        stream.reads = False
        stream.write(bytes(4 << 20), timeout=0.5)
    time.sleep(3)
    # Two windows of 256 KiB each, and the buffers about them.
    ground.at_least("circuits stood", len(taken), 16)
    ground.grown(server, 24)
