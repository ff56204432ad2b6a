// The protocols by which test peers exercise streams: echo, sink and perf, both ends of each.
export const ECHO = '/causeway-test/echo/1.0.0'
export const SINK = '/causeway-test/sink/1.0.0'
export const PERF = '/perf/1.0.0'

export const round = ms => Math.round(ms * 1000) / 1000

// A counter of 32-bit words that repeats after a length that no power of two divides.
const PERIOD = 4 * 262_139
let pattern
function patternAt (offset, length) {
  if (pattern == null) {
    pattern = new Uint8Array(PERIOD * 2)
    const view = new DataView(pattern.buffer)
    for (let i = 0; i < pattern.length; i += 4) view.setUint32(i, (i % PERIOD) / 4, true)
  }
  const start = offset % PERIOD
  return pattern.subarray(start, start + Math.min(length, PERIOD))
}

function differs (data, offset) {
  while (data.length > 0) {
    const want = patternAt(offset, data.length)
    for (let i = 0; i < want.length; i++) if (want[i] !== data[i]) return true
    offset += want.length
    data = data.subarray(want.length)
  }
  return false
}

async function writePattern (writer, total, chunk = 65536) {
  for (let at = 0; at < total;) {
    const part = patternAt(at, Math.min(chunk, total - at))
    at += part.length
    await writer.ready
    writer.write(part).catch(() => {}) // close() tells
  }
}

/** Calls onData for all that arrives; resolves at the end of the remote's writing. */
async function readAll (stream, onData) {
  const reader = stream.readable.getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    onData(value)
  }
}

/** Writes and reads at once; whichever fails resets the stream. */
async function exchange (stream, write, onData) {
  try {
    const writer = stream.writable.getWriter()
    await Promise.all([write(writer).then(() => writer.close()), readAll(stream, onData)])
  } catch (error) {
    stream.abort(error)
    throw error
  }
}

export const bigEndian = number => {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(number))
  return bytes
}
const fromBigEndian = bytes => Number(new DataView(Uint8Array.from(bytes).buffer).getBigUint64(0))

export const echoServer = stream => stream.readable.pipeTo(stream.writable)

export async function sinkServer (stream) {
  let count = 0
  await readAll(stream, data => { count += data.length })
  const writer = stream.writable.getWriter()
  await writer.write(bigEndian(count))
  await writer.close()
}

export async function perfServer (stream) {
  const header = []
  await readAll(stream, data => { if (header.length < 8) header.push(...data.subarray(0, 8 - header.length)) })
  if (header.length < 8) throw new Error('no perf header')
  const writer = stream.writable.getWriter()
  await writePattern(writer, fromBigEndian(header))
  await writer.close()
}

export async function echo (stream, bytes, chunk) {
  const start = performance.now()
  let received = 0
  let wrong = false
  await exchange(stream, writer => writePattern(writer, bytes, chunk), data => {
    wrong ||= differs(data, received)
    received += data.length
  })
  return { ms: round(performance.now() - start), matched: !wrong && received === bytes, received }
}

export async function sink (stream, bytes, chunk) {
  const start = performance.now()
  const answer = []
  await exchange(stream, writer => writePattern(writer, bytes, chunk), data => answer.push(...data))
  const count = answer.length === 8 ? fromBigEndian(answer) : -1
  return { ms: round(performance.now() - start), count, matched: count === bytes }
}

/** Upload time ends with the first byte or the end of the answer, so that it holds the remote's reading. */
export async function perf (stream, upload, download) {
  const start = performance.now()
  let uploaded
  let received = 0
  await exchange(stream, async writer => {
    await writer.write(bigEndian(download))
    await writePattern(writer, upload)
  }, data => {
    uploaded ??= performance.now()
    received += data.length
  })
  const end = performance.now()
  uploaded ??= end
  if (received !== download) throw new Error(`received ${received} of ${download} bytes`)
  return { uploadMs: round(uploaded - start), downloadMs: round(end - uploaded) }
}
