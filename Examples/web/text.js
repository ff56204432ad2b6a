// A text that everybody edits.
import { meet, show } from './meet.js'
import { Sequence } from './sequence.js'

const field = document.querySelector('#text'), people = document.querySelector('#people')
const sequence = new Sequence(Math.random().toString(36).slice(2))

const room = await meet('text', {
  greet: () => sequence.operations,
  heard(operation) {
    sequence.apply(operation)
    // The cursor stays behind the letters behind which it stood.
    const before = field.value.slice(0, field.selectionStart), now = String(sequence)
    const at = now.startsWith(before) ? before.length : field.selectionStart + now.length - field.value.length
    field.value = now
    field.setSelectionRange(at, at)
  },
  changed: () => people.known && show(people, people.known),
})
people.known = room.people
show(people, room.people)
field.disabled = false
field.addEventListener('input', () => {
  for (const operation of sequence.edit(field.value)) room.send(operation)
})
