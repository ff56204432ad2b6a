// A server of WebSockets that says what it is told to, by hand.
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'

const BINARY = 2, TEXT = 1

/** Listens on this machine; `talk` gets each socket, once it is open. */
export async function serveSockets(talk) {
  const server = createServer().on('upgrade', ({ headers }, socket) => {
    const accept = createHash('sha1').update(`${headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
    socket.on('error', () => {})
    socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
      + `Sec-WebSocket-Accept: ${accept}\r\n\r\n`)
    talk(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

/** One message of `count` bytes, in one frame. */
export async function sendMessage(socket, count, { isText = false } = {}) {
  const head = Buffer.alloc(10), block = Buffer.alloc(Math.min(count, 4 << 20), 'x')
  head[0] = 0x80 | (isText ? TEXT : BINARY)
  head[1] = 127
  head.writeBigUInt64BE(BigInt(count), 2)
  socket.write(count > 65535 ? head : Buffer.from([head[0], 126, count >> 8, count & 255]))
  for (let sent = 0; sent < count && !socket.destroyed; sent += block.length) {
    if (!socket.write(block.subarray(0, count - sent))) await Promise.race([once(socket, 'drain'), once(socket, 'close')])
  }
}
