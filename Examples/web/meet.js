// Meets everybody who has the same application open at the same relay: each tells each other what it has so far, and then what is new.
// Values travel as JSON, a line each.
import { createNode } from './causeway.js'

/** No value needs more; who sends more has its stream aborted. */
const LONGEST_LINE = 1 << 20

/** The relay that serves this page, or the one in its URL: `?relay=https://relay.example`. */
const relays = new URLSearchParams(location.search).get('relay') ?? location.origin

/**
 * - `greet` answers the values that a newcomer needs.
 * - `heard` gets every value that comes, and may throw for one that it does not understand.
 * - `changed` is called when somebody comes, goes, or is reached another way.
 *
 * Answers the node, the people (from peer ids to connections), and `send`, which tells all of them a value.
 */
export async function meet(application, { greet = () => [], heard = () => {}, changed = () => {} }) {
  const protocol = `/causeway-example/${application}/1.0.0`, people = new Map(), streams = new Map()
  const node = await createNode({ relays })
  const write = (stream, value) => stream.send(new TextEncoder().encode(`${JSON.stringify(value)}\n`))

  await node.handle(protocol, async (stream) => {
    for await (const line of lines(stream)) heard(JSON.parse(line))
  }, { runOnLimitedConnection: true })

  /** Opens the stream on which a peer is told; over the best path, again when there is a better one. */
  const reach = async (id) => {
    try {
      const stream = await node.dialProtocol(id, protocol, { runOnLimitedConnection: true }), before = streams.get(String(id))
      streams.set(String(id), stream)
      stream.addEventListener('close', () => { if (streams.get(String(id)) === stream) streams.delete(String(id)) })
      for (const value of greet()) write(stream, value)
      before?.close().catch(() => {})
      people.set(String(id), stream.connection)
      changed()
    } catch (error) { console.info(error.message) }
  }
  node.addEventListener('peer:discovery', ({ detail: { id, multiaddrs } }) => {
    // Both find each other; one of them is enough.
    if (String(node.peerId) < String(id) && !people.has(String(id))) node.dial(multiaddrs).catch((error) => console.info(error.message))
  })
  node.addEventListener('peer:identify', ({ detail: { peerId, protocols } }) => {
    if (protocols.includes(protocol) && !streams.has(String(peerId))) reach(peerId)
  })
  node.addEventListener('path:change', ({ detail: { peer, connection } }) => {
    if (connection?.direct && people.has(String(peer))) reach(peer)
  })
  node.addEventListener('peer:disconnect', ({ detail }) => {
    streams.delete(String(detail))
    if (people.delete(String(detail))) changed()
  })
  await node.ready()

  return {
    node, people,
    send(value) {
      for (const stream of streams.values()) {
        // One that is ending is not in the way of the others.
        try { write(stream, value) } catch (error) { console.info(error.message) }
      }
    },
  }
}

/** The lines of a stream. */
async function* lines(stream) {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of stream) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = parts.pop()
    if (rest.length > LONGEST_LINE) throw new Error('a line is too long')
    yield* parts
  }
}

/** Shows who is there, and how they are reached. */
export function show(element, people) {
  const names = [...people].map(([id, { direct }]) => `${id.slice(-6)}${direct ? '' : ' (relayed)'}`)
  element.textContent = names.length ? `With ${names.join(', ')}` : 'Nobody else is here. Open this page in another tab.'
}
