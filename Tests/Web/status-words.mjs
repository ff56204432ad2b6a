// The status page's words, and its choice of the address to give to others.
import { bytes, duration, kindOf, many, percent, reachOf, reachWords, roughly, shares, summary, toShare } from '../../Web/pages/status-words.js'
import { close, equal, test } from './cases.mjs'

const id = '12D3KooWSW1SohPFXUYPFGJTjT1q2ur8ZpuYg7UCq7v6j5nW52Qr'

await test('status words: numbers', () => {
  equal([0, 1, 1023, 1024, 1536, 10 * 1024, 1024 * 1024 - 1, 5e9, 1e15].map(bytes),
    ['0 B', '1 B', '1023 B', '1.0 KiB', '1.5 KiB', '10 KiB', '1.0 MiB', '4.7 GiB', '909 TiB'])
  equal([-1, 0, 59.6, 61, 3600, 90061].map(duration), ['0 s', '0 s', '1 min', '1 min 1 s', '1 h', '1 d 1 h'])
  equal([59, 3599, 90061].map(roughly), ['59 s', '59 min', '1 d'])
  equal([percent(0.999), percent(1), many(1, 'peer'), many(2000, 'peer')], ['99 %', '100 %', '1 peer', '2,000 peers'])
})

await test('status words: kinds of addresses, and who reaches them', () => {
  const kinds = {
    [`/dns4/relay.example/tcp/443/tls/ws/p2p/${id}`]: 'secure', [`/dns4/relay.example/tcp/443/tls/sni/relay.example/ws/p2p/${id}`]: 'secure',
    [`/dns4/relay.example/tcp/443/wss/p2p/${id}`]: 'secure', [`/ip4/203.0.113.5/tcp/4002/ws/p2p/${id}`]: 'ws',
    [`/ip6/2001:db8::1/udp/4001/webrtc-direct/certhash/uEiA/p2p/${id}`]: 'webrtc', [`/ip4/203.0.113.5/tcp/4001/p2p/${id}`]: 'tcp',
    [`/ip4/203.0.113.5/udp/4001/quic-v1/p2p/${id}`]: 'other', [`/ip4/203.0.113.5/tcp/4001/p2p/${id}/p2p-circuit/p2p/${id}`]: 'other',
  }
  for (const [address, kind] of Object.entries(kinds)) equal(kindOf(address), kind, address)
  const reaches = {
    machine: ['/ip4/127.0.0.1', '/ip6/::1', '/dns4/localhost', '/ip4/0.0.0.0'],
    network: ['/ip4/10.1.2.3', '/ip4/192.168.0.9', '/ip4/172.16.0.1', '/ip4/172.31.0.1', '/ip4/169.254.1.1', '/ip4/100.64.0.1', '/ip6/fe80::1',
      '/ip6/fd00::2'],
    everybody: ['/ip4/203.0.113.5', '/ip4/172.32.0.1', '/ip4/100.128.0.1', '/ip6/2001:db8::1', '/dns4/relay.example'],
  }
  for (const [reach, places] of Object.entries(reaches)) for (const place of places) equal(reachOf(`${place}/tcp/1/ws`), reach, place)
})

await test('status words: the address to give to others', () => {
  const at = (place) => `${place}/p2p/${id}`
  const local = at('/ip4/10.0.0.5/tcp/4002/ws'), ws = at('/ip4/203.0.113.5/tcp/4002/ws'), tcp = at('/ip4/203.0.113.5/tcp/4001')
  const direct = at('/ip4/203.0.113.5/udp/4001/webrtc-direct/certhash/uEiA'), secure = at('/dns4/relay.example/tcp/443/tls/ws')
  const best = (addresses, own) => toShare(addresses, own).map(({ address }) => address)
  // Public ones first, then what pages of all sites can use; one of each kind.
  equal(best([tcp, local, ws, direct, secure]), [secure, direct, ws, tcp])
  equal(best([local, tcp]), [tcp, local])
  // What others have reached is better than what nobody knows, and that is better than what they have not reached.
  const own = [{ addr: direct.slice(0, -id.length - 5), verdict: 'unreachable' }, { addr: '/ip4/203.0.113.5/tcp/4001', verdict: 'reachable' }]
  equal(best([direct, ws, tcp], own), [tcp, ws, direct])
  equal(best([]), [])
  equal(reachWords(toShare([ws])[0]), { isGood: true, text: 'For programs, and for pages that came by http.' })
  equal([local, direct].map((one) => reachWords(toShare([one], own)[0]).isGood), [false, false])
})

await test('status words: one sentence for the state', () => {
  const state = (peers, circuits, more = {}) => ({
    counts: { peers, circuits, connections: peers, reservations: 0, ...more }, limits: { connections: 100, reservations: 10, circuits: 10 } })
  equal(summary(state(0, 0), null), 'Working, and waiting for its first peer.')
  equal(summary(state(1, 0), 0), 'Working. 1 peer is connected; none of them talks through the relay now.')
  equal(summary(state(2, 1), null), 'Working. 2 peers are connected; 1 circuit is open.')
  equal(summary(state(95, 2, { reservations: 9 }), 2048),
    'Working. 95 peers are connected; 2 circuits carry 2.0 KiB a second. It is nearly full: look at its connections and reservations.')
})

await test('status words: the two shares', () => {
  const none = shares({ directPeers: 7, relayedPeers: 0, directBytes: 3000, relayedBytes: 0, shareOfBytes: 1 })
  equal([none.peers.value, none.bytes.value], ['Nothing yet', 'Nothing yet'], 'a relay')
  const some = shares({ relayedPeers: 4, becameDirect: 3, directBytes: 999, relayedBytes: 1, shareOfPeers: 0.75, shareOfBytes: 0.999 })
  equal([some.peers, some.bytes], [{ value: '75 %', words: '3 of 4 relayed connections.' },
    { value: '99 %', words: '999 B went directly, 1 B through relays.' }])
})

close()
