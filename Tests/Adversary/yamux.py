"""Connections and streams of the hostile node: Yamux over Noise, a thread each that reads; and whatever frame an attack wants to send."""
import socket
import struct
import threading
import time

import crypto
import noise
import wire
from wire import WireError

DATA, WINDOW, PING, GOAWAY = range(4)
SYN, ACK, FIN, RST = 1, 2, 4, 8
FIRST_WINDOW = 256 << 10
IDENTIFY, IDENTIFY_PING, MESHSUB = "/ipfs/id/1.0.0", "/ipfs/ping/1.0.0", "/meshsub/1.1.0"


def frame(kind, flags, stream, length=None, data=b""):
    return struct.pack(">BBHII", 0, kind, flags, stream, len(data) if length is None else length) + data


class Stream:
    """One stream. What comes is credited at once unless `reads` is False."""

    def __init__(self, connection, number):
        self.connection, self.number = connection, number
        self.reads = True
        self.received, self.credit = bytearray(), FIRST_WINDOW
        self.is_ended = self.is_reset = False

    def frame(self, kind, flags=0, length=None, data=b""):
        self.connection.send(frame(kind, flags, self.number, length, data))

    def write(self, data, timeout=20):
        """Within the remote's credit. Returns how many bytes went out before the stream or the time was over."""
        at, deadline = 0, time.monotonic() + timeout
        while at < len(data):
            with self.connection.changed:
                while self.credit == 0 and not self.is_over:
                    left = deadline - time.monotonic()
                    if left <= 0:
                        return at
                    self.connection.changed.wait(left)
                if self.is_over:
                    return at
                count = min(self.credit, len(data) - at, noise.LARGEST - 12)
                self.credit -= count
            try:
                self.frame(DATA, data=data[at:at + count])
            except OSError:
                return at
            at += count
        return at

    @property
    def is_over(self):
        return self.is_reset or self.connection.is_closed

    def read(self, count, timeout=10):
        self._await(lambda: len(self.received) >= count, timeout)
        out = bytes(self.received[:count])
        del self.received[:count]
        return out

    def read_message(self, timeout=10):
        """What stands behind its length."""
        def head():
            return wire.read_varint(self.received)
        self._await(lambda: head() and len(self.received) >= sum(head()), timeout)
        length, start = head()
        return self.read(start + length)[start:]

    def _await(self, condition, timeout):
        deadline = time.monotonic() + timeout
        with self.connection.changed:
            while not condition():
                left = deadline - time.monotonic()
                if self.is_over or self.is_ended:
                    raise WireError("the stream ended" if self.is_ended else "the stream was reset")
                if left <= 0:
                    raise WireError(f"nothing came in {timeout} s")
                self.connection.changed.wait(left)

    def await_reset(self, timeout):
        """Whether the remote resets it, or ends the connection, within that time."""
        deadline = time.monotonic() + timeout
        with self.connection.changed:
            while not self.is_over and time.monotonic() < deadline:
                self.connection.changed.wait(deadline - time.monotonic())
            return self.is_over

    def reset(self):
        self.frame(WINDOW, RST)

    def finish(self):
        self.frame(DATA, FIN)


