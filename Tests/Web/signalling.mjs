// A peer that does not keep to /webrtc-signaling/0.0.1: a node without WebRTC that writes the messages by hand.
import { check, equal, eventOf, pattern, test, until } from './cases.mjs'
import { ECHO, echo, moduleBytes, node, relay, reserved, sleep } from './nodes.mjs'

const PROTOCOL = '/webrtc-signaling/0.0.1', OFFER = 0, ANSWER = 1, CANDIDATE = 2
const utf8 = (text) => new TextEncoder().encode(text)

function varint(value) {
  const bytes = []
  for (; value > 127; value = Math.floor(value / 128)) bytes.push(value % 128 + 128)
  return [...bytes, value]
}

/** Protobuf {type = 1, data = 2} behind its length. */
function message(type, data) {
  const bytes = utf8(data), head = [8, type, 18, ...varint(bytes.length)]
  return new Uint8Array([...varint(head.length + bytes.length), ...head, ...bytes])
}

const candidate = (index) => JSON.stringify({
  candidate: `candidate:${index} 1 udp 2113937151 127.0.0.1 ${1 + index % 65_000} typ host`, sdpMid: '0', sdpMLineIndex: 0,
})

/** A real offer, and what it needs to be answered. */
async function offering() {
  const Plain = Object.getPrototypeOf(RTCPeerConnection), pc = new Plain()
  pc.createDataChannel('init')
  const { sdp } = await pc.createOffer()
  return { pc, sdp }
}

/** The other end of a signalling stream that is written by hand. */
class Hand {
  constructor(node, stream) {
    this.node = node
    this.writer = stream.writable.getWriter()
    this.writer.closed.catch(() => {})
    this.received = 0
    // Resolves with the code of the error that the stream ends by.
    this.ended = (async () => {
      for (const reader = stream.readable.getReader(); ;) {
        const { done, value } = await reader.read()
        if (done) return 'finished'
        this.received += value.length
      }
    })().catch(({ code }) => code)
  }
  /** What the victim has no room for is not waited for. */
  say(type, data) { this.writer.write(message(type, data)).catch(() => {}) }
}

/** A stranger with a signalling stream to `victim`, who is asked. */
async function asking(after, victim) {
  const stranger = await node(after, { webrtc: false })
  await stranger.dial(victim.circuit)
  return new Hand(stranger, await stranger.dialProtocol(victim.peerId, PROTOCOL, { runOnLimitedConnection: true }))
}

/** A stranger with a signalling stream from `victim`, who offers. */
async function asked(after, at, victim) {
  const stranger = await reserved(after, at, { webrtc: false })
  const incoming = new Promise((resolve) => stranger.handle(
    PROTOCOL, ({ stream }) => resolve(new Hand(stranger, stream)), { runOnLimitedConnection: true }))
  await victim.dial(stranger.circuit)
  const hand = await incoming
  await until(() => hand.received > 0, 'an offer')
  return hand
}

const within = (milliseconds, promise, what) => Promise.race(
  [promise, sleep(milliseconds).then(() => { throw new Error(`not in ${milliseconds} ms: ${what}`) })])

/** Cases of what is said to one who answers, each with how it ends. */
const answered = {
  'an offer of 1 MiB': ({ say }) => say(OFFER, 'v'.repeat(1 << 20)),
  'an offer of 16 KB that is none': ({ say }) => say(OFFER, 'v=0\r\n'.repeat(3000)),
  'garbage for an offer': ({ say }) => say(OFFER, 'garbage'),
  'an empty offer': ({ say }) => say(OFFER, ''),
  'an offer of a call, too': ({ say, offer }) => say(OFFER, `${offer}m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:1\r\n`),
  'an offer of a call alone': ({ say, offer }) => say(OFFER, offer.replace(/^m=.*$/m, 'm=audio 9 UDP/TLS/RTP/SAVPF 111')),
  'an offer of two associations': ({ say, offer }) => say(OFFER, offer + offer.slice(offer.indexOf('m=')).replace('mid:0', 'mid:1')),
  'an offer without a fingerprint': ({ say, offer }) => say(OFFER, offer.replace(/^a=fingerprint.*\r\n/m, '')),
  'an offer without encryption': ({ say, offer }) => say(OFFER, offer.replace('UDP/DTLS/SCTP', 'UDP/SCTP')),
  'a candidate before the offer': ({ say }) => say(CANDIDATE, candidate(1)),
  'an answer to no offer': ({ say }) => say(ANSWER, 'v=0'),
  'two offers': async ({ say, offer }) => {
    say(OFFER, offer)
    say(OFFER, offer)
  },
  'a message of no known kind': ({ say }) => say(77, 'x'),
  'no protobuf': ({ write }) => write(new Uint8Array([4, 255, 255, 255, 255])),
  'an endless length': ({ write }) => write(new Uint8Array(12).fill(255)),
  '5,000 candidates': async ({ say, offer }) => {
    say(OFFER, offer)
    for (let i = 0; i < 5000; i++) say(CANDIDATE, candidate(i))
  },
}

