// What a person knows a peer by: a picture, a colour and a name, all computed from its peer id, so that every page shows the same.

const SVG = 'http://www.w3.org/2000/svg'

/** Colours that are easily told apart. Each has a contrast of 3:1 or more to the white and to the dark ground of the pages. */
export const colours = [
  '#d5453a', '#c76a12', '#a37a00', '#6d8a1f', '#2f9048', '#12908a', '#2b88b8', '#4f76de', '#7d68d8', '#a457c8', '#c64a9c', '#94705a',
]

const consonants = 'bdklmnprstvz', vowels = 'aeiou'

/**
 * The face of a peer: `{ name, colour, second, cells }`.
 * - `name`: two short words that can be spoken, such as `Kelu Sabo`. There are 13 million. It is no proof of who a peer is: whoever
 *   makes many keys finds one with the same name. Show the end of the peer id beside it where that matters.
 * - `colour`, `second`: two of `colours`, the main one and one for the picture's details.
 * - `cells`: the picture, 5 rows of 5; 0 is empty, 1 has the main colour, 2 the second one. Its halves mirror each other.
 */
export function peerFace(peerId) {
  const draw = numbers(String(peerId))
  const main = draw(colours.length)
  const second = (main + 3 + draw(colours.length - 5)) % colours.length
  const half = Array.from({ length: 5 }, () => Array.from({ length: 3 }, () => [0, 0, 1, 1, 1, 2][draw(6)]))
  const word = () => {
    const letters = Array.from({ length: 2 }, () => consonants[draw(consonants.length)] + vowels[draw(vowels.length)]).join('')
    return letters[0].toUpperCase() + letters.slice(1)
  }
  return {
    name: `${word()} ${word()}`, colour: colours[main], second: colours[second],
    cells: half.map(([a, b, c]) => [a, b, c, b, a]),
  }
}

/** The last letters of a peer id, by which the command names a peer. */
export const endOfID = (peerId) => String(peerId).slice(-8)

/** The picture as an SVG element of class `face`. It says nothing to a screen reader: the name belongs beside it. */
export function facePicture(peerId) {
  const { colour, second, cells } = peerFace(peerId)
  const draw = (name, attributes) => {
    const node = document.createElementNS(SVG, name)
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value)
    return node
  }
  const picture = draw('svg', { viewBox: '0 0 7 7', class: 'face', 'aria-hidden': 'true', focusable: 'false' })
  picture.append(draw('rect', { width: 7, height: 7, rx: 1.6, fill: colour, 'fill-opacity': 0.16 }))
  cells.forEach((row, y) => row.forEach((cell, x) => {
    if (cell) picture.append(draw('rect', { x: x + 1, y: y + 1, width: 1.02, height: 1.02, fill: cell === 1 ? colour : second }))
  }))
  return picture
}

/** Numbers that a text determines, evenly spread: a function that answers the next one below its argument. */
function numbers(text) {
  let state = 2166136261
  for (const letter of text) state = Math.imul(state ^ letter.codePointAt(0), 16777619) >>> 0
  return (below) => {
    state = state + 0x9e3779b9 >>> 0
    let mixed = Math.imul(state ^ state >>> 16, 0x85ebca6b)
    mixed = Math.imul(mixed ^ mixed >>> 13, 0xc2b2ae35)
    return ((mixed ^ mixed >>> 16) >>> 0) % below
  }
}
