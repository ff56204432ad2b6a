// Makes elements with DOM calls only, never from markup.

import { endOfID, peerFace } from './peer-face.js'

/** Makes an element. `text` is its text; other attributes are set as given. */
export function make(name, { text, ...attributes } = {}, ...children) {
  const element = document.createElement(name)
  if (text !== undefined) element.textContent = text
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value)
  element.append(...children)
  return element
}

export const fill = (element, ...children) => element.replaceChildren(...children)

/**
 * Who a peer is: the name that it chose, in its colour, or else the one that its id makes; and always the end of its id, so that nobody
 * passes for another.
 */
export function whoIs(chat, id) {
  const { name, colour } = chat.peers.get(id) ?? {}, end = make('code', { class: 'end', text: endOfID(id), title: id })
  const shown = name ? { class: 'called', 'data-colour': colour ?? 0, text: name } : { class: 'called given', text: peerFace(id).name }
  return [make('bdi', shown), end]
}

/** Copies `text`, or says that the page is not allowed to. */
export function copyButton(text, what, announce) {
  const button = make('button', { class: 'small', type: 'button', 'aria-label': `Copy ${what}`, text: 'Copy' })
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(text)
      button.textContent = 'Copied'
    } catch {
      const range = document.createRange()
      range.selectNodeContents(button.previousElementSibling)
      getSelection().removeAllRanges()
      getSelection().addRange(range)
      button.textContent = 'Selected'
    }
    announce(`${button.textContent}: ${what}`)
    setTimeout(() => { button.textContent = 'Copy' }, 2000)
  })
  return button
}
