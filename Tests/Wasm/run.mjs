// node Tests/Wasm/run.mjs MODULE: the published vectors that the native tests run, in Wasm, and the core's self-test.
// Vectors: CAUSEWAY_VECTORS, then ../shared/vectors beside the checkout; none is a failure where CI=true.
import { createHash, createPrivateKey, sign } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { load } from './causeway.mjs';

const { answer, call, exports, lines } = await load(readFileSync(process.argv[2] ?? '.build/wasm/self-test.wasm'));
let passed = 0, failed = 0;
function check(what, ok) {
  if (ok) passed++;
  else if (++failed <= 20) console.log(`FAILED ${what}`);
}

const hex = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
const toHex = (bytes) => bytes && Buffer.from(bytes).toString('hex');
const utf8 = (text) => new TextEncoder().encode(text);
const text = (bytes) => bytes && new TextDecoder().decode(bytes);

const places = [process.env.CAUSEWAY_VECTORS, fileURLToPath(new URL('../../../shared/vectors', import.meta.url))].filter(Boolean);
const folder = places.find((place) => existsSync(`${place}/wycheproof`));
const json = (name) => JSON.parse(readFileSync(`${folder}/${name}`, 'utf8'));
function* wycheproof(name) {
  for (const group of json(`wycheproof/${name}.json`).testGroups) for (const test of group.tests) yield { ...test, group, name: `${name} ${test.tcId}` };
}

const ED25519 = 1, SECP256K1 = 2, ECDSA = 3, RSA = 0;
function cryptography() {
  for (const t of wycheproof('ed25519'))
    check(t.name, !!call('verify', [ED25519], hex(t.group.publicKey.pk), hex(t.sig), hex(t.msg)) === (t.result === 'valid'));
  for (const t of wycheproof('x25519')) {
    const secret = toHex(call('agree', hex(t.private), hex(t.public)));
    // Points of small order give no secret.
    check(t.name, /^0*$/.test(t.shared) ? secret === null : secret === t.shared);
  }
  for (const t of wycheproof('chacha20_poly1305')) {
    if (t.iv.length !== 24) continue;
    const opened = toHex(call('open', hex(t.key), hex(t.iv), hex(t.aad), hex(t.ct + t.tag)));
    check(t.name, t.result === 'valid' ? opened === t.msg : opened === null);
    if (t.result === 'valid') check(`${t.name} sealed`, toHex(call('seal', hex(t.key), hex(t.iv), hex(t.aad), hex(t.msg))) === t.ct + t.tag);
  }
  for (const t of wycheproof('hmac_sha256'))
    check(t.name, (toHex(call('hmac', hex(t.key), hex(t.msg))).slice(0, t.tag.length) === t.tag) === (t.result === 'valid'));
  check('SHA-256 of abc', toHex(call('sha256', utf8('abc'))) === 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  check('SHA-512 of abc', toHex(call('sha512', utf8('abc'))).startsWith('ddaf35a193617abacc417349ae204131'));
}

/** What this build computes in loops of its own, against node's. */
function loops() {
  const bytes = (count, name) => createHash('shake256', { outputLength: count }).update(name).digest();
  for (let count = 0; count < 200; count++) {
    const message = bytes(count, `${count}`), seed = bytes(32, `key ${count}`);
    check(`SHA-256 of ${count} bytes`, toHex(call('sha256', message)) === createHash('sha256').update(message).digest('hex'));
    const key = createPrivateKey({ key: Buffer.concat([hex('302e020100300506032b657004220420'), seed]), format: 'der', type: 'pkcs8' });
    check(`signature of ${count} bytes`, toHex(call('sign', seed, message)) === sign(null, message, key).toString('hex'));
  }
}

/** Kinds that the browser's build does not know say so, whatever the signature. */
function unsupportedKeys() {
  for (const [kind, name] of [[ECDSA, 'ecdsa_secp256r1_sha256'], [RSA, 'rsa_signature_2048_sha256'], [RSA, 'rsa_signature_4096_sha256']])
    for (const t of wycheproof(name))
      if (t.result === 'valid') check(t.name, call('verify', [kind], hex(t.group.publicKeyDer), hex(t.sig), hex(t.msg)) === undefined);
  for (const t of wycheproof('ecdsa_secp256k1_sha256')) {
    const point = t.group.publicKey.uncompressed;
    const key = hex((parseInt(point.at(-1), 16) % 2 ? '03' : '02') + point.slice(2, 66));
    // A signature with a high S is refused before anything is computed.
    if (t.result === 'valid') check(t.name, !call('verify', [SECP256K1], key, hex(t.sig), hex(t.msg)));
  }
}

function multibase() {
  for (const name of ['basic', 'case_insensitivity', 'leading_zero', 'two_leading_zeros']) {
    const rows = readFileSync(`${folder}/multibase/${name}.csv`, 'utf8').trim().split('\n').map((row) => row.match(/^(.*?), *"(.*)"/).slice(1));
    const plain = utf8(rows[0][1].replaceAll('\\x00', '\0'));
    for (const [base, encoded] of rows.slice(1)) {
      const decoded = call('multibaseDecode', utf8(encoded));
      if (!'fFbBvVckKzmMuU'.includes(encoded[0])) check(`${base} is refused`, decoded === null);
      else {
        check(`${name} ${base}`, toHex(decoded) === toHex(plain));
        if (name !== 'case_insensitivity') check(`${name} ${base} encoded`, text(call('multibaseEncode', utf8(encoded[0]), plain)) === encoded);
      }
    }
  }
}

function addresses() {
  const file = json('multiaddr/addresses.json');
  for (const t of file.valid) {
    const bytes = toHex(call('addressFromText', utf8(t.text)));
    // py-multiaddr keeps a peer id as the CID that was written; we, like go, as its multihash.
    if (!/\/p2p\/(k|baf)/.test(t.text)) check(t.text, bytes === t.hex);
    check(`${t.text} printed`, text(call('addressToText', hex(t.hex))) === t.canonical && text(call('addressToText', hex(bytes ?? ''))) === t.canonical);
    const peer = t.text.match(/\/p2p\/(\w+)$/)?.[1];
    if (peer) check(`peer ${peer}`, t.canonical.endsWith(text(call('peerToText', call('peerFromText', utf8(peer)) ?? [])) ?? '?'));
  }
  for (const t of file.valid_without_bytes) {
    const bytes = call('addressFromText', utf8(t));
    const printed = text(call('addressToText', bytes ?? []));
    check(t, printed && !printed.includes('/ipfs/') && toHex(call('addressFromText', utf8(printed))) === toHex(bytes));
  }
  for (const t of file.invalid) check(`${t} is refused`, call('addressFromText', utf8(t)) === null);
}

if (folder) for (const suite of [cryptography, unsupportedKeys, multibase, addresses]) suite();
else {
  console.log(`SKIPPED published vectors in Wasm: none in ${places.join(' or ')}`);
  if (process.env.CI === 'true') check('vectors in CI', false);
}
loops();
// Fixed runs of the core: the digests are those of the native tests.
const digests = JSON.parse(readFileSync(new URL('../Trace/digests.json', import.meta.url), 'utf8'));
for (const [which, name] of ['connections', 'nodes'].entries()) {
  lines.length = 0;
  check(`trace of ${name}: ${lines.join('; ')}`, exports.trace(which) === 0);
  check(`bytes of the trace of ${name}: ${toHex(answer(32))}`, toHex(answer(32)) === digests[name]);
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
