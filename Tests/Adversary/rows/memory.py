"""What a remote makes a node hold."""
import threading
import time

import gossip
import relay
import yamux
from ground import row
from victims import MIB

ECHO = "/causeway-test/echo/1.0.0"


def in_parallel(count, body):
    threads = [threading.Thread(target=body, args=(number,), daemon=True) for number in range(count)]
    for thread in threads:
        thread.start()
    return threads


def join(threads, timeout):
    deadline = time.monotonic() + timeout
    for thread in threads:
        thread.join(max(0, deadline - time.monotonic()))


def flood(ground, victim, payload, megabytes, seconds, connections=4):
    """Sends that many MiB of one RPC over gossip, on a new stream when one is reset. Returns how many went out, and how many were reset."""
    sent, cuts = [0] * connections, [0] * connections
    deadline = time.monotonic() + seconds

    def run(number):
        while time.monotonic() < deadline and sent[number] < megabytes * MIB / connections:
            try:
                connection, stream = gossip.neighbour(victim.direct)
                ground.keep(connection)
                while (time.monotonic() < deadline and sent[number] < megabytes * MIB / connections):
                    count = stream.write(payload, timeout=deadline - time.monotonic())
                    sent[number] += count
                    if count < len(payload):
                        cuts[number] += stream.is_over
                        break
            except (yamux.WireError, OSError):
                time.sleep(0.05)
    join(in_parallel(connections, run), seconds + 5)
    drain(ground, victim)
    return sum(sent) / MIB, sum(cuts)


def drain(ground, victim):
    """Returns when the node has worked off what lies before it, or after a minute."""
    try:
        ground.keep(yamux.dial(victim.direct)).ping(60)
    except (yamux.WireError, OSError):
        pass


