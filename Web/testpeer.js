// The browser peer behind the control protocol of the interop tests: sets window.peer = { create(config) -> controller }, where
// controller has ready, command(message) -> Promise and on(listener). It uses nothing but the public API of causeway.js.
import { createNode } from './causeway.js'
import {
  advertised, connectionCommands, deadline, machineCommands, measureCommands, serveProtocols, topicCommands
} from './testpeer-commands.js'
import { makeOutlet, tallyMessages, tellOfNode } from './testpeer-events.js'
import { describe, must, sha256, utf8 } from './testpeer-fields.js'
import { canListen, ignoredFields, nodeOptions } from './testpeer-options.js'
import { streamCommands } from './testpeer-streams.js'

export async function create (config) {
  const outlet = makeOutlet()
  const ignored = ignoredFields(config)
  if (ignored.length > 0) outlet.log(`configuration fields ignored: ${ignored.join(', ')}`)
  const options = nodeOptions(config)
  if (config.seed != null) options.key = await sha256(utf8.encode(String(config.seed)))
  const node = await createNode(options)
  const { pubsub } = node.services
  tellOfNode(node, outlet, config.discovery?.dial === true)
  const tally = tallyMessages(pubsub, outlet, config.quiet === true || config.pubsub?.quiet === true)
  await serveProtocols(node)

  const newStream = (command, protocol) => node.dialProtocol(command.peerId ?? must(command.addr, 'peerId'), protocol, {
    signal: deadline(command, 30_000), runOnLimitedConnection: command.allowLimited === true
  })
  const kept = new Set()
  const commands = {
    ...connectionCommands(node, kept), ...topicCommands(pubsub, tally), ...measureCommands(node, newStream),
    ...streamCommands(node, outlet.emit, newStream), ...machineCommands(node, kept)
  }
  await node.start()
  for (const relay of config.relays ?? []) await commands.reserve({ addr: relay })

  const skipped = (config.listen ?? []).filter(address => !canListen(address))
  return {
    node,
    on: outlet.on,
    command: message => answer(commands, message),
    ready: {
      event: 'ready',
      peerId: node.peerId.toString(),
      addrs: advertised(node),
      version: 'causeway (browser)',
      ...skipped.length > 0 ? { skipped } : {},
      runtime: navigator.userAgent,
      readyMs: Math.round(performance.now())
    }
  }
}

/** Answers one command object; never throws. */
async function answer (commands, message) {
  const id = message?.id ?? null
  try {
    if (message == null || typeof message !== 'object') throw new Error('not an object')
    const run = Object.hasOwn(commands, message.cmd) ? commands[message.cmd] : null
    if (run == null) throw new Error(`unknown command "${message.cmd}"`)
    const { timeoutMs } = message
    if (timeoutMs == null) return { id, ok: true, ...await run(message) }
    let timer
    const late = new Promise((resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`not within ${timeoutMs} ms`)), timeoutMs + 500)
    })
    try { return { id, ok: true, ...await Promise.race([run(message), late]) } } finally { clearTimeout(timer) }
  } catch (error) {
    const status = error?.code === 'ERR_REFUSED_BY_RELAY' ? error.value : null
    return { id, ok: false, error: describe(error), ...status ? { status } : {} }
  }
}

globalThis.peer = { create }
