"""GossipSub's messages, and a neighbour that says whatever an attack wants."""
import itertools
import struct

import wire
import yamux

SIGNED = b"libp2p-pubsub:"
DISCOVERY = "_peer-discovery._p2p._pubsub"
_sequence = itertools.count(1)


def publication(identity, topic, data, sequence=None):
    """A signed message, as an RPC's publish entry has it."""
    sequence = next(_sequence) if sequence is None else sequence
    body = ((1, identity.peer), (2, data), (3, struct.pack(">Q", sequence)), (4, topic.encode()))
    signature = identity.sign(SIGNED + wire.message(*body))
    return wire.message(*body, (5, signature), (6, None if identity.inlined else identity.protobuf))


def rpc(publish=(), subscribe=(), control=None):
    """An RPC behind its length. `subscribe`: pairs of a topic and whether it is wanted."""
    subscriptions = [(1, wire.message((1, int(wanted)), (2, topic.encode()))) for topic, wanted in subscribe]
    return wire.framed(wire.message(*subscriptions, *((2, entry) for entry in publish), (3, control)))


def announcement(identity, addresses):
    """What a peer says of itself on a discovery topic; the addresses are texts without their `/p2p`."""
    end = wire.varint(wire.CODES["p2p"]) + wire.framed(identity.peer)
    return wire.message((1, identity.protobuf), *((2, wire.multiaddr(address) + end) for address in addresses))


def announce(stream, identity, addresses, topic=DISCOVERY):
    stream.write(rpc([publication(identity, topic, announcement(identity, addresses))]))


def neighbour(address, identity=None, topics=(), **options):
    """A connection, and its stream of gossip with these topics subscribed."""
    connection = yamux.dial(address, identity, serves={yamux.MESHSUB: lambda stream: None}, **options)
    stream = connection.open(yamux.MESHSUB)
    if topics:
        stream.write(rpc(subscribe=[(topic, True) for topic in topics]))
    return connection, stream
