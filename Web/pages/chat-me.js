// The person's own name and colour.

import { fill, make } from './chat-elements.js'
import { $, announce, chat, draws } from './chat-page.js'
import { COLOURS, followProfile } from './chat-profile.js'
import { personName } from './chat-text.js'
import { endOfID, facePicture, peerFace } from './peer-face.js'

function ownName({ name, colour }) {
  const called = name || peerFace(chat.self).name
  return [make('bdi', { class: name ? 'called' : 'called given', 'data-colour': name ? colour : 0, text: called }),
    make('code', { class: 'end', text: endOfID(chat.self) })]
}

function drawMe() {
  if (!chat.self) return
  if (!$('me-face').childElementCount) fill($('me-face'), facePicture(chat.self))
  fill($('me-name'), ...ownName(chat.profile))
}

function colourChoice(name, index) {
  const input = make('input', { type: 'radio', name: 'colour', value: index + 1 })
  return make('label', { title: name, 'data-colour': index + 1 }, input, make('span', { class: 'visually-hidden', text: name }))
}
$('profile-colours').append(...COLOURS.map(colourChoice))

const chosen = () => ({
  name: personName($('profile-name').value),
  colour: Number($('profile-colours').querySelector('input:checked')?.value ?? 0),
})

function preview() { fill($('profile-preview'), facePicture(chat.self), ...ownName(chosen())) }

$('me').addEventListener('click', () => {
  if (!chat.self) return
  const { name, colour } = chat.profile
  $('profile-name').value = name
  for (const one of $('profile-colours').querySelectorAll('input')) one.checked = Number(one.value) === (colour || 1)
  preview()
  $('profile').showModal()
})
$('profile-form').addEventListener('input', preview)
$('profile-form').addEventListener('submit', (event) => {
  event.preventDefault()
  const isKept = chat.become(chosen())
  announce(isKept ? 'Name and colour are kept' : 'This browser keeps nothing: the name is for this visit')
  $('profile').close()
})
followProfile((profile) => chat.become(profile))

for (const one of document.querySelectorAll('[data-close]')) one.addEventListener('click', () => one.closest('dialog').close())
for (const one of document.querySelectorAll('dialog')) one.addEventListener('click', ({ target }) => { if (target === one) one.close() })

draws.me = drawMe
