"""Who gets in: handshakes, seats, descriptors."""
import os
import socket
import ssl
import subprocess
import time

import crypto
import network
import wire
import yamux
from ground import row
from rows.memory import in_parallel, join


def newcomers(ground, server, sources, within=5):
    """How many of these sources get a ping answered."""
    arrived = []

    def come(number):
        try:
            connection = yamux.dial(server.direct, source=sources[number], timeout=within * ground.pace)
            ground.keep(connection).ping(within * ground.pace)
            arrived.append(number)
        except (wire.WireError, OSError):
            pass
    join(in_parallel(len(sources), come), 2 * within * ground.pace + 5)
    return len(arrived)


def silent(ground, port, source, count, host="10.77.0.1", said=b"\x13"):
    """Sockets that say so much and stop."""
    for _ in range(count):
        try:
            sock = ground.keep(wire.connect(host, port, source, timeout=2))
            if said:
                sock.sendall(said)
        except OSError:
            continue


@row("half-open-handshakes", places=True)
def half_open_handshakes(ground):
    """Four addresses begin as many handshakes as they may, and do not go on."""
    server = ground.relay(host="10.77.0.1")
    for number in range(4):
        silent(ground, server.port("/tcp/"), f"10.77.4.{number + 1}", 256)
    ground.at_least("of 5 newcomers got in", newcomers(ground, server, [f"10.77.5.{number + 1}" for number in range(5)]), 5)


@row("half-open-handshakes-of-a-48", places=True)
def half_open_handshakes_of_a_48(ground):
    """The same from four /56 of one /48, beside newcomers of another."""
    server = ground.relay("--listen", f"/ip6/{network.HOST_6}/tcp/0")
    for number in range(4):
        silent(ground, server.port("/tcp/"), f"2a0f:77:1:{number + 1}00::1", 256, host=network.HOST_6)
    ground.at_least("of 5 newcomers got in", newcomers(ground, server, [f"2a0f:77:{number + 2}::1" for number in range(5)]), 5)


@row("whole-connections-of-one-address", places=True)
def whole_connections(ground):
    """One address holds every connection that the relay may have, authenticated."""
    server = ground.relay("--connections", "64", host="10.77.0.1")
    for _ in range(64):
        ground.keep(yamux.dial(server.direct, source="10.77.6.1"))
    ground.at_least("of 5 newcomers got in", newcomers(ground, server, [f"10.77.7.{number + 1}" for number in range(5)]), 5)


@row("descriptors", places=True)
def descriptors(ground):
    """More connections than the soft limit of descriptors has room for, and then more than the hard one has."""
    for limit, what in (((256, 4096), "a soft limit of 256"), ((256, 256), "a hard limit of 256")):
        server = ground.relay(host="10.77.0.1", descriptors=limit)
        for place in range(2):
            silent(ground, server.port("/tcp/"), f"10.77.8.{place + 1}", 150)
        arrived = newcomers(ground, server, [f"10.77.9.{number + 1}" for number in range(5)])
        ground.at_least(f"with {what}: of 5 newcomers got in", arrived, 5)
        if limit[1] > 256:
            ground.at_least("connections stand", server.descriptors(), 300)
        else:
            # Refusals are told a second's together.
            time.sleep(2)
            ground.true("it is told", any(event["event"] == "refused" for event in server.events))
        ground.true("the relay lives", server.is_alive())


def pages(folder, size):
    """A directory of pages with a large file."""
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "large.js"), "wb") as large:
        large.write(os.urandom(size))
    with open(os.path.join(folder, "status.html"), "w") as page:
        page.write("<p>hello")
    return folder


def request(path, host, **headers):
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}", *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def download(sock, per_second):
    """Reads a response at that speed; how many bytes of its body came, and how many it has."""
    head, got = b"", 0
    began = time.monotonic()
    while b"\r\n\r\n" not in head:
        piece = sock.recv(4096)
        if not piece:
            return 0, -1
        head += piece
    head, body = head.split(b"\r\n\r\n", 1)
    length = next(int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))
    got = len(body)
    try:
        while got < length:
            time.sleep(max(0, began + got / per_second - time.monotonic()))
            piece = sock.recv(65536)
            if not piece:
                break
            got += len(piece)
    except OSError:
        pass
    return got, length


@row("silent-seats", waits=True, places=True)
def silent_seats(ground):
    """1,100 silent sockets of one address, while another loads a page."""
    size = 12 << 20
    folder = ground.folder()
    server = ground.relay("--pages", pages(folder, size), "--loops", "1", host="10.77.0.1")
    port = server.port("/ws")
    reader = ground.keep(wire.connect("10.77.0.1", port, "10.77.11.1", buffer=65536))
    reader.sendall(request("/large.js", f"10.77.0.1:{port}"))
    attack = in_parallel(1, lambda _: silent(ground, port, "10.77.10.1", 1100, said=b""))
    got, length = download(reader, 2 << 20)
    join(attack, 30)
    ground.at_least("bytes of the page arrived", got, length if length > 0 else size)


