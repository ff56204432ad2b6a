"""One end of ICE, DTLS and SCTP by somebody else's implementation: aiortc, or libdatachannel. Both look the same to their caller, who is in other
threads than they are.

`begin` starts towards a remote, `place` is where the remote then finds this end, and `wait` returns when both are connected; after it there is
`remote_certificate`, the SHA-256 of its certificate. `first` is the channel 0, which both sides have from the start, `open` opens another one, and
`on_channel` hears of the remote's. A channel sends and tells whole messages.
"""
import asyncio
import os
import queue
import threading

from aiortc import RTCDataChannel, RTCDataChannelParameters, RTCDtlsFingerprint, RTCDtlsParameters, RTCDtlsTransport, RTCIceCandidate
from aiortc import RTCIceGatherer, RTCIceParameters, RTCIceTransport, RTCSctpTransport
from aiortc.exceptions import InvalidStateError
from aiortc.rtcdtlstransport import RTCCertificate
import aioice.ice
from cryptography.hazmat.primitives import hashes, serialization

PATIENCE = 20
# Bytes of one channel that may wait to be sent.
FULL, LOW = 256 << 10, 64 << 10


class Certificate:
    """One for all ends of a peer, since its address names it."""

    def __init__(self, folder):
        self.rtc = RTCCertificate.generateCertificate()
        self.digest = self.rtc._cert.fingerprint(hashes.SHA256())
        self.files = os.path.join(folder, "certificate.pem"), os.path.join(folder, "key.pem")
        pem = serialization.Encoding.PEM
        key = self.rtc._key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        for path, text in zip(self.files, (self.rtc._cert.public_bytes(pem), key)):
            with open(path, "wb") as file:
                file.write(text)


class Place:
    """What one side says of itself: where it is, and by which credentials of ICE."""

    def __init__(self, host, port, fragment, password):
        self.host, self.port, self.fragment, self.password = host, port, fragment, password


class Channel:
    """What both kinds of channel share: messages wait until somebody listens, and who sends waits for room."""

    def __init__(self):
        self._room, self._opened, self._lock = threading.Event(), threading.Event(), threading.Lock()
        self._early, self._listener = [], None
        self._room.set()

    def listen(self, listener):
        """It gets each message, and None at the end."""
        with self._lock:
            for message in self._early:
                listener(message)
            self._listener = listener

    def send(self, message):
        """Waits until the channel is open and has room."""
        for event in (self._opened, self._room):
            if not event.wait(PATIENCE):
                raise ConnectionError(f"a channel takes nothing for {PATIENCE} s")
        try:
            self._put(message)
        except (RuntimeError, InvalidStateError) as error:
            raise ConnectionError(str(error) or "the channel is closed") from error

    def _took(self, message):
        with self._lock:
            (self._early.append if self._listener is None else self._listener)(message)

    def _closed(self):
        self._opened.set()
        self._room.set()
        self._took(None)


class _AiortcChannel(Channel):
    def __init__(self, end, channel):
        super().__init__()
        self._end, self._channel = end, channel
        channel.bufferedAmountLowThreshold = LOW
        for event, heard in (("message", self._took), ("close", self._closed), ("open", self._opened.set), ("bufferedamountlow", self._room.set)):
            channel.on(event, heard)
        if channel.readyState == "open":
            self._opened.set()

    def _put(self, message):
        self._end.run(self._put_in_loop(message))

    async def _put_in_loop(self, message):
        self._channel.send(message)
        if self._channel.bufferedAmount > FULL:
            self._room.clear()

    def close(self):
        self._end.later(self._channel.close)


class Aiortc:
    """By its objects below RTCPeerConnection, which need no descriptions."""

    def __init__(self, own, certificate, is_client, on_channel):
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        self.run(self._make(own, certificate, is_client, on_channel))

    def run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(PATIENCE)

    def later(self, call):
        self._loop.call_soon_threadsafe(call)

    async def _make(self, own, certificate, is_client, on_channel):
        # It gathers no address of loopback by itself.
        aioice.ice.get_host_addresses = lambda **_: [own.host]
        gatherer = RTCIceGatherer(iceServers=[], local_username=own.fragment, local_password=own.password)
        self._ice = RTCIceTransport(gatherer)
        self._ice._connection.ice_controlling = is_client
        self._dtls = RTCDtlsTransport(self._ice, [certificate.rtc])
        self._dtls._set_role("client" if is_client else "server")
        if not is_client:
            # Who dials proves itself by Noise inside.
            self._dtls._validate_peer_identity = lambda _: None
        self._sctp = RTCSctpTransport(self._dtls)
        self._sctp.on("datachannel", lambda channel: on_channel(_AiortcChannel(self, channel)))
        self.first = self._channel(0)
        await gatherer.gather()

    def place(self):
        candidate = self._ice.iceGatherer.getLocalCandidates()[0]
        return candidate.ip, candidate.port

    def begin(self, remote, certificate=bytes(32), is_lite=False):
        self._connecting = asyncio.run_coroutine_threadsafe(self._connect(remote, certificate, is_lite), self._loop)

    def wait(self):
        self._connecting.result(PATIENCE)

    async def _connect(self, remote, certificate, is_lite):
        await self._ice.addRemoteCandidate(RTCIceCandidate(
            component=1, foundation="1", ip=remote.host, port=remote.port, priority=2130706431, protocol="udp", type="host"))
        await self._ice.addRemoteCandidate(None)
        await self._ice.start(RTCIceParameters(usernameFragment=remote.fragment, password=remote.password, iceLite=is_lite))
        fingerprint = RTCDtlsFingerprint(algorithm="sha-256", value=_text(certificate))
        await self._dtls.start(RTCDtlsParameters(fingerprints=[fingerprint]))
        if self._dtls.state != "connected":
            raise ConnectionError(f"aiortc: ICE {self._ice.state}, DTLS {self._dtls.state}")
        self.remote_certificate = self._dtls._ssl.get_peer_certificate(as_cryptography=True).fingerprint(hashes.SHA256())
        await self._sctp.start(self._sctp.getCapabilities(), 5000)

    def open(self):
        async def body():
            return self._channel(None)
        return self.run(body())

    def _channel(self, number):
        parameters = RTCDataChannelParameters(label="", id=number, negotiated=number is not None)
        return _AiortcChannel(self, RTCDataChannel(self._sctp, parameters))

    def close(self):
        self.run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)

    async def _close(self):
        await self._sctp.stop()
        await self._dtls.stop()
        await self._ice.stop()


