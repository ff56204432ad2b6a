// Files from one to another. The stream holds the sender back while the receiver is slow.
import { meet, show } from './meet.js'

const PROTOCOL = '/causeway-example/file/1.0.0'
/** The page holds a file in memory until it is saved. */
const LARGEST = 256 << 20
const LONGEST_HEAD = 4096, NEWLINE = 10

const [people, to, list, drop, input] = ['people', 'to', 'list', 'drop', 'file'].map((id) => document.getElementById(id))
const line = () => list.appendChild(document.createElement('li'))

let room
const changed = () => {
  if (!room) return
  show(people, room.people)
  const chosen = to.value
  to.replaceChildren(...[...room.people.keys()].map((id) => new Option(id.slice(-6), id, false, id === chosen)))
}
room = await meet('drop', { changed })
changed()

// A file is its head as JSON in a line, then its bytes. It goes by a direct connection alone, as a relay's limits would cut it off.
await room.node.handle(PROTOCOL, async (stream, connection) => {
  const shown = line(), chunks = []
  const begun = []
  let head, count = 0
  try {
    for await (const chunk of stream) {
      let bytes = chunk
      if (!head) {
        begun.push(...chunk.subarray(0, LONGEST_HEAD))
        const end = begun.indexOf(NEWLINE)
        if (end < 0 && begun.length >= LONGEST_HEAD) throw new Error('it has no head')
        if (end < 0) continue
        head = readHead(new Uint8Array(begun.slice(0, end)))
        bytes = chunk.subarray(chunk.indexOf(NEWLINE) + 1)
      }
      count += bytes.length
      if (count > head.size) throw new Error('it has more bytes than it said')
      chunks.push(bytes)
      shown.textContent = `${head.name} from ${String(connection.remotePeer).slice(-6)}: ${Math.round(count * 100 / (head.size || 1))} %`
    }
    if (count !== head?.size) throw new Error('it ended too early')
  } catch (error) {
    shown.textContent = `A file did not come: ${error.message}`
    throw error
  }
  const link = document.createElement('a')
  link.href = URL.createObjectURL(new Blob(chunks))
  link.download = head.name
  link.textContent = `Save ${head.name} (${count} bytes)`
  shown.replaceChildren(link)
  await stream.close()
})

function readHead(bytes) {
  const { name, size } = JSON.parse(new TextDecoder().decode(bytes))
  if (typeof name !== 'string' || !Number.isInteger(size) || size < 0) throw new Error('its head is none')
  if (size > LARGEST) throw new Error(`a file has at most ${LARGEST} bytes`)
  return { name: name.slice(0, 200), size }
}

async function send(file) {
  const shown = line(), target = to.value
  shown.textContent = `${file.name} …`
  try {
    if (!target) throw new Error('nobody is here')
    const stream = await room.node.dialProtocol(target, PROTOCOL)
    stream.send(new TextEncoder().encode(`${JSON.stringify({ name: file.name, size: file.size })}\n`))
    await file.stream().pipeTo(stream.writable)
    shown.textContent = `${file.name}: sent to ${target.slice(-6)}`
  } catch (error) { shown.textContent = `${file.name} was not sent: ${error.message}` }
}

input.addEventListener('change', () => [...input.files].forEach(send))
for (const type of ['dragover', 'dragleave', 'drop']) {
  drop.addEventListener(type, (event) => {
    event.preventDefault()
    drop.classList.toggle('over', type === 'dragover')
    if (type === 'drop') [...event.dataTransfer.files].forEach(send)
  })
}
