// Loads the core's Wasm module, in node and in browsers, and calls its primitives.
export const primitives = [
  'sha256', 'sha512', 'hmac', 'seal', 'open', 'agree', 'verify', 'addressFromText', 'addressToText', 'peerFromText', 'peerToText',
  'multibaseDecode', 'multibaseEncode', 'sign',
];

export async function load(module) {
  let exports, view = new Uint8Array(0);
  // memory.grow detaches the buffer, so every access renews the view.
  const memory = () => (view.buffer === exports.memory.buffer ? view : (view = new Uint8Array(exports.memory.buffer)));
  const lines = [];
  const host = {
    // getRandomValues takes at most 65,536 bytes a call.
    random(p, n) {
      for (let i = 0; i < n; i += 65536) crypto.getRandomValues(memory().subarray(p + i, p + Math.min(n, i + 65536)));
    },
    log: (p, n) => lines.push(new TextDecoder().decode(memory().slice(p, p + n))),
  };
  ({ exports } = (await WebAssembly.instantiate(module, { host })).instance);
  exports._initialize?.();

  /** The answer's bytes; null if the input was refused, undefined if this build does not know the algorithm. */
  function call(name, ...parts) {
    const total = parts.reduce((sum, part) => sum + 4 + part.length, 0);
    const input = exports.buffer_allocate(total);
    let at = input;
    for (const part of parts) {
      new DataView(memory().buffer).setUint32(at, part.length, true);
      memory().set(part, at + 4);
      at += 4 + part.length;
    }
    const length = exports.primitive(primitives.indexOf(name), input, total);
    exports.buffer_free(input);
    if (length === -1) return null;
    if (length === -2) return undefined;
    return answer(length);
  }

  /** The module's last answer, of so many bytes. */
  function answer(length) {
    const output = exports.buffer_allocate(length + 1);
    exports.answer_bytes(output);
    const bytes = memory().slice(output, output + length);
    exports.buffer_free(output);
    return bytes;
  }
  return { exports, lines, call, answer };
}
