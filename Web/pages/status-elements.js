// Makes elements with DOM calls only: what peers say about themselves stays text.

const SVG = 'http://www.w3.org/2000/svg'
const drawn = new Set(['svg', 'path', 'rect', 'line', 'circle', 'g', 'text', 'title'])

export const byID = (id) => document.getElementById(id)

/** Makes an element with attributes and children. Strings become text; an attribute that is null or undefined is left out. */
export function make(name, attributes = {}, ...children) {
  const node = drawn.has(name) ? document.createElementNS(SVG, name) : document.createElement(name)
  set(node, attributes)
  node.append(...children)
  return node
}

export function set(node, attributes) {
  for (const [key, value] of Object.entries(attributes)) {
    if (value == null) node.removeAttribute(key)
    else if (node.getAttribute(key) !== String(value)) node.setAttribute(key, value)
  }
}

export function setText(node, text) { if (node.textContent !== text) node.textContent = text }

/** Tells users of screen readers. */
export function say(text) { byID('announcer').textContent = text }

/** A button that copies what `text()` answers. `what` completes its name: "Copy the address". */
export function copyButton(what, text) {
  const button = make('button', { type: 'button', class: 'copy', 'aria-label': `Copy ${what}` }, 'Copy')
  makeCopy(button, what, text)
  return button
}

/** Makes a button copy what `text()` answers, and say so for two seconds. */
export function makeCopy(button, what, text) {
  const words = button.textContent
  let timer
  button.addEventListener('click', async () => {
    const isCopied = await copy(text())
    setText(button, isCopied ? 'Copied' : 'Not allowed')
    say(isCopied ? `Copied ${what}.` : `The browser does not let this page copy ${what}.`)
    clearTimeout(timer)
    timer = setTimeout(() => setText(button, words), 2000)
  })
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    // Pages that came by http have no clipboard of their own. What is selected they may copy.
    const focused = document.activeElement
    const area = make('textarea', { class: 'visually-hidden', 'aria-hidden': 'true' })
    area.value = text
    document.body.append(area)
    area.select()
    const isCopied = document.execCommand('copy')
    area.remove()
    focused?.focus()
    return isCopied
  }
}

/**
 * A list of which ten entries are shown, and all if its reader wants. Rows stay the same elements from one drawing to the next, and
 * keep their places while somebody points at the list or has the focus in it.
 * - `list`: the element; `button`: what shows all; `noun`: what the entries are, in the plural.
 * - `row(entry)` makes `{ node, update(entry) }`.
 */
export class ShortList {
  static most = 10
  #rows = new Map()
  #order = []
  #isWhole = false
  #entries = []

  constructor({ list, button, noun, key, row, empty }) {
    Object.assign(this, { list, button, noun, key, row })
    this.empty = make('li', { class: 'empty' })
    this.emptyText = empty
    button.setAttribute('aria-controls', list.id)
    button.addEventListener('click', () => {
      this.#isWhole = !this.#isWhole
      this.#arrange()
    })
  }

  /** `empty`: what to say if there are none. */
  draw(entries, empty = this.emptyText) {
    const names = new Map(entries.map((entry) => [String(this.key(entry)), entry]))
    for (const name of this.#rows.keys()) if (!names.has(name)) this.#rows.delete(name)
    const isRead = this.list.matches(':hover') || this.list.contains(document.activeElement)
    const known = isRead ? this.#order.filter((name) => names.has(name)) : []
    this.#order = [...new Set([...known, ...names.keys()])]
    this.#entries = names
    setText(this.empty, empty)
    this.#arrange()
  }

  #arrange() {
    const shown = this.#isWhole ? this.#order : this.#order.slice(0, ShortList.most)
    const nodes = shown.map((name) => {
      const entry = this.#entries.get(name)
      if (!this.#rows.has(name)) this.#rows.set(name, this.row(entry))
      const row = this.#rows.get(name)
      row.update(entry)
      return row.node
    })
    if (nodes.length === 0) nodes.push(this.empty)
    const isSame = nodes.length === this.list.children.length && nodes.every((node, at) => node === this.list.children[at])
    if (!isSame) {
      const focused = this.list.contains(document.activeElement) ? document.activeElement : null
      this.list.replaceChildren(...nodes)
      // What is put in again has lost the focus.
      if (focused?.isConnected) focused.focus({ preventScroll: true })
    }
    this.button.hidden = this.#order.length <= ShortList.most
    this.button.setAttribute('aria-expanded', String(this.#isWhole))
    setText(this.button, this.#isWhole ? `Show ${ShortList.most} only` : `Show all ${this.#order.length} ${this.noun}`)
  }
}
