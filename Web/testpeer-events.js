// What a test peer tells of itself.
import { connectionFields, describe, hex, reservationFields, sha256 } from './testpeer-fields.js'
import { round } from './testpeer-protocols.js'

/** Events with their times; what comes before anybody listens is kept for the first. */
export function makeOutlet () {
  const started = performance.now()
  const listeners = new Set()
  const early = []
  const emit = (event, fields) => {
    const value = { event, t: round(performance.now() - started), ...fields }
    if (listeners.size === 0) early.push(value)
    for (const listener of listeners) listener(value)
  }
  return {
    emit,
    log: text => emit('log', { text }),
    on (listener) {
      listeners.add(listener)
      for (const value of early.splice(0)) listener(value)
      return () => listeners.delete(listener)
    }
  }
}

/** Tells what the node tells, but for messages. `dials`: connects to whom discovery finds. */
export function tellOfNode (node, { emit, log }, dials) {
  const on = (name, listener) => node.addEventListener(name, ({ detail }) => listener(detail))
  const onlyLimited = new Map() // peer id -> whether all its connections are limited
  const recount = peer => {
    const id = peer.toString()
    const open = node.getConnections(peer)
    const before = onlyLimited.get(id)
    if (open.length === 0) return onlyLimited.delete(id)
    const limited = open.every(c => c.limits != null)
    onlyLimited.set(id, limited)
    if (before != null && before !== limited) emit('peer:update', { peerId: id, limited })
  }
  on('peer:connect', peer => {
    recount(peer)
    emit('peer:connect', { peerId: peer.toString(), limited: onlyLimited.get(peer.toString()) ?? false })
  })
  on('peer:disconnect', peer => {
    onlyLimited.delete(peer.toString())
    emit('peer:disconnect', { peerId: peer.toString() })
  })
  for (const name of ['connection:open', 'connection:close']) {
    on(name, connection => {
      emit(name, connectionFields(connection))
      recount(connection.remotePeer)
    })
  }
  on('error', error => log(describe(error)))
  on('reservation', r => emit('reservation', {
    state: r.state, ...reservationFields(r), ...r.error == null ? {} : { error: describe(r.error) }
  }))
  on('peer:discovery', ({ id, multiaddrs, source }) => {
    const known = node.getConnections(id).length > 0
    emit('peer:discovery', { peerId: id.toString(), addrs: multiaddrs.map(String), source: source === 'json' ? 'json' : 'pubsub' })
    if (dials && !known) node.dial(multiaddrs).catch(error => log(`discovered ${id}: ${describe(error)}`))
  })
}

/** Counts messages, and tells of each unless it `isQuiet`; answers a topic's tally. */
export function tallyMessages (pubsub, { emit }, isQuiet) {
  const tallies = new Map()
  const tally = topic => {
    if (!tallies.has(topic)) tallies.set(topic, { count: 0, duplicates: 0, bytes: 0, seen: new Set() })
    return tallies.get(topic)
  }
  let digesting = Promise.resolve() // messages are told in the order in which they came
  pubsub.addEventListener('message', ({ detail: { topic, data, from, receivedFrom, sequenceNumber } }) => {
    const t = tally(topic)
    const key = `${from}:${sequenceNumber}`
    if (from != null && t.seen.has(key)) t.duplicates++
    t.seen.add(key)
    t.count++
    t.bytes += data.length
    if (isQuiet || t.silent) return
    const message = { topic, from: from?.toString() ?? null, receivedFrom: receivedFrom.toString(), size: data.length }
    if (data.length <= 1024) {
      try { message.text = new TextDecoder('utf-8', { fatal: true }).decode(data) } catch {} // not text
    }
    const digest = sha256(data)
    digesting = digesting.then(async () => emit('message', { ...message, sha256: hex(await digest) }))
  })
  return tally
}
