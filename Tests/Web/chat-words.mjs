// What the chat page makes of addresses and faults, in node: chat-words.mjs
import assert from 'node:assert/strict'
import { directFacts, directFault, wordsOf, worthDialling } from '../../Web/pages/chat-words.js'

const relay = '/ip4/1.2.3.4/tcp/1/ws/p2p/12D3R', peer = '/p2p/12D3P'
const direct = '/ip4/1.2.3.4/udp/1/webrtc-direct/certhash/uEi'
const report = (local, remote, ice, state) =>
  ({ code: 'ERR_PEER_FAULT', milliseconds: 15200, webrtc: { candidates: { local, remote }, ice, state, milliseconds: 15200 } })

const cases = {
  'a /webrtc address is dialled as its circuit, once': () => {
    globalThis.RTCPeerConnection = class {}
    assert.deepEqual(worthDialling([`${relay}/p2p-circuit/webrtc${peer}`, `${relay}/p2p-circuit${peer}`]), [`${relay}/p2p-circuit${peer}`])
    assert.deepEqual(worthDialling([direct + peer, '/ip4/1.2.3.4/udp/1/quic-v1', '/ip4/1.2.3.4/tcp/1', '/dns4/a/udp/1/webrtc-direct']),
      [direct + peer])
    delete globalThis.RTCPeerConnection
    assert.deepEqual(worthDialling([direct, `${relay}/p2p-circuit/webrtc${peer}`]), [])
  },
  'why there is no direct connection': () => {
    assert.match(directFault(report(2, 2, 'disconnected', 'connecting')), /^no packet gets through/)
    assert.match(directFault(report(2, 2, 'connected', 'failed')), /the encryption failed/)
    assert.match(directFault(report(0, 2, 'new', 'new')), /no address of its own/)
    assert.match(directFault(report(2, 0, 'new', 'new')), /the other side offered no address/)
    assert.match(directFault({ code: 'ERR_UNSUPPORTED_PROTOCOL' }), /does not support WebRTC/)
    assert.equal(directFault({ code: 'ERR_TIMEOUT' }), wordsOf({ code: 'ERR_TIMEOUT' }))
    assert.equal(directFacts(report(1, 2, 'failed', 'failed')).replaceAll('\u00a0', ' '),
      'this side offered 1 address, the other side 2; ICE failed, connection failed; after 15.2 s')
  },
}
for (const [name, run] of Object.entries(cases)) {
  await run()
  console.log(`ok    chat: ${name}`)
}
