// What the chat page makes of strangers' names, links, rooms, files and pictures, in node: chat-text.mjs
import assert from 'node:assert/strict'
import { bounds } from '../../Web/pages/chat-bounds.js'
import { decodeAbout, encodeAbout } from '../../Web/pages/chat-codec.js'
import { pictureIn, pictureOf } from '../../Web/pages/chat-picture.js'
import { EVERYBODY, RoomError, mediaType, personName, piecesOf, plainFileName, roomName, roomOf, roomURL } from '../../Web/pages/chat-text.js'

const ascii = (text) => Uint8Array.from(text, (one) => one.charCodeAt(0))
const joined = (...parts) => Uint8Array.from(parts.flatMap((one) => [...typeof one === 'string' ? ascii(one) : one]))
const links = (text) => piecesOf(text).filter((one) => one.href).map((one) => one.href)
const whole = (text) => piecesOf(text).map((one) => one.href ?? one.text).join('')

/** The first bytes of pictures of 7 by 5. */
const pictures = {
  'image/png': joined([0x89], 'PNG\r\n\x1a\n', [0, 0, 0, 13], 'IHDR', [0, 0, 0, 7, 0, 0, 0, 5, 8, 2, 0, 0, 0]),
  'image/gif': joined('GIF89a', [7, 0, 5, 0, 0, 0, 0]),
  'image/jpeg': joined([0xff, 0xd8, 0xff, 0xe0, 0, 4, 1, 2, 0xff, 0xff, 0xc4, 0, 3, 0, 0xff, 0xc2, 0, 17, 8, 0, 5, 0, 7, 3]),
  'image/webp': joined('RIFF', [99, 0, 0, 0], 'WEBPVP8X', [10, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 4, 0, 0]),
}

