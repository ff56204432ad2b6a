#!/usr/bin/env python3
"""A libp2p peer of `/webrtc-direct` whose ICE, DTLS and SCTP are somebody else's, behind the control protocol of Tests/Peers/PROTOCOL.md.

    foreign_peer.py aiortc|libdatachannel

What is libp2p in it is ours: Noise on channel 0 (Tests/Adversary/noise.py), frames on the other channels, a few protocols. A listener is a socket
that reads the credentials from a dialler's first check, makes an end with them, and passes datagrams on.
"""
import base64
import contextlib
import hashlib
import json
import os
import queue
import re
import select
import socket
import struct
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "Adversary"))

import crypto  # noqa: E402
import noise  # noqa: E402
import wire  # noqa: E402
from foreign_ends import Aiortc, Certificate, Datachannel, Place  # noqa: E402

STACKS = {"aiortc": Aiortc, "libdatachannel": Datachannel}
ECHO, SINK, PERF = "/causeway-test/echo/1.0.0", "/causeway-test/sink/1.0.0", "/perf/1.0.0"
PING, IDENTIFY = "/ipfs/ping/1.0.0", "/ipfs/id/1.0.0"
HOST, PATIENCE = "127.0.0.1", 20
# Bytes of data in one message, which may have 16 KiB with its frame.
PIECE = 16_000
# Flags of a message (webrtc/README.md).
FIN, STOP_SENDING, RESET, FIN_ACK = range(4)
PREFIX = "libp2p+webrtc+"
USERNAME = 6


class Stream:
    """A stream on a channel of its own, read and written by one thread."""

    def __init__(self, channel):
        self._channel, self._pieces, self._pending, self._front = channel, queue.SimpleQueue(), b"", b""
        self._has_ended, self._acknowledged = False, threading.Event()
        # The stack's own thread tells what comes, and a send may wait for that thread.
        self._acknowledging = threading.Thread(target=self._acknowledge, daemon=True)
        channel.listen(self._took)

    def _took(self, data):
        if data is None:
            self._pieces.put(None)
            return self._acknowledged.set()
        self._pending += data
        while (found := wire.read_varint(self._pending)) and len(self._pending) - found[1] >= found[0]:
            message = wire.fields(self._pending[found[1]:found[1] + found[0]])
            self._pending = self._pending[found[1] + found[0]:]
            for piece in message.get(2, []):
                self._pieces.put(piece)
            for flag in message.get(1, []):
                self._heard(flag)

    def _heard(self, flag):
        if flag == FIN:
            self._acknowledging.start()
            self._pieces.put(b"")
        elif flag == FIN_ACK:
            self._acknowledged.set()
        elif flag == RESET:
            self._pieces.put(None)

    def _acknowledge(self):
        # The remote may have closed the channel already.
        with contextlib.suppress(ConnectionError):
            self._send(wire.message((1, FIN_ACK)))

    def _send(self, message):
        self._channel.send(wire.framed(message))

    def sendall(self, data):
        for at in range(0, len(data), PIECE):
            self._send(wire.message((2, data[at:at + PIECE])))

    def read(self):
        """Some bytes; none at the end."""
        if self._front:
            piece, self._front = self._front, b""
            return piece
        if self._has_ended:
            return b""
        piece = self._pieces.get(timeout=PATIENCE)
        if piece is None:
            raise ConnectionError("the stream was reset")
        self._has_ended = piece == b""
        return piece

    def recv(self, count):
        piece = self.read()
        piece, self._front = piece[:count], piece[count:]
        return piece

    def pieces(self):
        while piece := self.read():
            yield piece

    def finish(self):
        """Ends this side's direction, whether the remote has ended its own or not."""
        self._send(wire.message((1, FIN)))

    def close(self):
        """When both directions have ended, and both sides know it."""
        for _ in self.pieces():
            pass
        self._acknowledging.join(PATIENCE)
        self._acknowledged.wait(PATIENCE)
        self._channel.close()

    def negotiate(self, protocol):
        """The dialler's side of multistream-select."""
        self.sendall(wire.proposal(protocol))
        for expected in ("/multistream/1.0.0", protocol):
            if (said := self._line()) != expected:
                raise ConnectionError(f"{protocol}: {said}")

    def answer(self):
        """The listener's side: the protocol that it serves, or nothing."""
        self._line()
        self.sendall(wire.line("/multistream/1.0.0"))
        while (protocol := self._line()) not in SERVED:
            self.sendall(wire.line("na"))
        self.sendall(wire.line(protocol))
        return protocol

    def _line(self):
        return wire.receive_exactly(self, wire.receive_exactly(self, 1)[0])[:-1].decode()


