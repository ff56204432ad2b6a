// Where others see this device: its public addresses by STUN, as far as a browser's WebRTC tells them.

/** Bound: servers of one address family that are asked. */
const SERVERS = 4

/** Whether an address is of a private network or of this device. */
export const isLocalAddress = (host) => /^(10|127|169\.254|192\.168|172\.(1[6-9]|2\d|3[01]))\.|^(::1|f[cd]|fe[89ab])/i.test(host)

/**
 * The STUN servers that a relay offers at its own addresses: `/ip4/…/udp/…/webrtc-direct` and the like. `origin` is the host by which
 * it was reached: others in this network could be anybody's, and a relay must not choose whom this device asks there.
 */
export function serversOf(addresses, origin) {
  const servers = new Map()
  for (const address of addresses) {
    const [, family, host, port] = /^\/(ip[46])\/([^/]+)\/udp\/(\d+)\/webrtc-direct(\/|$)/.exec(address) ?? []
    if (!host || address.includes('/p2p-circuit')) continue
    const isIPv4 = family === 'ip4', isLocal = isLocalAddress(host), name = `${isIPv4 ? host : `[${host}]`}:${port}`
    if (!isLocal || host === origin) servers.set(name, { url: `stun:${name}`, name, host, isIPv4, isLocal })
  }
  return [...servers.values()]
}

/**
 * Lets the browser ask servers from one socket. `isOver`: it has heard of all of them. `mapped`: where they see the socket; a browser
 * leaves out what is the socket's own address.
 */
async function gather(servers, signal) {
  const connection = new RTCPeerConnection({ iceServers: servers.map(({ url }) => ({ urls: url })) })
  const found = { isOver: false, own: [], mapped: [], errors: [] }, began = performance.now()
  try {
    await new Promise((resolve, reject) => {
      signal.addEventListener('abort', resolve)
      connection.onicecandidate = ({ candidate }) => {
        if (candidate?.candidate && candidate.protocol === 'udp') note(found, candidate, began)
      }
      connection.onicecandidateerror = ({ address }) => { if (found.errors.length < 64) found.errors.push(address) }
      connection.onicegatheringstatechange = () => {
        if (connection.iceGatheringState !== 'complete') return
        found.isOver = true
        found.ms ??= performance.now() - began
        resolve()
      }
      connection.createDataChannel('')
      connection.setLocalDescription().catch(reject)
      if (signal.aborted) resolve()
    })
  } finally { connection.close() }
  return found
}

function note(found, { type, address, port, relatedAddress, relatedPort }, began) {
  if (type === 'host') return found.own.push(address)
  if (type !== 'srflx') return
  found.ms ??= performance.now() - began
  const name = address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
  // A browser that hides the socket's own address uses one interface only.
  const base = `${address.includes(':')} ${relatedAddress ?? ''} ${relatedPort ?? ''}`
  if (!found.mapped.some((one) => one.name === name && one.base === base)) found.mapped.push({ name, base, isIPv4: !address.includes(':') })
}

/** Whether an address of this device's may be of the family; a browser that hides it tells a name, or nothing. */
const mayBe = (address, isIPv4) => !address || address.endsWith('.local') || address.includes(':') !== isIPv4

/** Whether a server that was asked alone has answered. If it sees the device's own address, only the end without an error shows it. */
export const isAnswer = ({ isOver, mapped, own, errors }, isIPv4) => mapped.some((one) => one.isIPv4 === isIPv4)
  || (isOver && own.some((one) => mayBe(one, isIPv4)) && !errors.some((one) => mayBe(one, isIPv4)))

/** Whether servers see one socket at several endpoints. */
export const seesSeveral = (mapped) => mapped.some((one) => mapped.some((other) => other.base === one.base && other.name !== one.name))

/**
 * How the NAT treats this device, in the words of RFC 5780. `answered` are the servers that answered when each was asked alone, and
 * `together` is what they said when all were asked from one socket.
 */
export function mappingOf(answered, together) {
  if (!answered.length) return undefined
  if (!answered.some(({ mapped }) => mapped.length)) return 'none'
  if (seesSeveral(together.mapped)) return 'endpoint-dependent'
  // Silence of one of them together says nothing.
  const hosts = new Set(answered.map(({ host }) => host))
  return hosts.size > 1 && together.isOver ? 'endpoint-independent' : 'unknown'
}

/** Asks the servers of one family, each alone and all from one socket. */
async function askFamily(servers, signal) {
  const asked = servers.slice(0, SERVERS)
  const both = asked.length > 1 ? gather(asked, signal) : undefined
  const [together, ...alone] = await Promise.all([both, ...asked.map((one) => gather([one], signal))])
  const answers = asked.map((server, index) => {
    const { isIPv4 } = server, { mapped, ms } = alone[index]
    return { ...server, mapped: mapped.filter((one) => one.isIPv4 === isIPv4), isAnswered: isAnswer(alone[index], isIPv4), ms }
  })
  const answered = answers.filter(({ isAnswered }) => isAnswered)
  // What lies in this network says nothing of the way out of it.
  const outside = answered.filter((one) => !one.isLocal), telling = outside.length ? outside : answered
  const mapping = mappingOf(telling, together ?? { mapped: [], isOver: true })
  return { answers, mapping, mapped: telling[0]?.mapped[0]?.name, isLocal: telling.length > 0 && !outside.length }
}

/** What is found out about IPv4 and IPv6 before `signal` ends the asking. */
export async function askServers(servers, signal) {
  if (!globalThis.RTCPeerConnection) return {}
  const families = { ipv4: servers.filter(({ isIPv4 }) => isIPv4), ipv6: servers.filter(({ isIPv4 }) => !isIPv4) }
  const asked = Object.entries(families).filter(([, list]) => list.length)
  return Object.fromEntries(await Promise.all(asked.map(async ([name, list]) => [name, await askFamily(list, signal)])))
}
