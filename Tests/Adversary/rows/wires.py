"""Bytes that are wrong at one layer or another: each costs its sender the connection, and nobody else anything."""
import os
import struct
import threading
import time

import crypto
import noise
import relay
import wire
import yamux
from ground import row
from rows.memory import in_parallel, join
from victims import PeerError

IDENTIFY_PUSH = "/ipfs/id/push/1.0.0"


def is_closed_within(sock, seconds):
    """Whether the remote ends a connection that says nothing more."""
    deadline = time.monotonic() + seconds
    try:
        while time.monotonic() < deadline:
            sock.settimeout(max(0.01, deadline - time.monotonic()))
            if not sock.recv(4096):
                return True
    except TimeoutError:
        return False
    except OSError:
        return True
    return False


def noise_frame(data):
    return struct.pack(">H", len(data)) + data


HELLO = wire.proposal("/noise")
# What is said before anybody is authenticated.
OPENINGS = {
    "a length without end": b"\xff" * 11,
    "a line of 65 kB": wire.varint(65_000),
    "proposals without end": wire.proposal() + wire.line("/nothing/of/ours") * 200,
    "lists asked for without end": wire.proposal() + wire.line("ls") * 200,
    "an empty Noise message": HELLO + noise_frame(b""),
    "a first message with a payload": HELLO + noise_frame(os.urandom(32) + b"\x22\x02\x12\x00"),
    "a point of small order": HELLO + noise_frame(bytes(32)) + noise_frame(bytes(200)),
    "a third message of nonsense": HELLO + noise_frame(os.urandom(32)) + noise_frame(os.urandom(200)),
}
# What is said slowly, or announced and never sent: ended by the handshake's deadline.
SLOW = {"nothing": b"", "a third message that stops": HELLO + noise_frame(os.urandom(32)) + b"\xff\xff" + bytes(4000)}


@row("broken-handshakes", waits=True)
def broken_handshakes(ground):
    """Handshakes that are wrong, unfinished, or a byte a second."""
    server = ground.relay()
    within = {name: 5 * ground.pace for name in OPENINGS} | {name: 20 * ground.pace for name in SLOW}
    stood = []

    def run(number):
        name = list(within)[number]
        sock = ground.keep(wire.connect("127.0.0.1", server.port("/tcp/")))
        sock.sendall({**OPENINGS, **SLOW}[name])
        if not is_closed_within(sock, within[name]):
            stood.append(name)

    def trickle(_):
        sock = ground.keep(wire.connect("127.0.0.1", server.port("/tcp/")))
        deadline = time.monotonic() + 20 * ground.pace
        for byte in (HELLO * 4):
            try:
                sock.send(bytes([byte]))
            except OSError:
                return
            if is_closed_within(sock, 1):
                return
            if time.monotonic() > deadline:
                stood.append("a byte a second")
                return
    join([*in_parallel(len(within), run), *in_parallel(1, trickle)], 60 * ground.pace)
    ground.true(f"all {len(within) + 1} were ended" + (f", but {stood}" if stood else ""), not stood)
    ground.true("the relay lives", server.is_alive())


def der(tag, body):
    length = bytes([len(body)]) if len(body) < 128 else b"\x82" + struct.pack(">H", len(body))
    return bytes([tag]) + length + body


