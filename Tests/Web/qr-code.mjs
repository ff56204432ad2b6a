// QR codes against those of another encoder (python-qrcode, byte mode, level M, the same mask), one of each version.
import { createHash } from 'node:crypto'
import { qrCode } from '../../Web/pages/qr-code.js'
import { check, close, equal, test } from './cases.mjs'

/** The longest text of each version, and the code's digest. */
const codes = [
  [14, '95fdd44491894141'], [26, '78d85efe3473c0b6'], [42, 'fb15b77f87038ae5'], [62, 'ff6e28e9e908726a'],
  [84, 'b2c785e19abd110a'], [106, '2322317be358aea5'], [122, '7af2fbb9cf3f778b'], [152, 'b94cfdd1f0b42e71'],
  [180, '961cc60275fb1c3e'], [213, '09767d9efff9567e'], [251, '35301c193ec9054e'], [287, '506acad2ce3446e8'],
  [331, '2a7eea2e941270cd'],
]

const text = (length) => Array.from({ length }, (_, at) => String.fromCharCode(33 + at * 37 % 94)).join('')
const digest = (rows) => createHash('sha256').update(rows.map((row) => row.map(Number).join('')).join('\n')).digest('hex').slice(0, 16)

await test('QR codes: the longest text of each version', () => {
  codes.forEach(([length, expected], at) => {
    const rows = qrCode(text(length))
    equal([rows.length, digest(rows)], [21 + at * 4, expected], `version ${at + 1}`)
  })
})

await test('QR codes: one byte more takes the next version, and none beyond the last', () => {
  codes.slice(0, -1).forEach(([length], at) => equal(qrCode(text(length + 1)).length, 25 + at * 4))
  equal(qrCode(text(codes.at(-1)[0] + 1)), null)
})

await test('QR codes: text is bytes of UTF-8', () => {
  check(qrCode('é'.repeat(7)).length === 21 && qrCode('é'.repeat(8)).length === 25, 'two bytes for each letter')
  equal(qrCode('').length, 21)
})

close()
