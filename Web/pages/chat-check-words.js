// What the facts of a check mean: one word, one sentence, one remedy. The sentences are those of `causeway check` (CheckWords.swift).

/** By finding; of each, the word and the sentence. A test holds them against those of the command. `$` is what the facts say. */
export const findings = {
  noNetwork: ['red', 'This machine has no address from which others can be reached.'],
  nobodyAsked: ['orange', 'Nothing is known: there was no relay to ask.'],
  relayUnreachable: ['red', 'No relay can be reached.'],
  noRelay: ['red', 'The peer that is named as a relay answers, but it relays nothing.'],
  noPlace: ['red', 'The relay answers, but gives this node no place$, so peers cannot reach it.'],
  localOnly: ['orange', "The relay is in this machine's own network, where everything works; the way out of it was not looked at."],
  udpUnasked: ['orange', 'The relay works, but cannot tell how UDP gets through, which direct connections need.'],
  udpBlocked: ['orange', 'The relay works, but no UDP comes back, so connections by WebRTC stay relayed.'],
  dependentMapping: ['orange',
    'The NAT shows each peer another port, so connections become direct only with peers whose NAT lets everybody in.'],
  mappingUnknown: ['orange', 'There is a NAT, and one server alone cannot tell how it treats different peers.'],
  directMostly: ['green', 'The NAT shows all peers the same address and port, so most connections become direct.'],
  publicAddress: ['green', 'This machine has a public address and no NAT, so connections become direct.'],
  peerDirect: ['green', 'The connection to the peer is direct.'],
  peerStillRelayed: ['orange', 'The connection to the peer is relayed, and no attempt at a direct one has ended yet.'],
  peerOffersNoUpgrade: ['orange', "The connection stays relayed: the peer's software offers no direct connections from relayed ones."],
  peerNamesNoAddress: ['orange', 'The connection stays relayed: the peer names no address at which it could be reached by UDP.'],
  peerBlockedHere: ['orange', 'The connection stays relayed because of this side: no UDP gets out of this network.'],
  peerBlockedByOwnNAT: ['orange',
    "The connection stays relayed: this side's NAT shows each peer another port, and the peer's side lets none in."],
  peerBlockedThere: ['orange',
    "The connection stays relayed because of the peer's side: its NAT shows each peer another port, or lets no UDP through."],
  peerBlocked: ['orange', 'The connection stays relayed: no datagram of the one side reached the other.'],
  peerPathBreaks: ['orange', 'The connection stays relayed: a direct path was found, but the connection over it broke off.'],
  peerUnreachable: ['red', 'There is no connection to the peer.'],
}

/** What only a page finds, or says in its own way. */
export const ofPages = {
  clockWrong: ['orange', 'The clocks of this machine and of the relay differ by $.'],
  noWebRTC: ['orange', 'The relay works, but this browser has no WebRTC, or it is switched off, so connections stay relayed.'],
  directSeen: ['green', 'Direct connections work from here: $.'],
  peerNamesNothingHere: ['orange', 'The connection stays relayed because of this side: the browser found no address of its own to offer.'],
}

/** Why no relay is reached: what it means, and what helps. */
const causes = {
  localNetwork: ['The browser does not let this page connect to devices in this network.',
    'Allow it in the settings of this page (local network access), or open the page from the relay itself.'],
  redirected: ['Something else answers in its place, such as the log-in page of this network.',
    'Log in to the network: open any http page in another tab. Then check again.'],
  noWebSocket: ['The page comes through, but no WebSocket opens: a proxy or a firewall lets none through.',
    'Use another network, or ask its operator to let WebSockets through; https helps where a proxy reads along.'],
  silence: ['Nothing answers at its address.', 'Check that this device is online; then ask whoever runs the relay whether it is.'],
}

const remedies = {
  noNetwork: 'Connect this device to a network.',
  nobodyAsked: 'Dial the address of a relay, below “Dial an address”.',
  noRelay: 'Dial the address of a relay.',
  noPlace: 'Try another relay, or ask its operator for more reservations.',
  clockWrong: 'Set this machine’s clock; if it is right, tell the relay’s operator.',
  localOnly: 'Nothing has to be done for people in this network; others need a relay on the Internet.',
  udpUnasked: 'The relay’s operator has to let it listen for /webrtc-direct.',
  dependentMapping: 'Use IPv6, or set the router’s NAT to “full cone” or “endpoint-independent”, or use another network.',
  mappingUnknown: 'Nothing, until a connection stays relayed; then dial a second relay, and check again.',
  noWebRTC: 'Allow WebRTC in the browser’s settings or its extensions, or use another browser.',
  peerNamesNothingHere: 'Allow WebRTC in the browser’s settings or its extensions.',
  peerStillRelayed: 'Check again in a moment.',
  peerOffersNoUpgrade: 'The peer needs software that speaks /webrtc, and has to have it switched on.',
  peerBlocked: 'Let both sides check their connection, to see whose NAT it is.',
  peerPathBreaks: 'Check again; if it stays so, a firewall lets small packets pass only.',
}
remedies.udpBlocked = remedies.peerBlockedHere = 'Allow outgoing UDP in the firewall, or use another network.'
remedies.peerBlockedByOwnNAT = remedies.dependentMapping
remedies.peerBlockedThere = remedies.peerNamesNoAddress = 'Let the other side check its connection; what that says has to be mended there.'

