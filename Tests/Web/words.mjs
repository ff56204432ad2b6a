// That every fault which the module can tell has words.   node words.mjs
import { NAMES } from '../../Web/causeway/boundary/error-kind.js'
import { NAMES as LIMITS } from '../../Web/causeway/boundary/limit-name.js'
import { reasonOf } from '../../Web/causeway/words.js'
import { check, close, equal, test } from './cases.mjs'

await test('every fault has words', () => {
  const codes = NAMES.filter((one) => one !== 'NONE').map((one) => one === 'ABORTED' ? 'ABORT_ERR' : `ERR_${one}`)
  check(codes.length > 25, `${codes.length} codes`)
  for (const code of codes) {
    const words = reasonOf(code, { value: 77, limit: 0 })
    check(words.split(' ').length > 2 && !/_|undefined|null|\[object/.test(words), `${code}: ${words}`)
  }
})

await test('a limit is named, with its value; a relay says which of its reasons it has', () => {
  equal(reasonOf('ERR_LIMIT', { value: 256, limit: LIMITS.indexOf('streamsPerConnection') }),
    'a limit of this node was reached: 256 (streams per connection)')
  equal(reasonOf('ERR_LIMIT', {}), 'a limit of this node was reached')
  for (const [status, words] of [[204, 'the peer has no place there'], [201, 'a limit of its own was reached']]) {
    equal(reasonOf('ERR_REFUSED_BY_RELAY', { value: status }), `the relay refused with status ${status}: ${words}`)
  }
  equal(reasonOf('ERR_REFUSED_BY_RELAY', { value: 499 }), 'the relay refused with status 499')
  check(reasonOf('ERR_CIRCUIT_BYTES', { value: 131072 }).includes('131072 bytes'), 'bytes')
})

close()
