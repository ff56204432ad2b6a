// The text of Examples/web: whoever writes what, all have the same in the end.   node sequence.mjs [SEED]
import { MOST, Sequence } from '../../Examples/web/sequence.js'
import { check, close, equal, test } from './cases.mjs'

const first = Number(process.argv[2] ?? 1), most = process.argv[2] ? 1 : 200

/** Numbers below a bound, the same for the same seed. */
function dice(seed) {
  let state = seed >>> 0
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor(state / 2 ** 32 * below)
  }
}

await test('three write at once, operations come in any order, and twice', () => {
  for (let seed = first; seed < first + most; seed++) {
    const roll = dice(seed), all = ['a', 'b', 'c'].map((name) => ({ sequence: new Sequence(name), coming: [] }))
    const deliver = (to) => { for (const one of to.coming.splice(roll(to.coming.length), 1)) to.sequence.apply(one) }
    for (let step = 0; step < 60; step++) {
      const writer = all[roll(3)], text = [...String(writer.sequence)], at = roll(text.length + 1)
      text.splice(at, roll(3), ...'xyzäö😀'.slice(0, roll(4)))
      const made = writer.sequence.edit(text.join(''))
      equal(String(writer.sequence), text.join(''), `seed ${seed}: the writer's own text`)
      for (const other of all) if (other !== writer) other.coming.push(...made, ...made.slice(0, roll(2)))
      for (let count = roll(20); count; count--) deliver(all[roll(3)])
    }
    for (const one of all) while (one.coming.length) deliver(one)
    const texts = all.map(({ sequence }) => String(sequence)), newcomer = new Sequence('d')
    for (const one of all[0].sequence.operations) newcomer.apply(one)
    equal(new Set([...texts, String(newcomer)]).size, 1, `seed ${seed}: texts`)
  }
})

await test('what is no operation is refused, and nothing grows without end', () => {
  const sequence = new Sequence('a'), name = (number) => `${String(number).padStart(10, '0')}.b`
  const refused = (operation) => {
    try { sequence.apply(operation) } catch { return }
    throw new Error(`${JSON.stringify(operation)} was taken`)
  }
  for (const one of [{}, { remove: '' }, { remove: 7 }, { name: 'x', letter: 'x', behind: '' }, { name: name(1), letter: 'xy', behind: '' },
    { name: name(1), behind: '' }, { name: name(10 * MOST + 1), letter: 'x', behind: '' }]) refused(one)
  equal(String(sequence), '')
  for (let count = 0; count < MOST; count++) sequence.apply({ remove: `nobody ${count}` })
  refused({ remove: 'nobody' })
  check(sequence.operations.length === 0, 'nothing is known')
})

close()