@row("events-of-a-second-loop")
def events_of_a_second_loop(ground):
    """RPCs that say nothing, faster than the node's loop takes them."""
    victim = ground.relay("--loops", "2")
    megabytes = ground.size(150, 100)
    for name, entry in (("empty entries", b"\x12\x00" * (MIB // 2)), ("an unknown field", b"\x7a" + gossip.wire.framed(bytes(MIB - 8)))):
        watch = ground.watch(victim)
        victim.mark()
        sent, cuts = flood(ground, victim, gossip.wire.framed(entry), megabytes, 8)
        ground.note(f"{name}: {sent:.0f} MiB went out, {cuts} streams were cut")
        ground.calm(watch, 5)
        ground.grown(victim, 64 * megabytes / 150)


@row("bytes-behind-a-hop-request")
def bytes_behind_a_hop_request(ground):
    """240 hop streams with a request each, and 255 KiB behind it."""
    victim = ground.relay()
    victim.mark()
    streams = []

    def run(_):
        connection = ground.keep(yamux.dial(victim.direct))
        for _ in range(60):
            try:
                stream = connection.open(relay.HOP)
                streams.append(stream)
                stream.write(relay.RESERVE_MESSAGE + bytes(255 << 10), timeout=1)
            except (yamux.WireError, OSError):
                continue
    join(in_parallel(4, run), 60)
    time.sleep(1)
    ground.note(f"{sum(not stream.is_over for stream in streams)} of {len(streams)} streams stand")
    ground.grown(victim, 16)


@row("bytes-in-small-frames")
def bytes_in_small_frames(ground):
    """4 MiB, a byte a frame, on 16 streams that the application does not read."""
    victim = ground.peer()
    victim("handle", protocol="/slow", paused=True)
    connection = ground.keep(yamux.dial(victim.direct))
    victim.measured.mark()
    for _ in range(16):
        stream = connection.open("/slow")
        one = yamux.frame(yamux.DATA, 0, stream.number, data=b"x")
        for _ in range(52):
            connection.send(one * 5000)
    time.sleep(1)
    ground.grown(victim.measured, 32)


@row("unfinished-writes")
def unfinished_writes(ground):
    """200 streams whose echo is asked for and never read."""
    victim = ground.peer()
    watch = ground.watch(victim)
    connection = ground.keep(yamux.dial(victim.direct))
    victim.measured.mark()
    streams = [connection.open(ECHO) for _ in range(200)]
    for stream in streams:
        stream.reads = False
        stream.write(bytes(250 << 10), timeout=0.5)
    time.sleep(2)
    ground.calm(watch, 2)
    ground.grown(victim.measured, 128)


@row("unread-answers")
def unread_answers(ground):
    """Pings, proposals and requests whose answers pile up, as the socket is not read."""
    victim = ground.relay()
    watch = ground.watch(victim)
    host, port, _, _ = gossip.wire.endpoint(victim.direct)
    victim.mark()
    for _ in range(8):
        connection = ground.keep(yamux.dial(victim.direct))
        # The reader's thread stops, so that nothing is taken from the socket any longer.
        connection.session.receive = threading.Event().wait
        ping = yamux.frame(yamux.PING, yamux.SYN, 0, 7) * 5000
        connection.sock.settimeout(1)
        try:
            for _ in range(40):
                connection.send(ping)
        except OSError:
            continue
    ground.calm(watch, 2)
    ground.grown(victim, 16)


def fill(ground, victim, connections, streams, size, ends):
    """Streams of an application that does not read, with so many bytes in each; ended by us, or left open. Those that took them."""
    standing = []

    def run(number):
        for _ in range(streams):
            try:
                stream = connections[number].open("/slow", timeout=10)
                if stream.write(bytes(size), timeout=2) < size:
                    return
                if ends:
                    stream.finish()
                standing.append(stream)
                # At a pace at which the node's loop can follow, also on a busy machine.
                time.sleep(0.01)
            except (yamux.WireError, OSError):
                return
    victim.measured.mark()
    join(in_parallel(len(connections), run), 60)
    time.sleep(1)
    left = sum(not stream.is_over for stream in standing)
    ground.note(f"{len(standing) * size / MIB:.0f} MiB went out, {left} of {len(standing)} streams stand")


def slow_application(ground, host):
    """A peer whose application reads nothing of `/slow`, and an honest one that is connected to it."""
    victim = ground.peer(listen=[f"/ip4/{host}/tcp/0"])
    victim("handle", protocol="/slow", paused=True)
    return victim, ground.peer(pubsub=None).knows(victim)


def still_served(ground, victim, friend):
    ground.true("the honest peer's connection stands", friend("echo", peerId=victim.id, bytes=100_000)["matched"])
    ground.at_most("times it was closed", friend.count("connection:close"), 0)


@row("closed-streams-that-linger")
def closed_streams_that_linger(ground):
    """One connection's streams that it has ended, and that the application does not read: 195 MiB."""
    victim, friend = slow_application(ground, "127.0.0.1")
    fill(ground, victim, [ground.keep(yamux.dial(victim.direct))], 1000, 200 << 10, ends=True)
    # ConnectionLimits.held, and what the allocator adds.
    ground.grown(victim.measured, 128 + 24)
    still_served(ground, victim, friend)


@row("unread-streams", places=True)
def unread_streams(ground):
    """Four identities at one address, and streams that the application does not read: 312 MiB."""
    victim, friend = slow_application(ground, "10.77.0.1")
    fill(ground, victim, [ground.keep(yamux.dial(victim.direct, source="10.77.15.1")) for _ in range(4)], 400, 200 << 10, ends=False)
    # NodeLimits.heldPerPlace, and what comes before the node has cut somebody.
    ground.grown(victim.measured, 192 + 64)
    still_served(ground, victim, friend)


@row("unread-streams-in-all", quick=False)
def unread_streams_in_all(ground):
    """The same of eight identities whose address says nothing of their place: 780 MiB."""
    victim, friend = slow_application(ground, "127.0.0.1")
    fill(ground, victim, [ground.keep(yamux.dial(victim.direct)) for _ in range(8)], 500, 200 << 10, ends=False)
    # NodeLimits.held.
    ground.grown(victim.measured, 512 + 64)
    still_served(ground, victim, friend)
