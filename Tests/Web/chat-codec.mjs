// The codecs of the chat page, in node: chat-codec.mjs
import assert from 'node:assert/strict'
import {
  CodecError, FrameReader, concat, decodeRequest, decodeResponse, encodeRequest, encodeResponse, frame, readUvarint, utf8, uvarint,
} from '../../Web/pages/chat-codec.js'

const hex = (bytes) => Buffer.from(bytes).toString('hex')
const unhex = (text) => Uint8Array.from(Buffer.from(text, 'hex'))
const streamOf = (...chunks) => new ReadableStream({
  start(controller) {
    for (const one of chunks) controller.enqueue(one)
    controller.close()
  },
})
const cases = {
  'varints': () => {
    for (const [value, text] of [[0, '00'], [127, '7f'], [128, '8001'], [300, 'ac02'], [2n ** 64n - 1n, 'ffffffffffffffffff01']]) {
      assert.equal(hex(uvarint(value)), text)
      assert.deepEqual(readUvarint(unhex(text)), { value: BigInt(value), end: text.length / 2 })
    }
    assert.equal(readUvarint(unhex('80')), undefined)
    for (const wrong of ['8000', 'ffffffffffffffffff02', 'ffffffffffffffffffff01']) {
      assert.throws(() => readUvarint(unhex(wrong)), CodecError)
    }
    for (const wrong of [-1, 2n ** 64n]) assert.throws(() => uvarint(wrong), CodecError)
  },
  'a request as others write it': () => {
    const bytes = unhex('0a0c' + '0a05302e312e30' + '1080d0a5' + '01' + '1202' + '6869' + '1a0a' + hex(utf8('text/plain')))
    const value = { clientVersion: '0.1.0', timestamp: 2713600, content: 'hi', type: 'text/plain' }
    assert.deepEqual(decodeRequest(bytes), value)
    assert.equal(hex(encodeRequest(value)), hex(bytes))
  },
  'there and back': () => {
    const request = { clientVersion: 'ä', timestamp: Date.now(), content: '\u{1f309} bridge', type: 'text/plain' }
    assert.deepEqual(decodeRequest(encodeRequest(request)), request)
    const response = { clientVersion: '1', timestamp: -5, status: 500, statusText: 'full' }
    assert.deepEqual(decodeResponse(encodeResponse(response)), response)
  },
  'unknown fields are passed over, missing ones are empty': () => {
    assert.deepEqual(decodeResponse(unhex('10c801' + '7a0161' + '3901020304050607083d01020304')), {
      clientVersion: '', timestamp: 0, status: 200, statusText: '',
    })
  },
  'what is no message': () => {
    for (const wrong of ['0a', '0aff01', '0001', '10', '0b', '1201ff', '3d0102', '0a020a05']) {
      assert.throws(() => decodeRequest(unhex(wrong)), CodecError, wrong)
    }
    const whole = encodeRequest({ clientVersion: '1', timestamp: 1, content: 'abc' })
    for (let length = 1; length < whole.length; length++) {
      try { decodeRequest(whole.subarray(0, length)) } catch (error) { assert.ok(error instanceof CodecError) }
    }
    for (let round = 0; round < 2000; round++) {
      const bytes = crypto.getRandomValues(new Uint8Array(round % 48))
      try { decodeRequest(bytes) } catch (error) { assert.ok(error instanceof CodecError, hex(bytes)) }
    }
  },
  'frames in pieces of every size': async () => {
    const first = utf8('a'.repeat(200)), second = utf8('the next'), whole = concat(frame(first), frame(second), frame(new Uint8Array()))
    for (const size of [1, 2, 3, 199, whole.length]) {
      const chunks = []
      for (let at = 0; at < whole.length; at += size) chunks.push(whole.subarray(at, at + size))
      const reader = new FrameReader(streamOf(...chunks))
      assert.equal(hex(await reader.frame(200)), hex(first))
      assert.equal(hex(await reader.frame(200)), hex(second))
      assert.equal((await reader.frame(200)).length, 0)
      await assert.rejects(reader.frame(200), /too early/)
    }
  },
  'frames have bounds': async () => {
    await assert.rejects(new FrameReader(streamOf(frame(new Uint8Array(11)))).frame(10), /11 bytes announced, 10 allowed/)
    await assert.rejects(new FrameReader(streamOf(unhex('05616263'))).frame(10), /too early/)
  },
}
for (const [name, run] of Object.entries(cases)) {
  await run()
  console.log(`ok    chat: ${name}`)
}
