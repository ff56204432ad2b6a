#!/usr/bin/env python3
"""py-libp2p behind the control protocol of the test peers: one JSON object a line, on an unmodified libp2p 0.8.1 (Tests/Interop/requirements.txt).

What this release lacks is answered by ok:false: discovery, /webrtc, circuits through ws relays that it was not told about.
"""
import base64
import contextlib
import hashlib
import json
import os
import resource
import sys
import time

import multiaddr
import trio

from libp2p import new_host
from libp2p.abc import INotifee
from libp2p.connection_types import ConnectionType
from libp2p.crypto.ed25519 import create_new_key_pair
from libp2p.identity.identify.pb.identify_pb2 import Identify
from libp2p.network.stream.exceptions import StreamEOF
from libp2p.peer.id import ID
from libp2p.peer.peerinfo import PeerInfo, info_from_p2p_addr
from libp2p.pubsub.gossipsub import GossipSub
from libp2p.pubsub.pubsub import Pubsub
from libp2p.relay.circuit_v2.config import RelayConfig, RelayRole
from libp2p.relay.circuit_v2.protocol import PROTOCOL_ID as HOP, STOP_PROTOCOL_ID as STOP, CircuitV2Protocol
from libp2p.relay.circuit_v2.resources import RelayLimits
from libp2p.relay.circuit_v2.transport import CircuitV2Transport
from libp2p.tools.anyio_service import background_trio_service
from libp2p.utils.varint import read_length_prefixed_protobuf

ECHO, SINK, PERF = "/causeway-test/echo/1.0.0", "/causeway-test/sink/1.0.0", "/perf/1.0.0"
PIECE = 65536


def say(**value):
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