def rsa_key(bits):
    """A public key with a modulus of nobody's."""
    modulus = b"\0\xc0" + os.urandom(bits // 8 - 2) + b"\x01"
    numbers = der(0x30, der(2, modulus) + der(2, b"\x01\x00\x01"))
    return der(0x30, bytes.fromhex("300d06092a864886f70d0101010500") + der(3, b"\0" + numbers))


@row("keys-that-are-none")
def keys_that_are_none(ground):
    """Identities that are too large, malformed, or of somebody else."""
    server = ground.relay()
    watch = ground.watch(server)
    server.mark()
    honest = crypto.Identity()
    keys = [(0, rsa_key(16384)), (0, rsa_key(1024)), (0, b"\x30\x84\xff\xff\xff\xff" + bytes(40)), (0, b"\x30\x80"), (1, bytes(31)),
            (2, b"\x02" + bytes(32)), (3, rsa_key(2048)), (7, bytes(32)), (1, os.urandom(32))]
    payloads = [wire.message((1, wire.message((1, kind), (2, key))), (2, bytes(2048))) for kind, key in keys]
    payloads += [b"", b"\xff" * 40, wire.message((1, honest.protobuf), (2, honest.sign(noise.PREFIX + bytes(32))))]
    taken = 0
    for payload in payloads * 3:
        connection = ground.keep(yamux.dial(server.direct, payload=payload))
        taken += not connection.await_close(3 * ground.pace)
    ground.at_most(f"of {3 * len(payloads)} were taken", taken, 0)
    ground.spent(server, 0.5)
    ground.calm(watch, 1)
    ground.true("the relay lives", server.is_alive())


def frames_that_break_the_rules():
    """By name: what is sent, and whether it costs the connection or one stream only."""
    frame, data, window, syn = yamux.frame, yamux.DATA, yamux.WINDOW, yamux.SYN
    opened = frame(data, syn, 1, data=wire.proposal(yamux.IDENTIFY_PING))
    return {
        "a first frame beyond the window": frame(data, syn, 1, length=262_145),
        "a frame announced with 4 GiB": opened + frame(data, 0, 1, length=0xFFFFFFFF),
        "data beyond the window": opened + frame(data, 0, 1, length=300_000),
        "credit beyond 32 bits": opened + frame(window, 0, 1, 0xFFFFFFFF) * 2,
        "a stream opened twice": opened * 2,
        "a stream of the other's number": frame(data, syn, 2, data=wire.proposal(yamux.IDENTIFY_PING)),
        "a stream of number 0": frame(data, syn, 0, data=b"x"),
        "another version": b"\x07" + opened[1:],
        "an unknown type": frame(9, 0, 1),
    }


@row("broken-frames")
def broken_frames(ground):
    """Frames of Yamux that break its rules."""
    server = ground.relay()
    watch = ground.watch(server)
    server.mark()
    stood = []
    for name, said in frames_that_break_the_rules().items():
        connection = ground.keep(yamux.dial(server.direct))
        stream = connection.stream()
        stream.reads = False
        try:
            connection.send(said)
        except OSError:
            continue
        if not stream.await_reset(3 * ground.pace):
            stood.append(name)
    ground.true("each ended its stream or connection" + (f", but {stood}" if stood else ""), not stood)
    late = ground.keep(yamux.dial(server.direct))
    late.send(yamux.frame(yamux.WINDOW, 0, 99, 1000) + yamux.frame(yamux.DATA, 0, 99, data=b"late")
              + yamux.frame(yamux.WINDOW, yamux.RST, 99))
    ground.true("frames of a stream that is gone do no harm", late.ping() < 10)
    ground.grown(server, 8)
    ground.calm(watch, 1)


# Frames of WebSocket behind a good upgrade, from a client that should mask them.
WEBSOCKET = {
    "a frame of 2^63 bytes": b"\x82\xff" + struct.pack(">Q", 1 << 63) + bytes(4),
    "a frame of 1 GiB": b"\x82\xff" + struct.pack(">Q", 1 << 30) + bytes(4) + bytes(1 << 20),
    "a frame without a mask": b"\x82\x05hello",
    "a continuation of nothing": b"\x80\x80" + bytes(4),
    "a text": b"\x81\x85" + bytes(4) + b"hello",
    "a reserved bit": b"\xf2\x80" + bytes(4),
    "a ping of 4 kB": b"\x89\xfe\x10\x00" + bytes(4) + bytes(4096),
    "a message in 100,000 empty parts": b"\x02\x80" + bytes(4) + (b"\x00\x80" + bytes(4)) * 100_000,
}


@row("broken-websocket-frames", waits=True)
def broken_websocket_frames(ground):
    """Frames of WebSocket that break its rules or do not end."""
    server = ground.relay()
    watch = ground.watch(server)
    server.mark()
    stood = []

    def run(number):
        name = list(WEBSOCKET)[number]
        sock = ground.keep(wire.WebSocket(wire.connect("127.0.0.1", server.port("/ws")), "localhost"))
        try:
            sock.below.sendall(WEBSOCKET[name])
        except OSError:
            return
        if not is_closed_within(sock.below, 20 * ground.pace):
            stood.append(name)
    join(in_parallel(len(WEBSOCKET), run), 90)
    ground.true(f"all {len(WEBSOCKET)} were ended" + (f", but {stood}" if stood else ""), not stood)
    ground.grown(server, 8)
    ground.calm(watch, 1)


@row("identify-without-end")
def identify_without_end(ground):
    """An answer to identify in more parts and with more protocols than anybody has, and pushes in a row."""
    def identify(stream):
        names = [(3, b"/p%d-%s" % (number, b"x" * 30)) for number in range(180)]
        for _ in range(200):
            stream.write(wire.framed(wire.message(*names)))
        stream.finish()
    server = ground.relay()
    watch = ground.watch(server)
    server.mark()
    connection = ground.keep(yamux.dial(server.direct, serves={yamux.IDENTIFY: identify}))
    push = wire.framed(wire.message((1, connection.identity.protobuf), *((3, b"/q%d" % number) for number in range(500))))
    for _ in range(ground.size(2000, 500)):
        try:
            stream = connection.open(IDENTIFY_PUSH, timeout=5)
            stream.write(push)
            stream.finish()
        except (wire.WireError, OSError):
            break
    ground.grown(server, 8)
    ground.calm(watch, 1)


@row("reservations-that-are-none")
def reservations_that_are_none(ground):
    """A relay whose answers have no end, no status, a time in the past or one beyond all times."""
    end = (1 << 64) - 1
    answers = [wire.message((1, relay.STATUS), (3, wire.message((1, expire))), (5, relay.OK)) for expire in (0, 1, end, end - 1, 1 << 63)]
    answers += [wire.message((1, relay.STATUS), (5, relay.OK)), wire.message((1, relay.STATUS)), wire.message((5, end))]
    answers += [b"", b"\xff" * 30, bytes(4097)]
    victim = ground.peer(pubsub=None)
    taken = 0
    for answer in answers:
        def hop(stream, answer=answer):
            stream.read_message()
            stream.write(wire.framed(answer))
        server = ground.keep(yamux.Listener(serves={relay.HOP: hop}))
        try:
            victim("reserve", addr=server.direct, timeoutMs=4000)
            taken += 1
        except PeerError:
            pass
        victim("release", peerId=wire.base58(server.identity.peer))
    ground.at_most(f"of {len(answers)} were believed", taken, 2)
    ground.true("the peer lives", victim.process.poll() is None)


@row("circuits-from-anybody")
def circuits_from_anybody(ground):
    """Somebody who is no relay of the peer's hands it circuits."""
    victim = ground.peer(pubsub=None)
    connection, refused, lock = ground.keep(yamux.dial(victim.direct)), [], threading.Lock()

    def run(_):
        try:
            stream = connection.open(relay.STOP)
            stream.write(wire.framed(wire.message((1, 0), (2, wire.message((1, crypto.Identity().peer))))))
            status = wire.fields(stream.read_message()).get(4, [None])[0]
        except wire.WireError:
            status = None
        with lock:
            refused.append(status != relay.OK)
    join(in_parallel(20, run), 30)
    ground.true("all were refused", len(refused) == 20 and all(refused))
