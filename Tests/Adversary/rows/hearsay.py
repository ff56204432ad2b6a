"""What strangers announce, and what a node that dials what it hears makes of it."""
import socket
import threading
import time

import crypto
import gossip
import network
import wire
import yamux
from ground import row
from victims import PeerError

LISTENING = {"topic": gossip.DISCOVERY, "format": "protobuf", "intervalMs": 1000, "dial": True}


class Counter:
    """A port that takes connections, counts them and keeps the first line of each."""

    def __init__(self, host="127.0.0.1"):
        self._socket = socket.create_server((host, 0), backlog=4096)
        self.host, self.port = self._socket.getsockname()
        self.count, self.said = 0, []
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while True:
            try:
                sock, _ = self._socket.accept()
            except OSError:
                return
            self.count += 1
            if self.count <= 256:
                threading.Thread(target=self._listen, args=(sock,), daemon=True).start()
            else:
                sock.close()

    def _listen(self, sock):
        sock.settimeout(30)
        try:
            self.said.append(sock.recv(4096))
            # Nothing is answered.
            while sock.recv(4096):
                continue
        except OSError:
            pass
        sock.close()

    def close(self):
        self._socket.close()


def stranger(ground, address):
    """A neighbour on the discovery topic: its stream, and the key of another in whose name it speaks."""
    connection, stream = gossip.neighbour(address, topics=[gossip.DISCOVERY])
    ground.keep(connection)
    time.sleep(0.3)
    return crypto.Identity(), stream


@row("slow-names", waits=True, places=True)
def slow_names(ground):
    """20 announcements of 32 names each, whose server does not answer."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind((network.NAME_SERVER, 53))
    ground.keep(server)
    victim, friend = ground.peer(discovery=LISTENING), ground.peer()
    _, stream = stranger(ground, victim.direct)
    for at in range(20):
        gossip.announce(stream, crypto.Identity(), [f"/dns4/n{at}-{number}.example.net/tcp/4001" for number in range(32)])
    time.sleep(1)
    began = time.monotonic()
    port = friend.addrs[0].split("/tcp/")[1].split("/")[0]
    try:
        victim("dial", addr=f"/dns4/localhost/tcp/{port}/p2p/{friend.id}", within=60)
        ground.at_most("a dial by name took", time.monotonic() - began, 10 * ground.pace, " s")
    except PeerError as error:
        ground.true(f"a dial by name succeeds ({str(error)[:120]})", False)


@row("heard-path", waits=True)
def heard_path(ground):
    """An announcement whose address names a host and a path for the request."""
    victim, target = ground.peer(discovery=LISTENING), ground.keep(Counter())
    identity, stream = stranger(ground, victim.direct)
    gossip.announce(stream, identity, [f"/ip4/127.0.0.1/tcp/{target.port}/sni/internal.example/ws/http-path/%2Fadmin%2Fdelete%3Fid%3D1"])
    time.sleep(3)
    said = b"".join(target.said)
    ground.true(f"no path and no name of a stranger's is asked for ({said[:44]!r})", b"admin" not in said and b"internal" not in said)


@row("heard-private-address", waits=True, places=True)
def heard_private_address(ground):
    """A node in public hears of loopback and of private addresses, by number and by name."""
    victim = ground.peer(discovery=LISTENING, listen=["/ip4/45.77.0.1/tcp/0"])
    targets = {host: ground.keep(Counter(host)) for host in ("127.0.0.1", "10.77.0.5", "45.77.0.9")}
    named = ground.keep(Counter())
    for address in [*(f"/ip4/{host}/tcp/{target.port}" for host, target in targets.items()), f"/dns4/localhost/tcp/{named.port}"]:
        identity, stream = stranger(ground, victim.direct)
        gossip.announce(stream, identity, [address])
    time.sleep(4)
    ground.at_least("dials of a public address", targets["45.77.0.9"].count, 1)
    ground.at_most("of loopback", targets["127.0.0.1"].count, 0)
    ground.at_most("of a private one", targets["10.77.0.5"].count, 0)
    ground.at_most("of a name that leads to one", named.count, 0)


@row("meeting-place", waits=True, places=True)
def meeting_place(ground):
    """Strangers announce an address that accepts and says nothing, ten times a second; another neighbour announces an honest peer."""
    victim, target = ground.peer(discovery=LISTENING, listen=["/ip4/45.77.0.1/tcp/0"]), ground.keep(Counter("45.77.0.9"))
    _, stream = stranger(ground, victim.direct)
    is_over = threading.Event()
    ground.keep(Switch(is_over))

    def run():
        while not is_over.wait(0.1):
            gossip.announce(stream, crypto.Identity(), [f"/ip4/{target.host}/tcp/{target.port}"])
    threading.Thread(target=run, daemon=True).start()
    time.sleep(2)
    honest, (_, other) = yamux.Listener(host="45.77.0.10"), stranger(ground, victim.direct)
    ground.keep(honest)
    began = time.monotonic()
    while not honest.accepted and time.monotonic() < began + 60:
        gossip.announce(other, honest.identity, [f"/ip4/45.77.0.10/tcp/{honest.port}"])
        time.sleep(1)
    ground.at_most("the honest peer was met after", time.monotonic() - began, 20 + 2 * ground.pace, " s")


class Switch:
    """Ends a thread at the row's end."""

    def __init__(self, event):
        self.close = event.set


@row("many-announcements")
def many_announcements(ground):
    """Thousands of announcements of 32 addresses each, all of one host."""
    victim, target = ground.peer(discovery=LISTENING), ground.keep(Counter())
    watch = ground.watch(victim)
    count = ground.size(4000, 2000)
    said = []
    for _ in range(count):
        author = crypto.Identity()
        addresses = [f"/ip4/127.0.0.{number + 1}/tcp/{target.port}" for number in range(16)]
        addresses += [f"/ip4/127.0.0.1/tcp/{target.port}/sni/n{number}/ws" for number in range(16)]
        said.append(gossip.publication(author, gossip.DISCOVERY, gossip.announcement(author, addresses)))
    _, stream = stranger(ground, victim.direct)
    victim.measured.mark()
    stream.write(b"".join(gossip.rpc(said[at:at + 50]) for at in range(0, count, 50)))
    time.sleep(ground.size(25, 10))
    ground.calm(watch, 2)
    ground.spent(victim.measured, 3 * ground.size(1, 0.5))
    ground.at_most("connections to the host that was named", target.count, ground.size(1000, 400))


@row("control-bytes-to-a-terminal")
def control_bytes_to_a_terminal(ground):
    """An announcement that would write to the terminal of who reads it."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    listener = ground.command("peer", "--dial", "--listen", f"/ip4/127.0.0.1/tcp/{port}", as_text=True)
    time.sleep(2)
    _, stream = stranger(ground, f"/ip4/127.0.0.1/tcp/{port}")
    author = crypto.Identity()
    gossip.announce(stream, author, ["/unix/\x1b]0;owned\x07\x1b[2J\nforged line"])
    time.sleep(2)
    ground.true("no control byte is printed", b"\x1b" not in listener.output and b"\nforged" not in listener.output)
    ground.true("the announcement was told", wire.base58(author.peer).encode() in listener.output)
