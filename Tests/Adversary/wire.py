"""What lies on the wire below and beside encryption: varints, protobuf, multistream-select, addresses, WebSocket frames."""
import base64
import ipaddress
import os
import socket
import struct
import urllib.parse

ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


class WireError(Exception):
    """The remote said something else, or ended."""


def varint(value):
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes(out) + bytes([value])


def read_varint(data, at=0):
    """The value, and where it ends; None if it is not all there."""
    value = shift = 0
    while at < len(data):
        value |= (data[at] & 127) << shift
        at, shift = at + 1, shift + 7
        if data[at - 1] < 128:
            return value, at
    return None


def framed(data):
    return varint(len(data)) + data


def message(*fields):
    """A protobuf of (number, integer or bytes); None is left out."""
    out = b""
    for number, value in fields:
        if isinstance(value, int):
            out += varint(number << 3) + varint(value)
        elif value is not None:
            out += varint(number << 3 | 2) + framed(value)
    return out


def fields(data):
    """A protobuf's fields: {number: [values]}."""
    found, at = {}, 0
    while at < len(data):
        tag, at = read_varint(data, at)
        value, at = read_varint(data, at)
        if tag & 7 == 2:
            value, at = data[at:at + value], at + value
        found.setdefault(tag >> 3, []).append(value)
    return found


def proposal(*protocols):
    """Lines of multistream-select, its header first."""
    return b"".join(framed(name.encode() + b"\n") for name in ("/multistream/1.0.0", *protocols))


def line(text):
    return framed(text.encode() + b"\n")


def base58(data):
    number, out = int.from_bytes(data, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        out = ALPHABET[digit] + out
    return "1" * (len(data) - len(data.lstrip(b"\0"))) + out


def from_base58(text):
    number = 0
    for letter in text:
        number = number * 58 + ALPHABET.index(letter)
    zeros = len(text) - len(text.lstrip("1"))
    return b"\0" * zeros + number.to_bytes((number.bit_length() + 7) // 8, "big")


CODES = {"ip4": 4, "tcp": 6, "dns4": 54, "ip6": 41, "unix": 400, "p2p": 421, "sni": 449, "tls": 448, "ws": 477, "http-path": 481}


def multiaddr(text):
    """Its bytes. What a value may not have in it stands as %41."""
    out, parts = b"", text.strip("/").split("/")
    while parts:
        name = parts.pop(0)
        out += varint(CODES[name])
        if name in ("ip4", "ip6"):
            out += ipaddress.ip_address(parts.pop(0)).packed
        elif name == "tcp":
            out += struct.pack(">H", int(parts.pop(0)))
        elif name == "p2p":
            out += framed(from_base58(parts.pop(0)))
        elif name not in ("tls", "ws"):
            out += framed(urllib.parse.unquote_to_bytes(parts.pop(0)))
    return out


def endpoint(address):
    """Of an address's text: host, port, whether WebSocket, the peer's id or None."""
    parts = address.strip("/").split("/")
    peer = from_base58(parts[parts.index("p2p") + 1]) if "p2p" in parts else None
    return parts[1], int(parts[3]), "ws" in parts, peer


FREEBIND = 15
FREEBIND_6 = 78


def connect(host, port, source=None, timeout=10, buffer=None):
    """A TCP socket, from the address `source` if one is named, with a receive buffer of that size if one is."""
    is_6 = ":" in host
    sock = socket.socket(socket.AF_INET6 if is_6 else socket.AF_INET)
    sock.settimeout(timeout)
    if buffer:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    try:
        if source:
            sock.setsockopt(socket.IPPROTO_IPV6 if is_6 else socket.IPPROTO_IP, FREEBIND_6 if is_6 else FREEBIND, 1)
            sock.bind((source, 0))
        sock.connect((host, port))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except OSError:
        sock.close()
        raise
    return sock


def receive_exactly(sock, count):
    out = bytearray()
    while len(out) < count:
        piece = sock.recv(min(count - len(out), 1 << 18))
        if not piece:
            raise WireError("the remote ended the connection")
        out += piece
    return bytes(out)


class WebSocket:
    """A client's end, with the calls of a socket that are needed here."""

    def __init__(self, sock, host):
        self.below, self._left = sock, b""
        key = base64.b64encode(os.urandom(16)).decode()
        sock.sendall(f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                     f"Sec-WebSocket-Key: {key}\r\n\r\n".encode())
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += receive_exactly(sock, 1)
        if b" 101 " not in head:
            raise WireError(f"no upgrade: {head[:80]!r}")

    def sendall(self, data):
        # A mask of zeros leaves the bytes as they are.
        length = bytes([128 | 127]) + struct.pack(">Q", len(data)) if len(data) > 65535 else (
            bytes([128 | 126]) + struct.pack(">H", len(data)) if len(data) > 125 else bytes([128 | len(data)]))
        self.below.sendall(b"\x82" + length + b"\0\0\0\0" + data)

    def recv(self, count):
        while not self._left:
            first, length = receive_exactly(self.below, 2)
            if length == 126:
                length, = struct.unpack(">H", receive_exactly(self.below, 2))
            elif length == 127:
                length, = struct.unpack(">Q", receive_exactly(self.below, 8))
            body = receive_exactly(self.below, length)
            if first & 15 == 8:
                return b""
            self._left = body if first & 15 in (0, 2) else b""
        out, self._left = self._left[:count], self._left[count:]
        return out

    def __getattr__(self, name):
        return getattr(self.below, name)
