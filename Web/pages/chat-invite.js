// The invitation: a link to this room through this relay, with its QR code; and the way to another room.

import { qrCode } from './qr-code.js'
import { fill, make, copyButton } from './chat-elements.js'
import { $, announce, chat, setText } from './chat-page.js'
import { roomName, roomURL } from './chat-text.js'

const SVG = 'http://www.w3.org/2000/svg'

/** A code as a picture, with the light margin that readers need. */
function codePicture(rows) {
  const picture = document.createElementNS(SVG, 'svg'), path = document.createElementNS(SVG, 'path')
  picture.setAttribute('viewBox', `-4 -4 ${rows.length + 8} ${rows.length + 8}`)
  picture.setAttribute('shape-rendering', 'crispEdges')
  path.setAttribute('d', rows.flatMap((row, y) => row.map((isDark, x) => isDark ? `M${x} ${y}h1v1h-1z` : '')).join(''))
  picture.append(path)
  return picture
}

const isLoopback = /^(localhost|127\.[\d.]+|\[::1\])$/

/** What the person who invites should know of the link. */
function hintOf({ hostname }) {
  if (chat.startNote) return `${chat.startNote} Who follows this link comes to this page, but perhaps to no relay.`
  if (!isLoopback.test(hostname)) return ''
  return `This link leads to ${hostname}, so it works on this device only. To invite others, open this page by the relay’s address.`
}

function show() {
  const url = roomURL(location, chat.room.name), rows = qrCode(url), hint = hintOf(location)
  setText($('invite-note'), chat.room.isOwn ? `To the room ${chat.room.name}, through this relay.` : 'To this room, through this relay.')
  fill($('invite-code'), ...rows ? [codePicture(rows)] : [])
  $('invite-code').hidden = !rows
  fill($('invite-link'), make('code', { text: url }), copyButton(url, 'link', announce))
  $('invite-hint').hidden = !hint
  setText($('invite-hint'), hint)
  $('invite').showModal()
  $('invite-link').querySelector('button').focus()
}
$('act-invite').addEventListener('click', show)

$('own-room').addEventListener('submit', (event) => {
  event.preventDefault()
  try {
    location.href = roomURL(location, roomName($('room-name').value))
    $('invite').close()
  } catch (error) {
    setText($('room-note'), `Not opened: ${error.message}`)
    $('room-note').setAttribute('data-bad', '')
  }
})

// Another room is another visit: other topics, other people, nothing of what was said here.
addEventListener('hashchange', () => location.reload())
