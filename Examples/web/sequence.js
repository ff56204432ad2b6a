// A text that several people edit at once. Every letter has a name that no other letter has, and stands behind the letter behind which it
// was written; letters that were written at the same place stand in the order of their names, the newest first. A letter that is removed
// stays in the list, unseen, because others may have written behind it. So all have the same text once all have the same operations, in
// any order.

/** No text has more letters, those that were removed included. */
export const MOST = 100_000

export class Sequence {
  #author
  #clock = 0
  /** In the order of the text. */
  #letters = [{ name: '', letter: '' }]
  #known = new Map([['', this.#letters[0]]])
  /** Operations on letters that have not come yet, by the name of the letter, and how many they are. */
  #waiting = new Map()
  #waitingCount = 0

  constructor(author) { this.#author = author }

  toString() { return this.#letters.map(({ letter, isRemoved }) => isRemoved ? '' : letter).join('') }

  /** Everything that made the text, for somebody who has none of it. */
  get operations() {
    return this.#letters.slice(1).flatMap(({ name, letter, behind, isRemoved }) => isRemoved
      ? [{ name, letter, behind }, { remove: name }] : [{ name, letter, behind }])
  }

  /** Makes the text the one that is given, as somebody typed it; answers the operations. */
  edit(text) {
    const seen = this.#letters.filter(({ isRemoved }) => !isRemoved), now = [...text], made = []
    let start = 0, end = 0
    const most = Math.min(seen.length - 1, now.length)
    while (start < most && seen[start + 1].letter === now[start]) start += 1
    while (end < most - start && seen[seen.length - 1 - end].letter === now[now.length - 1 - end]) end += 1
    for (const { name } of seen.slice(start + 1, seen.length - end)) made.push({ remove: name })
    let behind = seen[start].name
    for (const letter of now.slice(start, now.length - end)) {
      const name = `${String(this.#clock + 1).padStart(10, '0')}.${this.#author}`
      made.push({ name, letter, behind })
      this.#clock += 1
      behind = name
    }
    for (const one of made) this.apply(one)
    return made
  }

  /** Takes an operation, once. Throws for what is none. */
  apply(operation) {
    const { name, letter, behind, remove } = operation
    const needed = remove ?? behind
    if (typeof needed !== 'string' || remove === '') throw new Error('this is no operation')
    if (remove === undefined && (!/^\d{10}\..{1,100}$/.test(name) || typeof letter !== 'string' || [...letter].length !== 1)) {
      throw new Error('this is no letter')
    }
    // Who writes counts on from the greatest name that is known, and nobody has more letters.
    if (remove === undefined && Number(name.slice(0, 10)) > 10 * MOST) throw new Error('this name is too great')
    const at = this.#known.get(needed)
    if (!at) return this.#wait(needed, operation)
    if (remove !== undefined) {
      at.isRemoved = true
      return
    }
    if (this.#known.has(name)) return
    if (this.#known.size > MOST) throw new Error(`a text has at most ${MOST} letters`)
    const made = { name, letter, behind }
    let index = this.#letters.indexOf(at) + 1
    // What was written here later stands first, with all that was written behind it: those have greater names, too.
    while (this.#letters[index]?.name > name) index += 1
    this.#letters.splice(index, 0, made)
    this.#known.set(name, made)
    this.#clock = Math.max(this.#clock, Number(name.slice(0, 10)))
    const next = this.#waiting.get(name) ?? []
    this.#waiting.delete(name)
    this.#waitingCount -= next.length
    for (const one of next) this.apply(one)
  }

  #wait(name, operation) {
    if (this.#waitingCount >= MOST) throw new Error('too much waits for what has not come')
    this.#waitingCount += 1
    const list = this.#waiting.get(name)
    if (list) list.push(operation)
    else this.#waiting.set(name, [operation])
  }
}