@row("stalled-downloads", places=True)
def stalled_downloads(ground):
    """600 readers of one address that read nothing of a page, and newcomers who want one."""
    size = 4 << 20
    server = ground.relay("--pages", pages(ground.folder(), size), "--loops", "1", host="10.77.0.1")
    port = server.port("/ws")
    server.mark()
    for _ in range(600):
        try:
            sock = ground.keep(wire.connect("10.77.0.1", port, "10.77.16.1", timeout=2, buffer=4096))
            sock.sendall(request("/large.js", f"10.77.0.1:{port}"))
        except OSError:
            continue
    served = 0
    for number in range(5):
        try:
            reader = ground.keep(wire.connect("10.77.0.1", port, f"10.77.17.{number + 1}"))
            reader.sendall(request("/large.js", f"10.77.0.1:{port}"))
            served += download(reader, 1 << 30) == (size, size)
        except OSError:
            continue
    ground.at_least("of 5 newcomers had the page", served, 5)
    ground.grown(server, 64)


def certificate(folder):
    names = os.path.join(folder, "cert.pem"), os.path.join(folder, "key.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                    "/CN=localhost", "-keyout", names[1], "-out", names[0]], check=True, stderr=subprocess.DEVNULL)
    return names


def tls_relay(ground, size):
    folder = ground.folder()
    cert, key = certificate(folder)
    server = ground.relay("--listen", "/ip4/127.0.0.1/tcp/0/tls/ws", "--cert", cert, "--cert-key", key,
                          "--pages", pages(os.path.join(folder, "pages"), size))
    return server, server.port("/tls")


def tls(port, host="127.0.0.1", source=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    sock = context.wrap_socket(wire.connect(host, port, source, buffer=16384, timeout=20), server_hostname="localhost")
    sock.sendall(request("/large.js", f"localhost:{port}"))
    return sock


@row("tls-readers")
def tls_readers(ground):
    """40 readers of a page over TLS that read nothing."""
    server, port = tls_relay(ground, 12 << 20)
    server.mark()
    for _ in range(40):
        ground.keep(tls(port))
    time.sleep(2)
    ground.grown(server, 64)


@row("tls-slow-reader", waits=True)
def tls_slow_reader(ground):
    """An honest download over TLS at 400 kB a second."""
    _, port = tls_relay(ground, 12 << 20)
    sock = ground.keep(tls(port))
    got, length = download(sock, 400_000)
    ground.at_least("bytes arrived", got, max(length, 1))


@row("half-open-tls-handshakes", places=True)
def half_open_tls_handshakes(ground):
    """1,100 sockets of one address that begin a TLS handshake and do not go on."""
    folder = ground.folder()
    cert, key = certificate(folder)
    server = ground.relay("--listen", "/ip4/10.77.0.1/tcp/0/tls/ws", "--cert", cert, "--cert-key", key, "--loops", "1",
                          "--pages", pages(os.path.join(folder, "pages"), 1000))
    server.mark()
    silent(ground, server.port("/tls"), "10.77.12.1", 1100, said=b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(100))
    served = 0
    for number in range(5):
        try:
            sock = ground.keep(tls(server.port("/tls"), "10.77.0.1", f"10.77.13.{number + 1}"))
            served += download(sock, 1 << 20) == (1000, 1000)
        except OSError:
            continue
    ground.at_least("of 5 newcomers were served", served, 5)
    ground.grown(server, 64)


@row("garbage")
def garbage(ground):
    """600 connections of nonsense, and upgrades with bytes behind their head."""
    server = ground.relay()
    watch = ground.watch(server)
    server.mark()
    upgrade = request("/", "localhost", Connection="Upgrade", Upgrade="websocket", Sec_WebSocket_Version="13",
                      Sec_WebSocket_Key="dGhlIHNhbXBsZSBub25jZQ==")
    openings = [b"", wire.proposal("/noise"), wire.proposal("/noise") + b"\0\x20" + os.urandom(32), upgrade, upgrade + b"\x82\xfe",
                b"\xff" * 11, b"GET " + b"/" * 9000, b"\x16\x03\x01"]
    for number in range(ground.size(600, 300)):
        try:
            sock = wire.connect("127.0.0.1", server.port("/ws" if number % 2 else "/tcp/"), timeout=1)
            sock.sendall(openings[number % len(openings)] + os.urandom(200 + number))
            if number % 3:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            sock.close()
        except OSError:
            continue
    ground.calm(watch, 1)
    ground.grown(server, 16)
    ground.true("the relay lives", server.is_alive())


@row("another-identity")
def another_identity(ground):
    """A dial that names a peer, and another who answers."""
    peer, listener = ground.peer(), ground.keep(yamux.Listener())
    address = f"/ip4/127.0.0.1/tcp/{listener.port}/p2p/{wire.base58(crypto.Identity().peer)}"
    try:
        peer("dial", addr=address)
        ground.true("the dial failed", False)
    except yamux.WireError:
        raise
    except Exception as error:  # noqa: BLE001  A refusal, in the peer's words.
        ground.true(f"the dial failed ({str(error)[-60:]})", True)
    ground.true("no connection is left", not peer("connections")["connections"])
