// The persistent key: kept in this browser, and one tab at a time has it.

/** Answers the seed, and what gives the key to other tabs. */
export async function takeKey(refuse, asOurs) {
  if (globalThis.isSecureContext === false) refuse('ERR_INSECURE_CONTEXT', 'a persistent key needs https or localhost')
  let release
  try {
    release = await lock(refuse)
    return { seed: await storedSeed(), release }
  } catch (cause) {
    release?.()
    throw asOurs(cause, 'ERR_STORAGE', 'this browser does not store the key')
  }
}

/** Answers what ends it. */
const lock = (refuse) => new Promise((resolve, reject) => {
  navigator.locks.request('causeway-key', { ifAvailable: true }, (lock) => {
    if (!lock) refuse('ERR_KEY_IN_USE', 'another tab uses the persistent key, and one tab at a time can')
    return new Promise((end) => resolve(end))
  }).catch(reject)
})

async function storedSeed() {
  const done = (request) => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = request.onblocked = () => reject(request.error)
  })
  const opening = indexedDB.open('causeway', 1)
  opening.onupgradeneeded = () => opening.result.createObjectStore('keys')
  const database = await done(opening)
  try {
    const keys = () => database.transaction('keys', 'readwrite').objectStore('keys')
    let seed = await done(keys().get('seed'))
    if (!seed) await done(keys().put(seed = crypto.getRandomValues(new Uint8Array(32)), 'seed'))
    return seed
  } finally { database.close() }
}
