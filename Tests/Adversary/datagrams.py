"""What a stranger sends to a port of /webrtc-direct before anybody knows it: STUN (RFC 8489), a DTLS ClientHello (RFC 6347), and floods of
them from many addresses."""
import hashlib
import hmac
import os
import re
import socket
import struct
import time
import zlib

REQUEST = 1
USERNAME, INTEGRITY, PRIORITY, CONTROLLING, FINGERPRINT = 0x0006, 0x0008, 0x0024, 0x802A, 0x8028
COOKIE = 0x2112A442


def attribute(kind, value):
    return struct.pack(">HH", kind, len(value)) + value + bytes(-len(value) % 4)


def stun(*attributes, password=None, marked=True):
    """A binding request with these attributes, MESSAGE-INTEGRITY if there is a password, and FINGERPRINT."""
    body, transaction = b"".join(attribute(*one) for one in attributes), os.urandom(12)

    def head(size):
        return struct.pack(">HHI", REQUEST, size, COOKIE) + transaction
    if password is not None:
        body += attribute(INTEGRITY, hmac.new(password, head(len(body) + 24) + body, hashlib.sha1).digest())
    if marked:
        body += attribute(FINGERPRINT, struct.pack(">I", zlib.crc32(head(len(body) + 8) + body) ^ 0x5354554E))
    return head(len(body)) + body


def check(prefix=b"libp2p+webrtc+v1/", password=None):
    """The first check of a dialler with credentials of its own: intact, unless another password is given."""
    fragment = prefix + os.urandom(16).hex().encode()
    return stun((USERNAME, fragment + b":" + fragment), (PRIORITY, struct.pack(">I", 0x6E001EFF)), (CONTROLLING, os.urandom(8)),
                password=password or fragment)


def hello():
    """A ClientHello that a server of WebRTC answers."""
    def extension(kind, value):
        return struct.pack(">HH", kind, len(value)) + value
    extensions = (extension(10, bytes.fromhex("0004001d0017")) + extension(11, b"\1\0") + extension(13, bytes.fromhex("0006040308040401"))
                  + extension(23, b""))
    body = (b"\xfe\xfd" + os.urandom(32) + b"\0\0" + bytes.fromhex("0004c02bc02f") + b"\1\0" + struct.pack(">H", len(extensions)) + extensions)
    size = len(body).to_bytes(3, "big")
    message = b"\1" + size + b"\0\0" + b"\0\0\0" + size + body
    return b"\x16\xfe\xfd" + bytes(8) + struct.pack(">H", len(message)) + message


def endpoint(address):
    """Host and port of an address of /webrtc-direct."""
    host, port = re.match(r"/ip[46]/([^/]+)/udp/(\d+)/webrtc-direct", address).groups()
    return host, int(port)


class Sources:
    """Sockets of as many addresses, each of another place."""

    def __init__(self, count, target, network="10.77"):
        self._sockets = []
        for number in range(count):
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            sock.bind((f"{network}.{20 + number // 250}.{1 + number % 250}", 0))
            sock.connect(target)
            sock.setblocking(False)
            self._sockets.append(sock)

    def flood(self, rate, seconds, *what):
        """Sends so many a second of what `what` lists, each from the next source: all of a list's entry from one. Returns how many."""
        sent, source, began = 0, 0, time.monotonic()
        while (elapsed := time.monotonic() - began) < seconds:
            due = int(elapsed * rate)
            while sent < due:
                sock = self._sockets[source % len(self._sockets)]
                for datagram in what[source % len(what)]:
                    sent += 1
                    try:
                        sock.send(datagram)
                    except OSError:
                        # Full, or an answer of the network to an earlier one.
                        pass
                source += 1
            time.sleep(0.005)
        return sent

    def answers(self):
        """How many datagrams have come back."""
        count = 0
        for sock in self._sockets:
            try:
                while sock.recv(2048):
                    count += 1
            except OSError:
                continue
        return count

    def close(self):
        for sock in self._sockets:
            sock.close()
