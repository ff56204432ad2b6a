// What keeps the room from working, in words.

import { bounds } from './chat-bounds.js'
import { EVERYBODY } from './chat-text.js'

/** Since when each state has lasted: a state that soon passes needs no words. */
let state, since = 0

function relayWords(chat) {
  if (chat.state !== state) {
    state = chat.state
    since = Date.now()
  }
  const isLasting = Date.now() - since > bounds.noticeSeconds * 1000
  switch (state) {
    case 'failed': return `${chat.stateWords}. “My node” starts it again.`
    case 'offline': return 'This device is offline. Messages reach nobody until it is back.'
    case 'connecting': case 'recovering': {
      if (!chat.relays.length && !chat.reservation) {
        return `${chat.startNote ?? ''} Without a relay nobody is found. Dial one in “My node”.`.trim()
      }
      return isLasting ? 'The relay cannot be reached. Messages go only to people who are connected directly. The page keeps trying.' : ''
    }
  }
  return ''
}

/** What is wrong with the room; empty if nothing is. */
export function noticeOf(chat) {
  const { room } = chat
  if (room.fault) return `The link names no room: ${room.fault}. This is the room of everybody, ${EVERYBODY}.`
  const words = relayWords(chat)
  if (words || !room.isNotCarried) return words
  return `This relay does not carry the room “${room.name}”. Messages reach only people who are connected directly. `
    + `Whoever runs the relay lets it carry the room by: --topic '${room.name}' --topic '${room.fileTopic}'`
}