class Connection:
    """An upgraded connection. `serves` names protocols and what handles their inbound streams."""

    def __init__(self, sock, identity, is_dialler, serves=None, payload=None, protocols=(MESHSUB,)):
        self.sock, self.identity = sock, identity
        self.serves = {IDENTIFY: self._identify, IDENTIFY_PING: self._echo, **(serves or {})}
        self.protocols = [*self.serves, *protocols]
        self.changed = threading.Condition()
        self.streams, self.is_closed = {}, False
        self.answered_pings, self.listen_addresses = 0, ()
        self.went_away = None
        self._next = 1 if is_dialler else 2
        noise_proposal = wire.proposal("/noise")
        sock.sendall(noise_proposal if is_dialler else wire.proposal())
        if wire.receive_exactly(sock, len(noise_proposal)) != noise_proposal:
            raise WireError("no Noise")
        if not is_dialler:
            sock.sendall(wire.line("/noise"))
        self.session = noise.Session(sock, identity, is_dialler, payload)
        self.remote_key = self.session.remote_key
        sock.settimeout(None)
        threading.Thread(target=self._read, daemon=True).start()

    def send(self, data):
        self.session.send(data)

    def stream(self):
        """A stream's number and state; nothing is sent."""
        with self.changed:
            stream = Stream(self, self._next)
            self._next += 2
            self.streams[stream.number] = stream
        return stream

    def open(self, protocol, timeout=10):
        """A stream whose protocol is settled."""
        stream = self.stream()
        proposal = wire.proposal(protocol)
        stream.credit -= len(proposal)
        stream.frame(DATA, SYN, data=proposal)
        for expected in ("/multistream/1.0.0", protocol):
            answer = stream.read_message(timeout)
            if answer != expected.encode() + b"\n":
                raise WireError(f"{protocol}: answered {answer!r}")
        return stream

    def close(self):
        self.is_closed = True
        try:
            # Without it the reader's thread keeps the socket.
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.sock.close()

    def ping(self, timeout=10):
        """Seconds of a round trip by libp2p's ping."""
        began, stream = time.monotonic(), self.open(IDENTIFY_PING, timeout)
        stream.write(bytes(32))
        stream.read(32, timeout)
        stream.reset()
        return time.monotonic() - began

    def await_close(self, timeout):
        deadline = time.monotonic() + timeout
        with self.changed:
            while not self.is_closed and time.monotonic() < deadline:
                self.changed.wait(deadline - time.monotonic())
        return self.is_closed

    # What comes in

    def _read(self):
        buffer = b""
        try:
            while True:
                buffer += self.session.receive()
                at = 0
                while len(buffer) - at >= 12:
                    _, kind, flags, number, length = struct.unpack_from(">BBHII", buffer, at)
                    end = at + 12 + (length if kind == DATA else 0)
                    if len(buffer) < end:
                        break
                    self._receive(kind, flags, number, length, buffer[at + 12:end])
                    at = end
                buffer = buffer[at:]
        except (WireError, OSError):
            with self.changed:
                self.is_closed = True
                self.changed.notify_all()

    def _receive(self, kind, flags, number, length, data):
        if kind == PING:
            if flags & SYN:
                self.send(frame(PING, ACK, 0, length))
            else:
                self.answered_pings += 1
            return
        if kind == GOAWAY:
            self.went_away = length
            return
        if flags & SYN:
            stream = self.streams[number] = Stream(self, number)
            threading.Thread(target=self._serve, args=(stream,), daemon=True).start()
        stream = self.streams.get(number)
        if stream is None:
            return
        with self.changed:
            if kind == WINDOW:
                stream.credit += length
            stream.received += data
            stream.is_ended |= bool(flags & FIN)
            stream.is_reset |= bool(flags & RST)
            self.changed.notify_all()
        if data and stream.reads and not flags & (FIN | RST):
            self.send(frame(WINDOW, 0, number, len(data)))

    def _serve(self, stream):
        try:
            stream.frame(WINDOW, ACK, 0)
            stream.write(wire.proposal())
            stream.read_message()
            while True:
                name = stream.read_message().decode().strip()
                if name in self.serves:
                    stream.write(wire.line(name))
                    return self.serves[name](stream)
                stream.write(wire.line("na"))
        except (WireError, OSError):
            pass

    def _identify(self, stream):
        names = [(3, name.encode()) for name in self.protocols]
        addresses = [(2, wire.multiaddr(address)) for address in self.listen_addresses]
        stream.write(wire.framed(wire.message((1, self.identity.protobuf), *addresses, *names, (5, b"ipfs/0.1.0"), (6, b"hostile"))))
        stream.finish()

    @staticmethod
    def _echo(stream):
        while True:
            stream.write(stream.read(32, timeout=600))


def dial(address, identity=None, source=None, timeout=10, **options):
    """A connection to an address's text, authenticated as `identity`, from the address `source`."""
    host, port, is_websocket, peer = wire.endpoint(address)
    sock = wire.connect(host, port, source, timeout)
    try:
        if is_websocket:
            sock = wire.WebSocket(sock, f"{host}:{port}")
        connection = Connection(sock, identity or crypto.Identity(), True, **options)
    except (WireError, OSError):
        sock.close()
        raise
    if peer and connection.remote_key not in peer and peer[:2] == b"\x00\x24":
        connection.close()
        raise WireError("another identity answered")
    return connection


class Listener:
    """Accepts connections and upgrades them; `accepted` has those that came so far."""

    def __init__(self, identity=None, host="127.0.0.1", **options):
        self.identity, self.options = identity or crypto.Identity(), options
        self.accepted = []
        self._socket = socket.create_server((host, 0), backlog=256)
        self.port = self._socket.getsockname()[1]
        self.direct = f"/ip4/{host}/tcp/{self.port}/p2p/{wire.base58(self.identity.peer)}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                sock, _ = self._socket.accept()
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except OSError:
                return
            threading.Thread(target=self._upgrade, args=(sock,), daemon=True).start()

    def _upgrade(self, sock):
        try:
            sock.settimeout(10)
            self.accepted.append(Connection(sock, self.identity, False, **self.options))
        except (WireError, OSError):
            sock.close()

    def close(self):
        self._socket.close()
        for connection in self.accepted:
            connection.close()