def pattern(size):
    return (bytes(range(256)) * (size // 256 + 1))[:size]


async def read_all(stream):
    """Pieces until the remote's end of data."""
    with contextlib.suppress(StreamEOF):
        while piece := await stream.read(PIECE):
            yield piece


async def gather(stream):
    return b"".join([piece async for piece in read_all(stream)])


async def write(stream, data, chunk=PIECE):
    for at in range(0, len(data), chunk):
        await stream.write(data[at:at + chunk])


class Events(INotifee):
    async def connected(self, network, conn):
        say(event="peer:connect", peerId=str(conn.muxed_conn.peer_id))

    async def disconnected(self, network, conn):
        say(event="peer:disconnect", peerId=str(conn.muxed_conn.peer_id))

    async def nothing(self, *_):
        pass

    opened_stream = closed_stream = listen = listen_close = nothing


class Peer:
    def __init__(self, config):
        seed = config.get("seed")
        key = create_new_key_pair(hashlib.sha256(str(seed).encode()).digest() if seed is not None else os.urandom(32))
        self.config = config
        wanted = config.get("listen", [])
        self.listen = [multiaddr.Multiaddr(text) for text in wanted if text.startswith("/ip") and "/tcp/" in text and "/p2p-circuit" not in text]
        self.skipped = [text for text in wanted if multiaddr_text(text) not in map(str, self.listen)]
        self.host = new_host(key_pair=key, muxer_preference="YAMUX", transports=None, enable_tcp=True, enable_websocket=True)
        self.host.get_network().register_notifee(Events())
        self.id = str(self.host.get_id())
        self.started = time.monotonic()
        self.circuits, self.received, self.subscriptions = [], {}, {}
        self.nursery = self.pubsub = self.router = None
        self.relay = self.make_relay(config.get("relay"))

    def make_relay(self, wanted):
        limits = wanted or {}
        limited = limits.get("limited", True)
        # Its relay takes 0 bytes for a limit of nothing on one direction: unlimited is a very large number. So circuits through it always count as limited.
        relay_limits = RelayLimits(
            duration=limits.get("duration", 120) if limited else 0, data=limits.get("data", 131072) if limited else 1 << 50,
            max_circuit_conns=64, max_reservations=limits.get("reservations", 128), reservation_ttl=limits.get("ttl", 3600))
        roles = RelayRole.STOP | (RelayRole.HOP if wanted is not None else RelayRole(0))
        self.circuit_protocol = CircuitV2Protocol(self.host, limits=relay_limits, allow_hop=wanted is not None)
        return CircuitV2Transport(self.host, self.circuit_protocol, RelayConfig(roles=roles, limits=relay_limits))

    async def run(self):
        async with contextlib.AsyncExitStack() as stack:
            await stack.enter_async_context(self.host.run(listen_addrs=self.listen))
            self.nursery = await stack.enter_async_context(trio.open_nursery())
            await stack.enter_async_context(background_trio_service(self.circuit_protocol))
            await self.circuit_protocol.event_started.wait()
            if self.config.get("pubsub", {}).get("enabled"):
                await self.start_pubsub(stack)
            for protocol, serve in ((ECHO, serve_echo), (SINK, serve_sink), (PERF, serve_perf)):
                self.host.set_stream_handler(protocol, serve)
            say(event="ready", peerId=self.id, addrs=self.addrs(), version="py-libp2p 0.8.1", skipped=self.skipped)
            with trio.move_on_after(self.config.get("maxSeconds", 600)) as patience:
                await self.obey()
            self.nursery.cancel_scope.cancel()
        return 3 if patience.cancelled_caught else 0

    async def start_pubsub(self, stack):
        self.router = GossipSub(
            protocols=["/meshsub/1.1.0", "/meshsub/1.0.0"], degree=6, degree_low=4, degree_high=12, heartbeat_interval=1, spam_protection_enabled=False,
            eclipse_protection_enabled=False)
        self.pubsub = Pubsub(self.host, self.router)
        await stack.enter_async_context(background_trio_service(self.pubsub))
        await stack.enter_async_context(background_trio_service(self.router))
        await self.pubsub.wait_until_ready()

    async def obey(self):
        lines = trio.lowlevel.FdStream(os.dup(sys.stdin.fileno()))
        pending = b""
        async for piece in lines:
            *whole, pending = (pending + piece).split(b"\n")
            for line in filter(None, whole):
                try:
                    command = json.loads(line)
                except ValueError as error:
                    say(id=None, ok=False, error=str(error))
                    continue
                if command["cmd"] == "stop":
                    return say(id=command["id"], ok=True)
                self.nursery.start_soon(self.answer, command)

    async def answer(self, command):
        number, name, milliseconds = command.pop("id"), command.pop("cmd"), command.pop("timeoutMs", 30000)
        body = getattr(self, "do_" + name, None)
        try:
            if body is None:
                raise NotImplementedError(f"py has no command {name}")
            with trio.fail_after(milliseconds / 1000):
                say(id=number, ok=True, **(await body(**command) or {}))
        except Exception as error:
            cause = error
            while cause.__cause__ is not None:
                cause = cause.__cause__
            say(id=number, ok=False, error=f"{type(error).__name__}: {error}" + (f" ({cause!r})" if cause is not error else ""))

    # MARK: - Connections

    def addrs(self):
        own = [str(address) for address in self.host.get_addrs()]
        return [text if "/p2p/" in text else f"{text}/p2p/{self.id}" for text in own] + [f"{text}/p2p/{self.id}" for text in self.circuits]

    async def do_addrs(self):
        return {"addrs": self.addrs()}

    async def do_dial(self, addr):
        start = time.monotonic()
        peer_id = await self.connect(addr)
        connection = self.host.get_network().get_connections(ID.from_string(peer_id))[-1]
        return {"peerId": peer_id, "remoteAddr": addr, "limited": is_relayed(connection), "ms": (time.monotonic() - start) * 1000}

    async def connect(self, addr):
        if "/p2p-circuit" not in addr:
            info = info_from_p2p_addr(multiaddr.Multiaddr(addr))
            await self.host.connect(info)
            return str(info.peer_id)
        relay, target = addr.rsplit("/p2p-circuit/p2p/", 1)
        await self.host.connect(info_from_p2p_addr(multiaddr.Multiaddr(relay)))
        await self.relay.dial(multiaddr.Multiaddr(addr))
        return target

    async def do_hangup(self, peerId):
        await self.host.disconnect(ID.from_string(peerId))

    async def do_connections(self):
        return {"connections": [
            {"peerId": str(connection.muxed_conn.peer_id), "remoteAddr": str((connection.get_transport_addresses() or [""])[0]),
             "direction": "inbound" if str(connection.direction).endswith("INBOUND") else "outbound", "limited": is_relayed(connection)}
            for connection in self.host.get_network().get_connections()]}

    async def do_peers(self):
        return {"peers": [str(peer) for peer in self.host.get_connected_peers()]}

    async def do_identify(self, peerId):
        stream = await self.host.new_stream(ID.from_string(peerId), ["/ipfs/id/1.0.0"])
        told = Identify()
        told.ParseFromString(await read_length_prefixed_protobuf(stream, True))
        await stream.close()
        return {"agent": told.agent_version, "protocols": list(told.protocols), "listenAddrs": [str(multiaddr.Multiaddr(a)) for a in told.listen_addrs],
                "observedAddr": str(multiaddr.Multiaddr(told.observed_addr)) if told.observed_addr else None}

    # MARK: - Streams

    async def open(self, protocol, peerId=None, addr=None):
        peer = peerId or await self.connect(addr)
        return await self.host.new_stream(ID.from_string(peer), [protocol])

    async def do_ping(self, peerId, count=1):
        stream, rtts = await self.open("/ipfs/ping/1.0.0", peerId), []
        for _ in range(count):
            start, sent, got = time.monotonic(), os.urandom(32), b""
            await stream.write(sent)
            while len(got) < 32:
                got += await stream.read(32 - len(got))
            if got != sent:
                raise ValueError("the ping came back changed")
            rtts.append((time.monotonic() - start) * 1000)
        await stream.close()
        return {"rttMs": rtts}

    async def do_echo(self, peerId=None, addr=None, bytes=64, chunk=PIECE, allowLimited=False):
        start, data, got = time.monotonic(), pattern(bytes), b""
        stream = await self.open(ECHO, peerId, addr)

        async def send():
            await write(stream, data, chunk)
            await stream.close_write()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(send)
            got = await gather(stream)
        return {"ms": (time.monotonic() - start) * 1000, "matched": got == data}

    async def do_sink(self, peerId, bytes, allowLimited=False):
        start, stream = time.monotonic(), await self.open(SINK, peerId)
        await write(stream, pattern(bytes))
        await stream.close_write()
        count = int.from_bytes(await gather(stream), "big")
        if count != bytes:
            raise ValueError(f"the remote counted {count} of {bytes} bytes")
        return {"ms": (time.monotonic() - start) * 1000}

    async def do_many(self, peerId, streams, bytes, allowLimited=False):
        start, failed = time.monotonic(), 0

        async def one():
            nonlocal failed
            try:
                failed += not (await self.do_echo(peerId, bytes=bytes))["matched"]
            except Exception as error:
                print(f"many: {error!r}", file=sys.stderr)
                failed += 1
        async with trio.open_nursery() as nursery:
            for _ in range(streams):
                nursery.start_soon(one)
        return {"ms": (time.monotonic() - start) * 1000, "failed": failed}

    async def do_perf(self, peerId, upload, download):
        stream, start = await self.open(PERF, peerId), time.monotonic()
        await stream.write(download.to_bytes(8, "big"))
        await write(stream, bytes(upload))
        await stream.close_write()
        uploaded, count = None, 0
        async for piece in read_all(stream):
            uploaded = uploaded or time.monotonic()
            count += len(piece)
        uploaded = uploaded or time.monotonic()
        if count != download:
            raise ValueError(f"{count} of {download} bytes came")
        return {"uploadMs": (uploaded - start) * 1000, "downloadMs": (time.monotonic() - uploaded) * 1000}

    # MARK: - Relay

    async def do_reserve(self, addr):
        info = info_from_p2p_addr(multiaddr.Multiaddr(addr))
        await self.host.connect(info)
        stream = await self.host.new_stream(info.peer_id, [HOP])
        if not await self.relay.reserve(stream, info.peer_id, self.nursery):
            raise ConnectionRefusedError("the relay refuses the reservation")
        await stream.close()
        self.circuits.append(f"{addr}/p2p-circuit")
        return {"addrs": self.circuits, "expires": self.relay._reservations[info.peer_id], "limit": None}

    async def do_release(self, peerId):
        self.relay._reservations.pop(ID.from_string(peerId), None)
        self.circuits = [text for text in self.circuits if peerId not in text]

    # MARK: - Gossip

    async def do_subscribe(self, topic, events=True):
        subscription = self.subscriptions[topic] = await self.pubsub.subscribe(topic)
        self.received[topic] = {"count": 0, "duplicates": 0, "bytes": 0, "seen": set()}
        self.nursery.start_soon(self.listen_to, topic, subscription, events)

    async def listen_to(self, topic, subscription, events):
        tally = self.received[topic]
        async for message in subscription:
            author = str(ID(message.from_id))
            if author == self.id:
                continue
            key = (author, message.seqno)
            tally["duplicates" if key in tally["seen"] else "count"] += 1
            tally["seen"].add(key)
            tally["bytes"] += len(message.data)
            if events:
                say(event="message", topic=topic, size=len(message.data), sha256=hashlib.sha256(message.data).hexdigest(), t=(time.monotonic() - self.started) * 1000,
                    text=message.data[:1024].decode(errors="replace"), **{"from": author, "receivedFrom": author})

    async def do_unsubscribe(self, topic):
        self.subscriptions.pop(topic, None)
        await self.pubsub.unsubscribe(topic)

    async def do_publish(self, topic, text=None, bytes=0, count=1, everyMs=0):
        for number in range(count):
            await self.pubsub.publish(topic, text.encode() if text is not None else number.to_bytes(8, "big") + os.urandom(max(0, bytes - 8)))
            await trio.sleep(everyMs / 1000)
        return {"sent": count}

    async def do_mesh(self, topic):
        return {"mesh": [str(peer) for peer in self.router.mesh.get(topic, ())], "subscribers": [str(p) for p in self.pubsub.peer_topics.get(topic, ())]}

    async def do_received(self, topic):
        return {name: value for name, value in self.received[topic].items() if name != "seen"}

    async def do_usage(self):
        used = resource.getrusage(resource.RUSAGE_SELF)
        return {"cpu": used.ru_utime + used.ru_stime, "rss": used.ru_maxrss * 1024}


def multiaddr_text(text):
    try:
        return str(multiaddr.Multiaddr(text))
    except Exception:
        return text


def is_relayed(connection):
    return connection.get_connection_type() == ConnectionType.RELAYED or any("/p2p-circuit" in str(a) for a in connection.get_transport_addresses())


async def serve_echo(stream):
    async for piece in read_all(stream):
        await stream.write(piece)
    await stream.close()


async def serve_sink(stream):
    count = 0
    async for piece in read_all(stream):
        count += len(piece)
    await stream.write(count.to_bytes(8, "big"))
    await stream.close()


async def serve_perf(stream):
    head = b""
    async for piece in read_all(stream):
        head = (head + piece)[:8]
    left = int.from_bytes(head, "big")
    while left > 0:
        await stream.write(bytes(min(left, PIECE)))
        left -= min(left, PIECE)
    await stream.close()


async def main():
    try:
        peer = Peer(json.loads(sys.stdin.buffer.raw.readline()))
    except Exception as error:
        say(event="error", error=repr(error))
        return 1
    return await peer.run()


if __name__ == "__main__":
    sys.exit(trio.run(main))