/** Cases of what is said to one who offered. */
const offered = {
  'an answer of 1 MiB': ({ say }) => say(ANSWER, 'v'.repeat(1 << 20)),
  'garbage for an answer': ({ say }) => say(ANSWER, 'garbage'),
  'an offer for an answer': ({ say, offer }) => say(OFFER, offer),
  'an answer twice': ({ say }) => {
    say(ANSWER, 'v=0\r\n')
    say(ANSWER, 'v=0\r\n')
  },
  'a finish for an answer': ({ hand }) => { hand.writer.close() },
  'a reset for an answer': ({ hand }) => { hand.writer.abort() },
}

export async function signalling() {
  await test('signalling of strangers is bounded, and the node goes on', async (after) => {
    const at = await relay(after), victim = await reserved(after, at), { pc, sdp } = await offering()
    after(() => pc.close())
    const tools = (hand) => ({ hand, offer: sdp, say: hand.say.bind(hand), write: (bytes) => { hand.writer.write(bytes).catch(() => {}) } })
    const clean = (what) => until(() => !victim.peerConnections().length, `no peer connection after ${what}`)
    const before = moduleBytes()
    for (const [what, act] of Object.entries(answered)) {
      const outcome = eventOf(victim, 'dial:attempt', ({ direction }) => direction === 'inbound')
      const hand = await asking(after, victim)
      await act(tools(hand))
      const end = await within(5000, hand.ended, what)
      check(/RESET|LOST|CLOSED/.test(end), `${what}: ${end}`)
      const { code, address, peer } = await outcome
      equal([code, peer.equals(hand.node.peerId), String(address)], ['ERR_PEER_FAULT', true, `/webrtc/p2p/${peer}`], what)
      await clean(what)
      await hand.node.stop()
    }
    for (const [what, act] of Object.entries(offered)) {
      const outcome = eventOf(victim, 'dial:attempt', ({ webrtc }) => webrtc)
      const hand = await asked(after, at, victim)
      await act(tools(hand))
      const { code, address, peer } = await outcome
      equal([code, peer.equals(hand.node.peerId), String(address)], ['ERR_PEER_FAULT', true, hand.node.webrtc], what)
      await clean(what)
      await hand.node.stop()
    }
    // What a browser is not to see does not keep it from what it may.
    const odd = await asking(after, victim)
    odd.say(OFFER, `${sdp}a=x-odd:1\r\na=candidate:7 1 udp 1 names.example 9 typ host\r\n`)
    for (const host of ['names.example', '127.0.0.1', `${'x'.repeat(600)}.local`]) {
      odd.say(CANDIDATE, JSON.stringify({ candidate: `candidate:1 1 udp 1 ${host} 9 typ host`, sdpMid: '0', sdpMLineIndex: 0 }))
    }
    await until(() => victim.peerConnections()[0]?.candidates.length, 'a candidate')
    const [{ remoteDescription, candidates }] = victim.peerConnections()
    check(!/odd|names/.test(remoteDescription.sdp) && /fingerprint/.test(remoteDescription.sdp), remoteDescription.sdp)
    equal(candidates, ['candidate:1 1 udp 1 127.0.0.1 9 typ host'])
    await odd.node.stop()
    await clean('one who leaves')
    // The deadline, of one who offered and one who was asked and one who never gets an offer; and one who leaves.
    const began = performance.now()
    const silent = await asked(after, at, victim), half = await asking(after, victim), mute = await asking(after, victim)
    half.say(OFFER, sdp)
    half.say(CANDIDATE, '{"candidate":7}')
    half.say(CANDIDATE, 'garbage')
    const leaving = await asking(after, victim)
    leaving.say(OFFER, sdp)
    await until(() => victim.peerConnections().length === 3, 'three peer connections')
    await leaving.node.stop()
    await until(() => victim.peerConnections().length === 2, 'that of the one who left to be closed')
    const { code } = await eventOf(victim, 'dial:attempt', ({ peer }) => peer?.equals(silent.node.peerId), 35_000)
    equal(code, 'ERR_TIMEOUT')
    for (const hand of [silent, half, mute]) check(await within(3000, hand.ended, 'the deadline') !== 'finished', 'the stream to be reset')
    const took = performance.now() - began
    check(took > 25_000 && took < 36_000, `given up after ${took} ms`)
    await clean('the deadline')
    const grown = moduleBytes() - before
    // Each stranger has a module, of 2 MiB at most.
    const strangers = Object.keys(answered).length + Object.keys(offered).length + 4
    check(grown < (strangers + 4) * 2 << 20, `the modules grew by ${grown} bytes`)

    const friend = await reserved(after, at)
    check((await friend.dial(victim.webrtc)).direct, 'a friend is direct')
    await echo(await friend.dialProtocol(victim.peerId, ECHO), pattern(1000))
  }, 80_000)
}
