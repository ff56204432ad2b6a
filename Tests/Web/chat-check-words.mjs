// What the check of the chat page makes of facts, in node: chat-check-words.mjs
import assert from 'node:assert/strict'
import { socketURL } from '../../Web/pages/chat-check-facts.js'
import { durationWords, findings, ofPages, verdictOf } from '../../Web/pages/chat-check-words.js'
import { isAnswer, mappingOf, seesSeveral, serversOf } from '../../Web/pages/chat-stun.js'

const sockets = [{ address: '/ip4/5.1.0.10/tcp/1/ws', ms: 3 }]
const relay = { id: 'r', sockets, outcomes: [], path: { kind: 'direct' }, isRelay: true, hasPlace: true }
const unreached = { ...relay, path: undefined, isRelay: undefined, hasPlace: undefined, sockets: [{ ...relay.sockets[0], ms: undefined }] }
const udp = (mapping, isLocal = false) => ({ answers: [{}], mapping, isLocal })
const good = {
  isOnline: true, hasWebRTC: true, server: { state: 'answered', clockAhead: 0 }, relays: [relay], people: { connected: 2, direct: 0 },
  ipv4: udp('endpoint-independent'),
}
const attempt = (local, remote, ice, state = 'connecting') =>
  ({ state: 'failed', outcome: { webrtc: { candidates: { local, remote }, ice, state } } })
const peer = (upgrade, more) => ({ path: { kind: 'relayed' }, offersUpgrade: true, attempts: [], upgrade, ...more })
const stuck = peer(attempt(2, 2, 'failed'))

/** A finding, its cause if it has one, and the facts that lead to it. */
const rows = [
  ['directMostly', {}],
  ['publicAddress', { ipv4: udp('none') }],
  ['publicAddress', { ipv4: udp(undefined), ipv6: udp('none') }],
  ['dependentMapping', { ipv4: udp('endpoint-dependent') }],
  ['mappingUnknown', { ipv4: udp('unknown') }],
  ['directSeen', { ipv4: udp('unknown'), people: { connected: 2, direct: 1 } }],
  ['localOnly', { ipv4: udp('none', true) }],
  ['udpUnasked', { ipv4: undefined }],
  ['udpBlocked', { ipv4: udp(undefined) }],
  ['udpBlocked', { ipv4: udp(undefined), people: { connected: 2, direct: 1 } }],
  ['noWebRTC', { hasWebRTC: false, ipv4: undefined }],
  ['clockWrong', { server: { state: 'answered', clockAhead: -400 } }],
  ['noPlace', { relays: [{ ...relay, hasPlace: false }] }],
  ['publicAddress', { relays: [{ ...relay, hasPlace: false }], ipv4: udp('none') }],
  ['noRelay', { relays: [{ ...relay, isRelay: false, hasPlace: false }] }],
  ['nobodyAsked', { relays: [] }],
  ['noNetwork', { isOnline: false, relays: [unreached] }],
  ['relayUnreachable silence', { relays: [unreached], server: { state: 'silent' }, ipv4: undefined }],
  ['relayUnreachable redirected', { relays: [unreached], server: { state: 'redirected' }, ipv4: undefined }],
  ['relayUnreachable noWebSocket', { relays: [unreached], ipv4: undefined }],
  ['relayUnreachable silence', { relays: [{ ...unreached, sockets: relay.sockets }], ipv4: undefined }],
  ['relayUnreachable localNetwork', { relays: [unreached], localNetwork: 'denied', ipv4: undefined }],
  ['relayUnreachable silence', { relays: [unreached], server: { state: 'silent' }, ipv4: undefined, peer: { attempts: [] } }],
  ['peerDirect', { peer: { path: { kind: 'direct' } } }],
  ['peerUnreachable', { peer: { failure: { words: 'no peer answers' } } }],
  ['peerOffersNoUpgrade', { peer: peer(undefined, { offersUpgrade: false }) }],
  ['peerStillRelayed', { peer: peer({ state: 'awaited' }, { isTrying: true }) }],
  ['peerNamesNothingHere', { peer: peer(attempt(0, 2, 'new')) }],
  ['peerNamesNoAddress', { peer: peer(attempt(2, 0, 'checking')) }],
  ['peerPathBreaks', { peer: peer(attempt(2, 2, 'connected')) }],
  ['peerBlockedHere', { peer: stuck, ipv4: udp(undefined) }],
  ['peerBlockedByOwnNAT', { peer: stuck, ipv4: udp('endpoint-dependent') }],
  ['peerBlockedThere', { peer: stuck }],
  ['peerBlockedThere', { peer: peer(attempt(2, 2, 'disconnected')) }],
  ['peerBlockedThere', { peer: peer({ state: 'awaited' }, { isTrying: false }) }],
  ['peerBlocked', { peer: stuck, ipv4: udp('unknown') }],
  ['peerBlocked', { peer: stuck, ipv4: undefined }],
]

