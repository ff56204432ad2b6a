"""Whether the hostile node speaks libp2p at all."""
import crypto
import gossip
import relay
import wire
import yamux
from ground import row

ECHO = "/causeway-test/echo/1.0.0"


@row("self-test")
def self_test(ground):
    """Handshake, echo and ping in both directions, with every kind of key, over TCP and WebSocket; a reservation; gossip."""
    victim, server = ground.peer(listen=["/ip4/127.0.0.1/tcp/0", "/ip4/127.0.0.1/tcp/0/ws"]), ground.relay()
    for address in [*victim.addrs, *server.addresses]:
        for kind in (crypto.ED25519, crypto.RSA, crypto.SECP256K1, crypto.ECDSA):
            ground.keep(yamux.dial(address, crypto.Identity(kind))).ping()
    connection, stream = gossip.neighbour(victim.direct, topics=["t"])
    ground.keep(connection)
    echo = connection.open(ECHO)
    echo.write(b"hello" * 100_000)
    echo.finish()
    ground.true("an echo of 500 kB came back", echo.read(500_000) == b"hello" * 100_000)
    ground.true("a reservation was made", relay.reserve(ground.keep(yamux.dial(server.direct))) == relay.OK)
    victim("subscribe", topic="t")
    stream.write(gossip.rpc([gossip.publication(connection.identity, "t", b"heard")]))
    victim.wait("message", where=lambda event: event.get("text") == "heard")
    listener = ground.keep(yamux.Listener())
    victim("dial", addr=listener.direct)
    victim("ping", peerId=wire.base58(listener.identity.peer), count=3)
    ground.true("all answered", True)
