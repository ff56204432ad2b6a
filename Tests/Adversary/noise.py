"""Noise XX as libp2p uses it (noise/README.md), over a socket."""
import hashlib
import hmac
import struct
import threading

import crypto
import wire

PREFIX = b"noise-libp2p-static-key:"
LARGEST = 65535 - 16


def _derive(chaining, material):
    secret = hmac.digest(chaining, material, "sha256")
    first = hmac.digest(secret, b"\x01", "sha256")
    return first, hmac.digest(secret, first + b"\x02", "sha256")


class _Handshake:
    def __init__(self, prologue):
        # Exactly a hash's length, so it stands for its own.
        self.chaining = self.hash = b"Noise_XX_25519_ChaChaPoly_SHA256"
        self.key = None
        self.mix_hash(prologue)

    def mix_hash(self, data):
        self.hash = hashlib.sha256(self.hash + data).digest()
        return data

    def mix_key(self, material):
        self.chaining, self.key = _derive(self.chaining, material)
        self.nonce = 0

    def seal(self, data):
        out = crypto.seal(self.key, self.nonce, data, self.hash)
        self.nonce += 1
        return self.mix_hash(out)

    def unseal(self, data):
        out = crypto.unseal(self.key, self.nonce, data, self.hash)
        self.nonce += 1
        self.mix_hash(data)
        return out

    @staticmethod
    def payload(identity, static):
        extensions = wire.message((2, b"/yamux/1.0.0"))
        return wire.message((1, identity.protobuf), (2, identity.sign(PREFIX + static)), (4, extensions))


class Session:
    """The encrypted bytes of one connection. `payload` replaces our own in the handshake."""

    def __init__(self, sock, identity, is_dialler, payload=None, prologue=b""):
        self._sock, self._lock = sock, threading.Lock()
        self._sent = self._received = 0
        handshake, secret = _Handshake(prologue), crypto.exchange_key()
        if is_dialler:
            theirs = self._dial(handshake, secret, identity, payload)
        else:
            theirs = self._answer(handshake, secret, identity, payload)
        self.remote_key = wire.fields(theirs)[1][0]
        first, second = _derive(handshake.chaining, b"")
        self._sealing, self._unsealing = (first, second) if is_dialler else (second, first)

    def _dial(self, handshake, secret, identity, payload):
        self._put(handshake.mix_hash(secret[1]) + handshake.mix_hash(b""))
        answer = self._take()
        ephemeral = handshake.mix_hash(answer[:32])
        handshake.mix_key(crypto.exchange(secret[0], ephemeral))
        static = handshake.unseal(answer[32:80])
        handshake.mix_key(crypto.exchange(secret[0], static))
        theirs = handshake.unseal(answer[80:])
        own = crypto.exchange_key()
        out = handshake.seal(own[1])
        handshake.mix_key(crypto.exchange(own[0], ephemeral))
        self._put(out + handshake.seal(payload if payload is not None else handshake.payload(identity, own[1])))
        return theirs

    def _answer(self, handshake, secret, identity, payload):
        ephemeral = self._take()
        handshake.mix_hash(ephemeral[:32])
        handshake.mix_hash(ephemeral[32:])
        ephemeral = ephemeral[:32]
        out = handshake.mix_hash(secret[1])
        handshake.mix_key(crypto.exchange(secret[0], ephemeral))
        own = crypto.exchange_key()
        out += handshake.seal(own[1])
        handshake.mix_key(crypto.exchange(own[0], ephemeral))
        self._put(out + handshake.seal(payload if payload is not None else handshake.payload(identity, own[1])))
        last = self._take()
        static = handshake.unseal(last[:48])
        handshake.mix_key(crypto.exchange(secret[0], static))
        return handshake.unseal(last[48:])

    def _put(self, data):
        self._sock.sendall(struct.pack(">H", len(data)) + data)

    def _take(self):
        return wire.receive_exactly(self._sock, struct.unpack(">H", wire.receive_exactly(self._sock, 2))[0])

    def send(self, data):
        """Encrypts and sends, in as few frames as may be."""
        with self._lock:
            for at in range(0, len(data), LARGEST):
                sealed = crypto.seal(self._sealing, self._sent, data[at:at + LARGEST])
                self._sent += 1
                self._put(sealed)

    def receive(self):
        """The next frame's bytes."""
        out = crypto.unseal(self._unsealing, self._received, self._take())
        self._received += 1
        return out