const cases = {
  'each finding follows from its facts, with a sentence and a remedy': () => {
    const seen = new Set()
    for (const [name, more] of rows) {
      const { finding, cause, summary, sentence, remedy } = verdictOf({ ...good, ...more })
      assert.equal([finding, cause].filter(Boolean).join(' '), name)
      assert.match(summary, /^(green|orange|red)$/)
      assert.match(sentence, /^[A-Z].*\.$/)
      assert.doesNotMatch(sentence, /\$|undefined|NaN/)
      assert.match(remedy, /^[A-Z].*\.$/)
      seen.add(finding)
    }
    assert.deepEqual([...seen].sort(), Object.keys({ ...findings, ...ofPages }).sort())
  },
  'what is told of clocks, failures and people': () => {
    const told = (more) => verdictOf({ ...good, ...more }).sentence.replaceAll('\u00a0', ' ')
    assert.equal(told({ server: { clockAhead: 10_800 + 120 } }), 'The clocks of this machine and of the relay differ by 3 h 2 min.')
    assert.equal(told({ peer: { failure: { words: 'no peer answers' } } }), 'There is no connection to the peer. No peer answers.')
    assert.match(told({ ipv4: udp('unknown'), people: { connected: 3, direct: 2 } }), /of the people who are connected, 2 of 3 are reached/)
    assert.deepEqual([0, 59, 61, -3600, 90_000, 86_400 * 3 + 60].map((one) => durationWords(one).replaceAll('\u00a0', ' ')),
      ['0 s', '59 s', '1 min 1 s', '1 h', '1 d 1 h', '3 d'])
  },
  'whom a relay may have this device ask': () => {
    const names = (addresses, origin) => serversOf(addresses, origin).map(({ url }) => url)
    assert.deepEqual(names(['/ip4/5.1.0.10/udp/4001/webrtc-direct/certhash/uEi', '/ip6/2a05::1/udp/4001/webrtc-direct',
      '/ip4/5.1.0.10/tcp/4001',
      '/ip4/5.1.0.10/udp/4001/webrtc-direct/p2p/r', '/ip4/5.1.0.10/udp/4001/quic-v1'], 'relay.example'),
    ['stun:5.1.0.10:4001', 'stun:[2a05::1]:4001'])
    const inside = ['10.0.0.1', '127.0.0.1', '192.168.1.1', '172.16.0.1', '169.254.1.1'].map((one) => `/ip4/${one}/udp/1/webrtc-direct`)
    assert.deepEqual(names([...inside, '/ip6/::1/udp/1/webrtc-direct', '/ip6/fd00::1/udp/1/webrtc-direct'], '5.1.0.10'), [])
    assert.deepEqual(names(inside, '10.0.0.1'), ['stun:10.0.0.1:1'])
    assert.deepEqual(names(['/ip4/5.1.0.10/udp/1/webrtc-direct/p2p/r/p2p-circuit'], '5.1.0.10'), [])
  },
  'how a NAT maps, as servers see it': () => {
    const seen = (name, base = 'a') => ({ name, base, isIPv4: true }), one = (host, ...mapped) => ({ host, mapped })
    const over = (...mapped) => ({ isOver: true, mapped })
    assert.equal(mappingOf([], over()), undefined)
    assert.equal(mappingOf([one('r'), one('s')], over()), 'none')
    assert.equal(mappingOf([one('r', seen('x:1')), one('s', seen('x:2'))], over(seen('x:1'))), 'endpoint-independent')
    // Two ports of one host say nothing of another host, unless they differ.
    assert.equal(mappingOf([one('r', seen('x:1')), one('r', seen('x:2'))], over(seen('x:1'))), 'unknown')
    assert.equal(mappingOf([one('r', seen('x:1')), one('r', seen('x:2'))], over(seen('x:1'), seen('x:2'))), 'endpoint-dependent')
    // Two interfaces have two endpoints.
    assert.equal(seesSeveral([seen('x:1', 'a'), seen('x:2', 'b')]), false)
    // One of them may not have answered together with the other.
    assert.equal(mappingOf([one('r', seen('x:1')), one('s', seen('x:2'))], { isOver: false, mapped: [seen('x:1')] }), 'unknown')
  },
  'whether a server has answered that sees the own address': () => {
    const found = (more) => ({ isOver: true, mapped: [], own: ['5.9.0.1', '2a05::9'], errors: [], ...more })
    assert.equal(isAnswer(found(), true), true)
    assert.equal(isAnswer(found({ isOver: false }), true), false)
    assert.equal(isAnswer(found({ own: ['2a05::9'] }), true), false)
    assert.equal(isAnswer(found({ errors: ['[2a05::9]'] }), true), true)
    assert.equal(isAnswer(found({ errors: ['5.9.0.1'] }), true), false)
    assert.equal(isAnswer(found({ own: ['a.local'], errors: [''] }), true), false)
    assert.equal(isAnswer(found({ own: ['a.local'] }), true), true)
    assert.equal(isAnswer(found({ isOver: false, mapped: [{ isIPv4: true }] }), true), true)
  },
  'the URL of a WebSocket address': () => {
    assert.deepEqual(['/ip4/1.2.3.4/tcp/1/ws/p2p/r', '/dns4/a.b/tcp/443/tls/ws/p2p/r', '/dns/a.b/tcp/443/wss', '/ip6/::1/tcp/2/ws',
      '/dns4/a.b/tcp/4/tls/sni/a.b/ws', '/ip4/1.2.3.4/tcp/1', '/ip4/1.2.3.4/udp/1/webrtc-direct'].map(socketURL),
    ['ws://1.2.3.4:1/', 'wss://a.b:443/', 'wss://a.b:443/', 'ws://[::1]:2/', 'wss://a.b:4/', undefined, undefined])
  },
}
for (const [name, run] of Object.entries(cases)) {
  await run()
  console.log(`ok    chat check: ${name}`)
}
