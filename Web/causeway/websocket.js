// A link's WebSocket.

import * as Command from './boundary/command.js'
import * as LinkFailure from './boundary/link-failure.js'
import { parse } from './multiaddr.js'
import { complain, sleep } from './telling.js'

const HIGH_WATER = 1 << 20
/** A longer message ends its link before it is copied. A Noise message has 64 KiB, and some send several in one. */
const MESSAGE = 1 << 20
/** What the module is given of it at a time. */
const PIECE = 64 << 10

/** The URL of an address with a WebSocket. */
function socketURL(address) {
  const parts = parse(address), get = (name) => parts.find((one) => one[0] === name)
  const host = (get('sni') ?? parts[0])[1]
  const path = decodeURIComponent(get('http-path')?.[1] ?? '').replace(/^\//, '')
  return `${get('wss') ?? get('tls') ? 'wss' : 'ws'}://${host.includes(':') ? `[${host}]` : host}:${get('tcp')?.[1] ?? ''}/${path}`
}

export function makeSocket(WebSocket, address, link, send) {
  let socket, isBlocked = false
  /** Waits until fewer bytes wait in the browser, of which it tells by no event. */
  const below = async (count) => { while (socket.readyState === 1 && socket.bufferedAmount >= count) await sleep(5) }
  /** The link's end is what closes the socket. */
  const failed = (limit = LinkFailure.LOST) => send(Command.LINK_FAILED, link, limit)
  try {
    socket = new WebSocket(socketURL(address))
    socket.binaryType = 'arraybuffer'
    socket.onopen = () => send(Command.SOCKET_OPENED, link)
    socket.onmessage = ({ data }) => {
      const count = data.byteLength
      // Text has no such length.
      if (!(count <= MESSAGE)) return failed(count && MESSAGE)
      for (let at = 0; at < count; at += PIECE) {
        send(Command.SOCKET_RECEIVED, link, 0, new Uint8Array(data, at, Math.min(PIECE, count - at)))
      }
    }
    // Some tell of a failed attempt by `error` alone.
    socket.onerror = socket.onclose = () => failed()
  } catch { failed() }
  return {
    close() {
      if (!socket) return
      socket.onopen = socket.onmessage = socket.onclose = null
      socket.onerror = () => {}
      try { socket.close() } catch (error) { complain(error) }
    },
    /** Resolves once the browser has passed on what it was given. */
    sent: () => below(1),
    send(bytes) {
      if (socket.readyState !== 1) return
      try { socket.send(bytes) } catch (error) {
        complain(error)
        return failed()
      }
      if (socket.bufferedAmount < HIGH_WATER || isBlocked) return
      isBlocked = true
      send(Command.SOCKET_BLOCKED, link, 1)
      below(HIGH_WATER).then(() => {
        isBlocked = false
        send(Command.SOCKET_BLOCKED, link)
      })
    },
  }
}
