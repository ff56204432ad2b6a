// A resumable stream between two nodes of one page, while its connections come and go.
import { check, equal, pattern, test, until } from './cases.mjs'
import { LIMITED, note, relay, reserved, sleep, upgraded } from './nodes.mjs'

const MOVE = '/move/1'

/** Writes as `next` says, and checks that all of it comes back. */
async function keepTalking(stream, isEnough) {
  const writer = stream.writable.getWriter(), piece = pattern(20_000), reader = stream.readable.getReader()
  let sent = 0, heard = 0, longest = 0, last = performance.now()
  const listening = (async () => {
    for (let one; !(one = await reader.read()).done;) {
      check(one.value.every((byte, index) => byte === piece[(heard + index) % piece.length]), `another byte came back behind ${heard}`)
      heard += one.value.length
      longest = Math.max(longest, performance.now() - last)
      last = performance.now()
    }
  })()
  while (!isEnough()) {
    await writer.write(piece)
    sent += piece.length
    await sleep(10)
  }
  await writer.close()
  await listening
  equal(heard, sent, 'bytes')
  return { sent, longest: Math.round(longest) }
}

export async function moving() {
  await test('a resumable stream goes from the circuit to the direct connection, over a lost one, and on without the relay', async (after) => {
    const at = await relay(after, LIMITED), one = await reserved(after, at), two = await reserved(after, at)
    await two.handle(MOVE, ({ stream }) => stream.readable.pipeTo(stream.writable), { resumable: true, runOnLimitedConnection: true })
    const stream = await one.dialProtocol(two.circuit, MOVE, { resumable: true, runOnLimitedConnection: true })
    equal([stream.resumable, stream.connection.direct], [true, false])
    const direct = (but) => until(() => stream.connection.direct && stream.connection !== but, 'a direct connection', 30_000)
    let isEnough = false
    const talk = keepTalking(stream, () => isEnough)
    talk.catch(() => {})
    const moves = (async () => {
      await direct()
      const { connection } = stream
      await sleep(500)
      // Under the node's feet: it is not told.
      for (const pair of one.peerConnections()) pair.close()
      await direct(connection)
      await sleep(500)
      await at.kill()
      await sleep(500)
      isEnough = true
    })()
    await Promise.race([moves, talk])
    await moves
    const { sent, longest } = await talk
    check(longest < 5000, `nothing came back for ${longest} ms`)
    note(`${sent} bytes; ${longest} ms without any at most`)
  }, 90_000)

  await test('a resumable stream to a page that goes from a direct connection stays on it, and an ordinary handler serves others', async (after) => {
    const at = await relay(after), one = await reserved(after, at), two = await reserved(after, at)
    await two.handle(MOVE, ({ stream }) => stream.readable.pipeTo(stream.writable), { resumable: true })
    await upgraded(one, two)
    const stream = await one.dialProtocol(two.peerId, MOVE, { resumable: true }), plain = await one.dialProtocol(two.peerId, MOVE)
    equal([stream.resumable, plain.resumable, stream.connection === plain.connection], [true, undefined, true])
    const started = performance.now()
    for (const each of [stream, plain]) await keepTalking(each, () => performance.now() - started > 1000)
    check(stream.connection === plain.connection, 'it moved')
  })
}