class _DatachannelChannel(Channel):
    def __init__(self, channel):
        super().__init__()
        self._channel = channel
        channel.set_buffered_amount_low_threshold(LOW)
        channel.on_message(self._took)
        channel.on_closed(self._closed)
        channel.on_open(self._opened.set)
        channel.on_buffered_amount_low(self._room.set)
        if channel.is_open():
            self._opened.set()

    def _put(self, message):
        self._room.clear()
        self._channel.send(message)
        if self._channel.buffered_amount() <= FULL:
            self._room.set()

    def close(self):
        self._channel.close()


class Datachannel:
    """libdatachannel, by descriptions."""

    def __init__(self, own, certificate, is_client, on_channel):
        import libdatachannel as rtc
        self._rtc, self._own, self._is_client = rtc, own, is_client
        configuration = rtc.Configuration()
        configuration.bind_address = own.host
        configuration.certificate_pem_file, configuration.key_pem_file = certificate.files
        configuration.disable_auto_negotiation = True
        # Who dials proves itself by Noise inside.
        configuration.disable_fingerprint_verification = not is_client
        self._peer = rtc.PeerConnection(configuration)
        self._states, self._gathered = queue.SimpleQueue(), threading.Event()
        self._peer.on_state_change(self._states.put)
        self._peer.on_gathering_state_change(self._gathering)
        self._peer.on_data_channel(lambda channel: on_channel(_DatachannelChannel(channel)))
        self.first = self._channel(0)

    def _gathering(self, state):
        if state == self._rtc.PeerConnection.GatheringState.Complete:
            self._gathered.set()

    def begin(self, remote, certificate=bytes(32), is_lite=False):
        offer, answer = self._rtc.Description.Type.Offer, self._rtc.Description.Type.Answer
        if self._is_client:
            self._describe(offer)
        description = _description(remote, certificate, is_lite, "passive" if self._is_client else "active")
        self._peer.set_remote_description(self._rtc.Description(description, answer if self._is_client else offer))
        if not self._is_client:
            self._describe(answer)

    def _describe(self, kind):
        init = self._rtc.LocalDescriptionInit()
        init.ice_ufrag, init.ice_pwd = self._own.fragment, self._own.password
        self._peer.set_local_description(kind, init)

    def place(self):
        if not self._gathered.wait(PATIENCE):
            raise ConnectionError("libdatachannel gathers nothing")
        line = next(line for line in str(self._peer.local_description()).splitlines() if line.startswith("a=candidate:"))
        return line.split()[4], int(line.split()[5])

    def wait(self):
        states = self._rtc.PeerConnection.State
        while (state := self._states.get(timeout=PATIENCE)) != states.Connected:
            if state in (states.Failed, states.Closed):
                raise ConnectionError(f"libdatachannel: {state}")
        self.remote_certificate = bytes.fromhex(self._peer.remote_fingerprint().value.replace(":", ""))

    def open(self):
        return self._channel(None)

    def _channel(self, number):
        init = self._rtc.DataChannelInit()
        if number is not None:
            init.id, init.negotiated = number, True
        return _DatachannelChannel(self._peer.create_data_channel("", init))

    def close(self):
        self._peer.close()


def _description(remote, certificate, is_lite, setup):
    lines = ["v=0", "o=- 1 1 IN IP4 0.0.0.0", "s=-", "t=0 0", *(["a=ice-lite"] if is_lite else []),
             "m=application 9 UDP/DTLS/SCTP webrtc-datachannel", "c=IN IP4 0.0.0.0", "a=mid:0", f"a=ice-ufrag:{remote.fragment}",
             f"a=ice-pwd:{remote.password}", f"a=fingerprint:sha-256 {_text(certificate)}", f"a=setup:{setup}", "a=sctp-port:5000",
             "a=max-message-size:16384", f"a=candidate:1 1 UDP 2130706431 {remote.host} {remote.port} typ host", "a=end-of-candidates"]
    return "\r\n".join(lines) + "\r\n"


def _text(digest):
    return ":".join(f"{byte:02X}" for byte in digest)
