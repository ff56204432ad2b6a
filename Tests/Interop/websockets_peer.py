#!/usr/bin/env python3
"""PyPI's `websockets` as the other end of our WebSocket, below libp2p: messages, fragments, pings, closes.

    websockets_peer.py serve [FOLDER]        prints its port, then serves until its standard input ends; what a connection does hangs on its path
    websockets_peer.py visit URL [FOLDER]    plays every case against the echo server at URL, prints `ok NAME` or `FAIL NAME: why` lines, then `N passed, N failed`
    websockets_peer.py cases                 names the paths that `serve` knows and a client should visit
    websockets_peer.py certificate FOLDER    writes cert.pem and key.pem for localhost and 127.0.0.1; serve and visit speak TLS with them if they get the folder
"""
import base64
import datetime
import ipaddress
import os
import socket
import ssl
import sys
import threading
import urllib.parse

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from websockets.sync.server import serve

SIZES = [0, 1, 2, 125, 126, 127, 1000, 65535, 65536, 65537, 1 << 20]
CODES = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999]


def pattern(size):
    return bytes(n * 7 + (n >> 8) & 255 for n in range(size))


# MARK: - Server

def behave(connection):
    """What the server does at each path; everything received is sent back as well, one message for one message."""
    words = connection.request.path.strip("/").split("/")
    if words[0] == "fragments":
        data = pattern(int(words[1]))
        step = max(1, len(data) // 7)
        connection.send([data[at:at + step] for at in range(0, len(data), step)] + [b""])
    elif words[0] == "ping":
        if not connection.ping(b"are you there?").wait(10):
            connection.close(4001, "no pong")
        for number in range(20):
            if not connection.ping(bytes([number]) * 125).wait(10):
                connection.close(4001, "no pong")
        connection.pong(b"unsolicited")
    elif words[0] == "text":
        connection.send("grüße, 世界")
    elif words[0] == "close":
        connection.close(int(words[1]), "as you wished")
        return
    elif words[0] == "abort":
        connection.socket.shutdown(socket.SHUT_RDWR)
        return
    for message in connection:
        connection.send(message)


CASES = ["echo", "fragments/1", "fragments/200", "fragments/100000", "ping", "text", "abort"] + [f"close/{code}" for code in CODES]


def serve_until_end(folder):
    context = None
    if folder:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(f"{folder}/cert.pem", f"{folder}/key.pem")
    with serve(behave, "127.0.0.1", 0, max_size=None, ping_interval=None, ssl=context) as server:
        print(server.socket.getsockname()[1], flush=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        sys.stdin.read()


# MARK: - Client

def gather(connection, size):
    """Message borders mean nothing to a byte stream: takes messages until so many bytes have come."""
    got = b""
    while len(got) < size:
        message = connection.recv(timeout=10)
        got += message.encode() if isinstance(message, str) else message
    return got


def echo(connection):
    for size in SIZES:
        connection.send(pattern(size))
        assert gather(connection, size) == pattern(size), f"{size} bytes come back changed"


def text(connection):
    connection.send("grüße, 世界")
    wanted = "grüße, 世界".encode()
    assert gather(connection, len(wanted)) == wanted, "text comes back changed"


def fragments(connection):
    for size, parts in ((10, 10), (1000, 7), (300000, 30), (5000, 5000)):
        data = pattern(size)
        step = max(1, size // parts)
        connection.send([data[at:at + step] for at in range(0, size, step)])
        assert gather(connection, size) == data, f"{size} bytes in {parts} fragments come back changed"


def pings_between_fragments(connection):
    def pieces():
        for number in range(10):
            yield bytes([number]) * 100
            assert connection.ping(bytes([number])).wait(10), "no pong inside a fragmented message"
    connection.send(pieces())
    assert len(gather(connection, 1000)) == 1000


def pings(connection):
    for size in (0, 1, 124, 125):
        assert connection.ping(pattern(size)).wait(10), f"no pong of {size} bytes"
    connection.pong(b"unsolicited")
    echo(connection)


def closes(code):
    def case(connection):
        connection.send(b"before")
        assert gather(connection, 6) == b"before"
        connection.close(code, "goodbye")
        assert connection.protocol.close_rcvd is not None, "our close was not answered"
        assert connection.protocol.close_rcvd.code == code, f"answered with {connection.protocol.close_rcvd.code}"
    return case


def aborts(connection):
    connection.send(b"before")
    gather(connection, 6)
    connection.socket.shutdown(socket.SHUT_RDWR)


def raw(target, head, frames=b""):
    """What the server answers to these bytes, until it ends the connection."""
    host, port, context = target
    with socket.create_connection((host, port), timeout=10) as plain, context.wrap_socket(plain, server_hostname=host) if context else plain as link:
        link.sendall(head + frames)
        got = b""
        while piece := link.recv(65536):
            got += piece
        return got


def refused(head, status):
    def case(target):
        got = raw(target, head)
        assert got.startswith(b"HTTP/1.1 " + status), got[:100]
    return case


def broken(frames):
    def case(target):
        got = raw(target, HEAD % base64.b64encode(os.urandom(16)), frames)
        assert got.startswith(b"HTTP/1.1 101"), got[:100]
        assert got.endswith(b"\x88\x02\x03\xea"), f"no close frame with 1002: {got[-20:]}"
    return case


HEAD = b"GET /x HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n\r\n"
CONNECTED = {"echo": echo, "text": text, "fragments": fragments, "pings between fragments": pings_between_fragments, "pings": pings, "abort": aborts} \
    | {f"close {code}": closes(code) for code in CODES}
RAW = {
    "plain GET": refused(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"400"),
    "version 8": refused(HEAD.replace(b": 13", b": 8") % b"dGhlIHNhbXBsZSBub25jZQ==", b"426"),
    "no key": refused(HEAD.replace(b"Sec-WebSocket-Key", b"X") % b"dGhlIHNhbXBsZSBub25jZQ==", b"400"),
    "endless head": refused(b"GET / HTTP/1.1\r\nX: " + b"y" * 20000, b"431"),
    "unmasked frame": broken(b"\x82\x01a"),
    "reserved bit": broken(b"\xc2\x80\0\0\0\0"),
    "reserved opcode": broken(b"\x83\x80\0\0\0\0"),
    "fragmented ping": broken(b"\x09\x80\0\0\0\0"),
    "stray continuation": broken(b"\x80\x80\0\0\0\0"),
    "length of 2^63": broken(b"\x82\xff\x80\0\0\0\0\0\0\0\0\0\0\0"),
}


def visit(url, folder):
    parts = urllib.parse.urlsplit(url)
    context = ssl.create_default_context(cafile=f"{folder}/cert.pem") if folder else None
    passed = failed = 0
    for name, body in [*CONNECTED.items(), *RAW.items()]:
        try:
            if name in RAW:
                body((parts.hostname, parts.port, context))
            else:
                with connect(url, max_size=None, ping_interval=None, close_timeout=5, ssl=context) as connection:
                    body(connection)
        except (AssertionError, OSError, ConnectionClosed, InvalidStatus, TimeoutError) as error:
            failed += 1
            print(f"FAIL {name}: {type(error).__name__}: {error}", flush=True)
        else:
            passed += 1
            print(f"ok {name}", flush=True)
    print(f"{passed} passed, {failed} failed", flush=True)
    sys.exit(1 if failed or not passed else 0)


# MARK: - TLS

def write_certificate(folder):
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.timezone.utc)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "websockets peer")])
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(x509.random_serial_number()) \
        .not_valid_before(now - datetime.timedelta(hours=1)).not_valid_after(now + datetime.timedelta(days=1)).add_extension(names, False).sign(key, hashes.SHA256())
    with open(f"{folder}/cert.pem", "wb") as file:
        file.write(certificate.public_bytes(serialization.Encoding.PEM))
    with open(f"{folder}/key.pem", "wb") as file:
        file.write(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["serve", *folder]:
            serve_until_end(*folder or [None])
        case ["visit", url, *folder]:
            visit(url, *folder or [None])
        case ["certificate", folder]:
            write_certificate(folder)
        case ["cases"]:
            print("\n".join(CASES))
        case _:
            sys.exit(__doc__)
