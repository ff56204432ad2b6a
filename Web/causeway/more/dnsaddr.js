// Names that stand for addresses (addressing/README.md, "dnsaddr"). A page has no look-up of its own, so the application brings one.

/** How deep names may lie behind names, how many of them are looked up, and how many addresses may be behind all. */
const DEPTH = 4
const NAMES = 32
const ADDRESSES = 100

/** The addresses behind those that begin with `/dnsaddr`, and the others. Of a name with a peer behind it, those of the peer alone. */
export async function expand(addresses, dns, failure) {
  const found = []
  let names = 0
  const look = async (address, depth) => {
    const [, name, rest] = /^\/dnsaddr\/([^/]+)(.*)$/.exec(address) ?? []
    if (!name) return found.push(address)
    if (depth === DEPTH || ++names > NAMES) return
    for (const record of await dns(`_dnsaddr.${name}`)) {
      if (found.length >= ADDRESSES) return
      const [, one] = /^dnsaddr=(\/.+)$/.exec(record) ?? []
      if (one?.endsWith(rest)) await look(one, depth + 1)
    }
  }
  try {
    for (const one of addresses) await look(String(one), 0)
  } catch (cause) {
    throw failure('ERR_UNRESOLVED', String(addresses), { cause })
  }
  if (!found.length) throw failure('ERR_UNRESOLVED', String(addresses))
  return found
}
