// Numbers, states and addresses in plain words.

export const whole = new Intl.NumberFormat('en')

/** `count` and the noun, in the singular if it is one. */
export const many = (count, one, more = `${one}s`) => `${whole.format(count)} ${count === 1 ? one : more}`

export function bytes(count) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let unit = 0
  while (count >= 1023.5 && unit < units.length - 1) { count /= 1024; unit += 1 }
  return `${unit === 0 || count >= 100 ? Math.round(count) : count.toFixed(count < 10 ? 1 : 0)} ${units[unit]}`
}

export function duration(seconds) {
  seconds = Math.max(0, Math.round(seconds))
  const [d, h, m, s] = [Math.floor(seconds / 86400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60, seconds % 60]
  const units = [[d, 'd'], [h, 'h'], [m, 'min'], [s, 's']]
  const first = units.findIndex(([count]) => count > 0)
  if (first < 0) return '0 s'
  return units.slice(first, first + 2).filter(([count]) => count > 0).map(([count, unit]) => `${count} ${unit}`).join(' ')
}

/** One unit of a duration, which changes seldom. */
export const roughly = (seconds) => duration(seconds).split(' ').slice(0, 2).join(' ')

/** Rounded down, so that 100 % means all. */
export const percent = (share) => `${Math.floor(share * 100)} %`

const transports = {
  ws: 'WebSocket', wss: 'secure WebSocket', tcp: 'TCP', webrtc: 'WebRTC', 'webrtc-direct': 'WebRTC', relayed: 'another relay',
  'quic-v1': 'QUIC',
}
export const transport = (name) => transports[name] ?? name

/** One sentence that says how the relay does. `rate`: bytes a second; null is not known yet. */
export function summary({ counts, limits }, rate) {
  if (counts.peers === 0) return 'Working, and waiting for its first peer.'
  const peers = `${many(counts.peers, 'peer')} ${counts.peers === 1 ? 'is' : 'are'} connected`
  const full = [['connections', 'connections'], ['reservations', 'reservations'], ['circuits', 'circuits']]
    .filter(([name]) => limits[name] && counts[name] >= limits[name] * 0.9).map(([, words]) => words)
  const warning = full.length ? ` It is nearly full: look at its ${full.join(' and ')}.` : ''
  if (counts.circuits === 0) return `Working. ${peers}; none of them talks through the relay now.${warning}`
  const verb = counts.circuits === 1 ? ['is open', 'carries'] : ['are open', 'carry']
  const load = rate == null ? verb[0] : `${verb[1]} ${bytes(rate)} a second`
  return `Working. ${peers}; ${many(counts.circuits, 'circuit')} ${load}.${warning}`
}

const counters = 'The peers at both ends of a circuit count this. “causeway peer” shows it.'

/** What the two shares are, or why there is none. */
export function shares({ relayedPeers = 0, becameDirect = 0, directBytes = 0, relayedBytes = 0, shareOfPeers, shareOfBytes } = {}) {
  return {
    peers: shareOfPeers == null
      ? { value: 'Nothing yet', words: counters }
      : { value: percent(shareOfPeers), words: `${whole.format(becameDirect)} of ${many(relayedPeers, 'relayed connection')}.` },
    // Without a relayed connection there is nothing to compare with.
    bytes: shareOfBytes == null || relayedPeers === 0
      ? { value: 'Nothing yet', words: counters }
      : { value: percent(shareOfBytes), words: `${bytes(directBytes)} went directly, ${bytes(relayedBytes)} through relays.` },
  }
}

/** Why whoever is elsewhere sees counts alone. */
export const onlyThere = 'Only the machine of the relay shows them. Start the relay with --public-status to show them to everybody.'

// MARK: Addresses

/** What kind an address is: `secure`, `webrtc`, `ws`, `tcp` or `other`. */
export function kindOf(address) {
  if (/\/p2p-circuit(\/|$)/.test(address)) return 'other'
  if (/\/(wss|tls(\/sni\/[^/]+)?\/ws)(\/|$)/.test(address)) return 'secure'
  if (/\/webrtc-direct(\/|$)/.test(address)) return 'webrtc'
  if (/\/ws(\/|$)/.test(address)) return 'ws'
  return /^\/[^/]+\/[^/]+\/tcp\/\d+(\/p2p\/|$)/.test(address) ? 'tcp' : 'other'
}

/** Who reaches an address: `everybody`, `network` or `machine`. */
export function reachOf(address) {
  const [, kind, host = ''] = address.split('/')
  if (kind.startsWith('dns')) return host === 'localhost' || host.endsWith('.localhost') ? 'machine' : 'everybody'
  if (/^127\.|^::1$|^0\.|^::$/.test(host)) return 'machine'
  const isLocal = kind === 'ip6' ? /^f[cd]|^fe[89ab]/i.test(host)
    : /^(10|192\.168|169\.254|172\.(1[6-9]|2\d|3[01])|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7]))\./.test(host)
  return isLocal ? 'network' : 'everybody'
}

const kinds = ['secure', 'webrtc', 'ws', 'tcp']
const reaches = ['everybody', 'network', 'machine']
const verdicts = ['reachable', 'unknown', 'unreachable']

/** The addresses to give to others, the best one of each kind, the best kind first. `own` says which were reached. */
export function toShare(addresses, own = []) {
  const verdict = (address) => own.find(({ addr }) => address.startsWith(addr))?.verdict ?? 'unknown'
  const rated = addresses.map((address) => ({ address, kind: kindOf(address), reach: reachOf(address), verdict: verdict(address) }))
    .filter(({ kind }) => kind !== 'other')
  const order = (one) => [reaches.indexOf(one.reach), verdicts.indexOf(one.verdict), kinds.indexOf(one.kind)]
  rated.sort((a, b) => {
    const [left, right] = [order(a), order(b)]
    return left.map((value, at) => value - right[at]).find((difference) => difference) ?? 0
  })
  return rated.filter((one, at) => rated.findIndex(({ kind }) => kind === one.kind) === at)
}

export const kindNames = { secure: 'Secure WebSocket', webrtc: 'WebRTC', ws: 'WebSocket', tcp: 'TCP' }

const uses = {
  secure: 'For every page and program.', webrtc: 'For every page, and for programs that know WebRTC. It needs an open UDP port.',
  ws: 'For programs, and for pages that came by http.', tcp: 'For programs. Pages cannot use it.',
}

/** Who can use an address, in a sentence or two; `isGood` is false if the operator should act. */
export function reachWords({ kind, reach, verdict }) {
  if (reach === 'machine') {
    return { isGood: false, text: 'Only this machine reaches this address. Listen on other addresses (--listen) to let others in.' }
  }
  if (reach === 'network') {
    return { isGood: false, text: 'Only this network reaches this address. Give the relay a public one (--announce) to let others in.' }
  }
  if (verdict === 'unreachable') {
    return { isGood: false, text: 'Others dialled this address and did not reach the relay. Look at the firewall.' }
  }
  return { isGood: true, text: verdict === 'reachable' ? `${uses[kind]} Others have reached it.` : uses[kind] }
}

/** How sure it is that others reach an own address. */
export const verdictWords = { reachable: 'Reached by others', unreachable: 'Not reached', unknown: 'Not tested' }
export const sourceWords = {
  bound: 'a port of this relay', announced: '--announce', observed: 'what peers see', mapped: 'the router', reservation: 'another relay',
}