const cases = {
  'names have no control, direction or invisible characters, and an end': () => {
    assert.equal(personName('  Ada \u202e\u2066\n\t Love\u200b\u0000lace\u{e0041}\u2800 '), 'Ada Lovelace')
    assert.equal(personName('\u202e\u3164\u200d\ud800'), '')
    assert.equal([...personName('😀'.repeat(500))].length, bounds.nameLength)
    assert.equal(personName('e' + '\u0302'.repeat(50)).length, 3, 'two marks')
    assert.equal(personName('Zoë 王 Ωmega'), 'Zoë 王 Ωmega')
    assert.ok(personName('a'.repeat(1 << 20)).length <= bounds.nameLength)
  },
  'names of files have no folders and no hidden ends': () => {
    assert.equal(plainFileName('../../etc/passwd'), 'passwd')
    assert.equal(plainFileName('C:\\Users\\x\\cat.png'), 'cat.png')
    assert.equal(plainFileName('photo\u202egnp.exe'), 'photognp.exe')
    assert.equal(plainFileName('..\u0000.htaccess'), 'htaccess')
    assert.equal(plainFileName('a<b>"c|?*.txt'), 'a_b__c___.txt')
    const long = plainFileName(`${'x'.repeat(300)}.png`)
    assert.ok(long.length === bounds.fileNameLength && long.endsWith('.png'), long)
    assert.deepEqual(['image/png', 'text/html; x', 'IMAGE/PNG', '<b>', 'a/'].map(mediaType), ['image/png', '', '', '', ''])
  },
  'links are http(s) alone, without user names, in the form that opens': () => {
    assert.deepEqual(links('see https://example.org/a?b=c#d, (http://example.net/x_(y)) and http://[::1]:8080/z!'),
      ['https://example.org/a?b=c#d', 'http://example.net/x_(y)', 'http://[::1]:8080/z'])
    for (const wrong of ['javascript:alert(1)', 'data:text/html,x', 'https://good.example@evil.example/', 'https://a:b@evil.example',
      'http://@evil.example', 'https://', 'http://exa mple', 'ftp://example.org', 'https:///', 'http://good.example%2f@evil.example/', 'www.example.org']) {
      assert.deepEqual(links(wrong).filter((one) => new URL(one).hostname !== 'exa'), [], wrong)
    }
    assert.deepEqual(links('https://example.org\\@evil.example/'), ['https://example.org/'])
    assert.deepEqual(links('https://ex\u0430mple.org/'), ['https://xn--exmple-4nf.org/'], 'letters of another alphabet show')
    assert.deepEqual(links('https://example.org/\u202egpj.exe'), ['https://example.org/'])
    assert.deepEqual(links('https://medium.example/@who'), ['https://medium.example/@who'])
    assert.deepEqual(links('javascript:https://example.org/'), ['https://example.org/'])
    assert.equal(links('https://example.org/ '.repeat(100)).length, bounds.linksOfMessage)
    for (const text of ['', 'nothing', 'a https://example.org/ b', 'https://a@b https://c.example/d', 'x '.repeat(2000)]) assert.equal(whole(text), text)
  },
  'rooms are named by links, within bounds': () => {
    assert.deepEqual([roomOf(''), roomOf('#top'), roomOf('#room=board/x'), roomOf('#room=a%2Fb')], [EVERYBODY, EVERYBODY, 'board/x', 'a/b'])
    for (const wrong of ['', '/a', 'a b', '<script>', 'a*', 'ä', 'x'.repeat(65), '_peer-discovery._p2p._pubsub', 'p2p-discovery', 'a-file']) {
      assert.throws(() => roomName(wrong), RoomError, wrong)
    }
    for (const wrong of ['#room=', '#room=%E0%A4%A', '#room=a%00b']) assert.throws(() => roomOf(wrong), RoomError, wrong)
    const page = { origin: 'https://relay.example', pathname: '/chat.html' }
    assert.equal(roomURL(page, EVERYBODY), 'https://relay.example/chat.html')
    assert.equal(roomURL(page, 'board/x'), 'https://relay.example/chat.html#room=board/x')
  },
  'pictures are told by their own bytes': async () => {
    for (const [type, bytes] of Object.entries(pictures)) assert.deepEqual(pictureOf(bytes), { type, width: 7, height: 5 })
    for (const [type, bytes] of Object.entries(pictures)) {
      for (let length = 0; length < bytes.length - 8; length++) {
        const found = pictureOf(bytes.slice(0, length))
        assert.ok(!found || found.type === type)
      }
    }
    for (const text of ['<svg xmlns="http://www.w3.org/2000/svg"/>', '<!doctype html><script>1</script>', 'BM', '']) assert.equal(pictureOf(ascii(text)), undefined)
    const bomb = pictures['image/png'].slice()
    bomb.set([0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff], 16)
    assert.equal(pictureOf(bomb), undefined)
    for (let round = 0; round < 2000; round++) {
      const bytes = crypto.getRandomValues(new Uint8Array(round % 64))
      bytes.set([0xff, 0xd8, 0xff].slice(0, bytes.length))
      pictureOf(bytes)
    }
    const shown = await pictureIn(new Blob([pictures['image/gif']], { type: 'text/html' }))
    assert.equal(shown.blob.type, 'image/gif')
    assert.equal(await pictureIn(new Blob([pictures['image/gif'], new Uint8Array(bounds.pictureBytes)])), undefined)
  },
  'what chats tell of themselves, there and back': () => {
    const about = { name: 'Ada', colour: 3, room: 'board/x', file: '', fileName: '', fileSize: 0, fileType: '' }
    assert.deepEqual(decodeAbout(encodeAbout(about)), about)
    const file = { ...about, file: 'id', fileName: 'cat.png', fileSize: 70000, fileType: 'image/png' }
    assert.deepEqual(decodeAbout(encodeAbout(file)), file)
    const most = { name: '\u{1f600}'.repeat(bounds.nameLength), colour: 8, room: 'x'.repeat(64), file: 'x'.repeat(64),
      fileName: '\u{1f600}'.repeat(bounds.fileNameLength), fileSize: bounds.fileBytes, fileType: 'x'.repeat(82) }
    assert.ok(encodeAbout(most).length <= bounds.aboutBytes, `${encodeAbout(most).length} bytes`)
  },
}
for (const [name, run] of Object.entries(cases)) {
  await run()
  console.log(`ok    chat: ${name}`)
}