class Connection:
    """Both kinds: dialled, and accepted. Authenticated before anything else."""

    def __init__(self, peer, end):
        self._peer, self.end = peer, end

    def authenticate(self, is_dialler):
        self.end.wait()
        dialler, listener = (self._peer.certificate.digest, self.end.remote_certificate)[::1 if is_dialler else -1]
        prologue = b"libp2p-webrtc-noise:" + b"".join(b"\x12\x20" + one for one in (dialler, listener))
        session = noise.Session(Stream(self.end.first), self._peer.identity, not is_dialler, prologue=prologue)
        self.remote = identifier(session.remote_key)
        self._peer.connections[self.remote] = self

    def open(self, protocol):
        stream = Stream(self.end.open())
        stream.negotiate(protocol)
        return stream

    def took(self, channel):
        threading.Thread(target=self._serve, args=(Stream(channel),), daemon=True).start()

    def _serve(self, stream):
        try:
            SERVED[stream.answer()](self._peer, stream)
            stream.finish()
            stream.close()
        except (OSError, queue.Empty, wire.WireError) as error:
            print(f"a stream: {error!r}", file=sys.stderr)


class Listener:
    """Passes datagrams on between each dialler and an end of its own."""

    def __init__(self, peer):
        self._peer, self._socket = peer, socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((HOST, 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        backs, places = {}, {}
        while True:
            for ready in select.select([self._socket, *places], [], [])[0]:
                data, source = ready.recvfrom(2048)
                if ready is not self._socket:
                    self._socket.sendto(data, places[ready])
                elif source in backs:
                    backs[source].send(data)
                elif (names := user_name(data)) is not None:
                    backs[source] = self._begin(*names, data)
                    places[backs[source]] = source

    def _begin(self, own, remote, check):
        back = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        back.bind((HOST, 0))
        password = remote if own.startswith(PREFIX + "v1/") else own.partition("/")[2]
        connection = self._peer.connection(Place(HOST, 0, own, own), is_client=False)
        connection.end.begin(Place(HOST, back.getsockname()[1], remote, password))
        back.connect(connection.end.place())
        back.send(check)
        threading.Thread(target=connection.authenticate, args=(False,), daemon=True).start()
        return back


def user_name(datagram):
    """Both fragments of the check that it is, the listener's first. None: it is none."""
    if len(datagram) < 20 or datagram[:2] != b"\0\1":
        return None
    at = 20
    while at + 4 <= len(datagram):
        kind, size = struct.unpack(">HH", datagram[at:at + 4])
        if kind == USERNAME:
            own, _, remote = datagram[at + 4:at + 4 + size].decode().partition(":")
            return (own, remote) if own.startswith(PREFIX) else None
        at += 4 + size + -size % 4
    return None


def identifier(key):
    return wire.base58((b"\0" + bytes([len(key)]) if len(key) <= 42 else b"\x12\x20") + (key if len(key) <= 42 else hashlib.sha256(key).digest()))


def pattern(size):
    return (bytes(range(256)) * (size // 256 + 1))[:size]


def serve_echo(_, stream):
    for piece in stream.pieces():
        stream.sendall(piece)


def serve_sink(_, stream):
    stream.sendall(sum(map(len, stream.pieces())).to_bytes(8, "big"))


def serve_perf(_, stream):
    size = int.from_bytes(wire.receive_exactly(stream, 8), "big")
    for _ in stream.pieces():
        pass
    stream.sendall(bytes(size))


def serve_identify(peer, stream):
    stream.sendall(wire.framed(wire.message(
        (1, peer.identity.protobuf), *((3, name.encode()) for name in SERVED), (5, b"ipfs/0.1.0"), (6, peer.version.encode()))))


SERVED = {ECHO: serve_echo, SINK: serve_sink, PERF: serve_perf, PING: serve_echo, IDENTIFY: serve_identify}


class Peer:
    def __init__(self, stack, config, folder):
        self._stack, self.version = STACKS[stack], stack
        self.identity, self.certificate = crypto.Identity(), Certificate(folder)
        self.id, self.connections = wire.base58(self.identity.peer), {}
        hash = "u" + base64.urlsafe_b64encode(b"\x12\x20" + self.certificate.digest).decode().rstrip("=")
        self.addrs = [f"/ip4/{HOST}/udp/{Listener(self).port}/webrtc-direct/certhash/{hash}/p2p/{self.id}"
                      for text in config.get("listen", []) if text == f"/ip4/{HOST}/udp/0/webrtc-direct"]

    def connection(self, own, is_client):
        made = []
        made.append(Connection(self, self._stack(own, self.certificate, is_client, lambda channel: made[0].took(channel))))
        return made[0]

    def answer(self, number, name, arguments):
        body = getattr(self, "do_" + name, None)
        try:
            if body is None:
                raise NotImplementedError(f"{self.version} has no command {name}")
            say(id=number, ok=True, **(body(**arguments) or {}))
        except Exception as error:  # noqa: BLE001  The driver hears of all.
            say(id=number, ok=False, error=f"{type(error).__name__}: {error}")

    def do_addrs(self):
        return {"addrs": self.addrs}

    def do_dial(self, addr):
        host, port, hash, remote = re.fullmatch(r"/ip4/([^/]+)/udp/(\d+)/webrtc-direct/certhash/u([^/]+)/p2p/([^/]+)", addr).groups()
        certificate = base64.urlsafe_b64decode(hash + "=" * (-len(hash) % 4))[2:]
        fragment = PREFIX + "v1/" + os.urandom(16).hex()
        connection = self.connection(Place(HOST, 0, fragment, fragment), is_client=True)
        connection.end.begin(Place(host, int(port), fragment, fragment), certificate, is_lite=True)
        connection.authenticate(is_dialler=True)
        if connection.remote != remote:
            raise ConnectionError(f"{connection.remote} is there")
        return {"peerId": remote, "remoteAddr": addr, "limited": False}

    def open(self, peer_id, protocol):
        return self.connections[peer_id].open(protocol)

    def do_echo(self, peerId, bytes=64):
        stream, data = self.open(peerId, ECHO), pattern(bytes)
        sending = threading.Thread(target=lambda: (stream.sendall(data), stream.finish()), daemon=True)
        sending.start()
        got = b"".join(stream.pieces())
        sending.join(PATIENCE)
        stream.close()
        return {"matched": got == data}

    def do_many(self, peerId, streams, bytes):
        matched = []
        threads = [threading.Thread(target=lambda: matched.append(self.do_echo(peerId, bytes)["matched"]), daemon=True) for _ in range(streams)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
        return {"failed": streams - sum(matched)}

    def do_ping(self, peerId, count=1):
        stream, times = self.open(peerId, PING), []
        for _ in range(count):
            sent, began = os.urandom(32), time.monotonic()
            stream.sendall(sent)
            if wire.receive_exactly(stream, 32) != sent:
                raise ConnectionError("the ping came back changed")
            times.append((time.monotonic() - began) * 1000)
        stream.finish()
        stream.close()
        return {"rttMs": times}

    def do_identify(self, peerId):
        stream = self.open(peerId, IDENTIFY)
        told = b"".join(stream.pieces())
        stream.finish()
        stream.close()
        return {"agent": wire.fields(told[wire.read_varint(told)[1]:])[6][0].decode()}

    def do_perf(self, peerId, upload, download):
        stream, began = self.open(peerId, PERF), time.monotonic()
        stream.sendall(download.to_bytes(8, "big") + bytes(upload))
        stream.finish()
        first = stream.read()
        uploaded = time.monotonic()
        count = len(first) + sum(map(len, stream.pieces()))
        stream.close()
        if count != download:
            raise ConnectionError(f"{count} of {download} bytes came")
        return {"uploadMs": (uploaded - began) * 1000, "downloadMs": (time.monotonic() - uploaded) * 1000}


def say(**value):
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


def main():
    config = json.loads(sys.stdin.readline())
    with tempfile.TemporaryDirectory() as folder:
        peer = Peer(sys.argv[1], config, folder)
        say(event="ready", peerId=peer.id, addrs=peer.addrs, version=peer.version)
        for line in sys.stdin:
            command = json.loads(line)
            number, name = command.pop("id"), command.pop("cmd")
            threading.Thread(target=peer.answer, args=(number, name, command), daemon=True).start()
    # Threads of connections may still wait.
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
