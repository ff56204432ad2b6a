// Makes elements with DOM calls only, never from markup.

/** Makes an element. `text` is its text; other attributes are set as given. */
export function make(name, { text, ...attributes } = {}, ...children) {
  const element = document.createElement(name)
  if (text !== undefined) element.textContent = text
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value)
  element.append(...children)
  return element
}

export const fill = (element, ...children) => element.replaceChildren(...children)

const SVG = 'http://www.w3.org/2000/svg'

/** Draws the pattern of a peer id. It is the same everywhere. */
export function avatar(key) {
  let hash = 2166136261
  for (const char of key) hash = Math.imul(hash ^ char.codePointAt(0), 16777619) >>> 0
  const draw = (name, attributes) => {
    const element = document.createElementNS(SVG, name)
    for (const [field, value] of Object.entries(attributes)) element.setAttribute(field, value)
    return element
  }
  const hue = hash % 360
  const picture = draw('svg', { viewBox: '0 0 7 7', class: 'avatar', 'aria-hidden': 'true', focusable: 'false' })
  picture.append(draw('rect', { width: 7, height: 7, fill: `hsl(${hue} 45% 86%)` }))
  for (let row = 0; row < 5; row++) {
    for (let column = 0; column < 3; column++) {
      hash = Math.imul(hash ^ (hash >>> 13), 1540483477) >>> 0
      if ((hash >>> 15) % 2) continue
      for (const x of new Set([column, 4 - column])) {
        picture.append(draw('rect', { x: x + 1, y: row + 1, width: 1.02, height: 1.02, fill: `hsl(${hue} 55% 36%)` }))
      }
    }
  }
  return picture
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