/** Clocks that differ by less do no harm. */
const CLOCKS = 300

/** The family that counts: IPv4, unless IPv6 alone has answers. */
const udpOf = ({ ipv4, ipv6 }) => ipv4?.mapping || !ipv6 ? ipv4 : ipv6.mapping || !ipv4 ? ipv6 : ipv4

/** Why no relay was reached. */
function causeOf({ server, relays, localNetwork }) {
  if (localNetwork === 'denied') return 'localNetwork'
  if (server.state === 'redirected') return 'redirected'
  const isSocketTried = relays.some(({ sockets }) => sockets.length)
  return server.state === 'answered' && isSocketTried && relays.every(({ sockets }) => sockets.every(({ ms }) => ms === undefined))
    ? 'noWebSocket' : 'silence'
}

function ofNetwork(facts) {
  const { relays, people, server, hasWebRTC } = facts, reached = relays.filter(({ path }) => path), udp = udpOf(facts)
  if (!reached.length && !facts.isOnline) return ['noNetwork']
  if (!relays.length) return ['nobodyAsked']
  if (!reached.length) return ['relayUnreachable', causeOf(facts)]
  if (!reached.some(({ isRelay }) => isRelay)) return ['noRelay']
  if (!reached.some(({ hasPlace }) => hasPlace) && udp?.mapping !== 'none') return ['noPlace']
  if (Math.abs(server.clockAhead ?? 0) > CLOCKS) return ['clockWrong']
  if (!hasWebRTC) return ['noWebRTC']
  const finding = ofPaths(udp)
  // What is seen to work does work.
  return [people.direct && /^(localOnly|udpUnasked|mappingUnknown)$/.test(finding) ? 'directSeen' : finding]
}

function ofPaths(udp) {
  if (!udp) return 'udpUnasked'
  if (!udp.mapping) return 'udpBlocked'
  if (udp.isLocal) return 'localOnly'
  return { none: 'publicAddress', 'endpoint-independent': 'directMostly', unknown: 'mappingUnknown' }[udp.mapping] ?? 'dependentMapping'
}

function ofPeer({ path, offersUpgrade, upgrade, isTrying }, facts) {
  if (!path) return 'peerUnreachable'
  if (path.kind === 'direct') return 'peerDirect'
  if (offersUpgrade === false) return 'peerOffersNoUpgrade'
  const { candidates, ice, state } = upgrade?.outcome?.webrtc ?? {}, udp = udpOf(facts)
  if (udp && !udp.mapping) return 'peerBlockedHere'
  if (!candidates && isTrying) return 'peerStillRelayed'
  if (/^(connected|completed)$/.test(ice)) return state === 'connected' ? 'peerStillRelayed' : 'peerPathBreaks'
  if (candidates && !candidates.local) return 'peerNamesNothingHere'
  if (candidates && !candidates.remote) return 'peerNamesNoAddress'
  if (!udp || udp.mapping === 'unknown') return 'peerBlocked'
  return udp.mapping === 'endpoint-dependent' ? 'peerBlockedByOwnNAT' : 'peerBlockedThere'
}

export function durationWords(seconds) {
  const whole = Math.round(Math.abs(seconds)), parts = [[86400, 'd'], [3600, 'h'], [60, 'min'], [1, 's']]
  const first = parts.findIndex(([size]) => whole >= size)
  if (first < 0) return '0\u00a0s'
  return parts.slice(first, first + 2).map(([size, name], index) => [Math.floor((index ? whole % parts[first][0] : whole) / size), name])
    .filter(([count]) => count).map(([count, name]) => `${count}\u00a0${name}`).join(' ')
}

/** `{ finding, cause, summary, sentence, remedy }` of the facts that `checkFacts` gathers. */
export function verdictOf(facts) {
  let [finding, cause] = ofNetwork(facts)
  const all = { ...findings, ...ofPages }
  if (facts.peer) {
    const peer = ofPeer(facts.peer, facts)
    // If the peer was not reached because nothing is, that is what to mend.
    if (all[finding][0] !== 'red' || all[peer][0] !== 'red') [finding, cause] = [peer]
  }
  const [summary, text] = all[finding], { people, server, peer, refusal } = facts
  const isOne = people.direct === 1
  const told = {
    clockWrong: () => durationWords(server.clockAhead), noPlace: () => refusal ? ` (${refusal})` : ' in time',
    directSeen: () => `of the people who are connected, ${people.direct} of ${people.connected} ${isOne ? 'is' : 'are'} reached directly`,
  }[finding]
  const failure = finding === 'peerUnreachable' && peer.failure ? `${sentenceCase(peer.failure.words)}.` : ''
  const [more, help] = causes[cause] ?? [failure, remedies[finding]]
  const sentence = [text.replace('$', told), more].filter(Boolean).join(' ')
  return { finding, cause, summary, sentence, remedy: help ?? (summary === 'green' ? 'Nothing has to be done.' : 'Check again.') }
}

const sentenceCase = (text) => text.charAt(0).toUpperCase() + text.slice(1)
