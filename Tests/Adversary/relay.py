"""Circuit Relay v2's messages (relay/circuit-v2.md), from its client's and from its server's side."""
import time

import wire

HOP, STOP = "/libp2p/circuit/relay/0.2.0/hop", "/libp2p/circuit/relay/0.2.0/stop"
RESERVE, CONNECT, STATUS = 0, 1, 2
OK, RESERVATION_REFUSED, RESOURCE_LIMIT_EXCEEDED, NO_RESERVATION = 100, 200, 201, 204

RESERVE_MESSAGE = wire.framed(wire.message((1, RESERVE)))


def connect_message(peer):
    return wire.framed(wire.message((1, CONNECT), (2, wire.message((1, peer)))))


def status_of(stream, timeout=10):
    return wire.fields(stream.read_message(timeout)).get(5, [None])[0]


def reserve(connection, timeout=10):
    """The answer's status."""
    stream = connection.open(HOP, timeout)
    stream.write(RESERVE_MESSAGE)
    return status_of(stream, timeout)


def circuit(connection, peer, timeout=10):
    """The stream of a circuit to that peer, and the answer's status."""
    stream = connection.open(HOP, timeout)
    stream.write(connect_message(peer))
    return stream, status_of(stream, timeout)


def accept(stream):
    """Handler of a stop stream: takes every circuit, and does nothing with it."""
    stream.read_message()
    stream.write(wire.framed(wire.message((1, 1), (4, OK))))


def granted(seconds):
    """A relay's answer to RESERVE, for so long."""
    reservation = wire.message((1, int(time.time()) + seconds))
    return wire.framed(wire.message((1, STATUS), (3, reservation), (5, OK)))
