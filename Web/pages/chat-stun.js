// A link may name STUN servers, but a person has to allow them.

import { $, chat, setText, soon } from './chat-page.js'

const ALLOWED = 'causeway-stun'
export const namedServers = chat.namedServers.map(({ urls }) => urls.replace('stun:', '')).join(', ')

function allowServers() {
  chat.iceServers = chat.namedServers
  soon('self')
}
/** What the person allowed before on this device. Some browsers store nothing. */
function allowed() { try { return localStorage.getItem(ALLOWED) } catch { return undefined } }

if (namedServers && allowed() === namedServers) allowServers()
else if (namedServers) {
  setText($('ask-text'), `The link to this page asks your browser to tell ${namedServers} your public address. `
    + 'This helps to reach people directly across networks.')
  $('ask').hidden = false
}
$('ask-yes').addEventListener('click', () => {
  $('ask').hidden = true
  allowServers()
  try { localStorage.setItem(ALLOWED, namedServers) } catch {}
})
$('ask-no').addEventListener('click', () => { $('ask').hidden = true })
