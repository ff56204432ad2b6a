// Addresses with /dnsaddr in a page, looked up by a function of the application's; and lists with addresses that no page knows.
import { expand } from '../../Web/causeway/more/dnsaddr.js'
import { check, equal, fails, test } from './cases.mjs'
import { Peer } from './peer.mjs'

const failed = (code, what, more) => Object.assign(new Error(what), { code, ...more })
/** Looks up in a table of records. */
const table = (records, asked = []) => async (name) => {
  asked.push(name)
  return records[name] ?? []
}

export async function dnsaddr({ createNode }, testpeer) {
  await test('dnsaddr: names behind names, of one peer or of all, and no further than allowed', async () => {
    const records = {
      '_dnsaddr.a.example': ['dnsaddr=/dnsaddr/b.example/p2p/one', 'dnsaddr=/ip4/1.2.3.4/tcp/1/ws/p2p/two', 'v=spf1', 'dnsaddr=', 'dnsaddr=junk'],
      '_dnsaddr.b.example': ['dnsaddr=/ip4/1.2.3.4/tcp/2/ws/p2p/one', 'dnsaddr=/ip4/1.2.3.4/tcp/3/ws/p2p/three'],
      '_dnsaddr.loop.example': ['dnsaddr=/dnsaddr/loop.example'],
      '_dnsaddr.many.example': Array.from({ length: 300 }, (_, index) => `dnsaddr=/ip4/1.2.3.4/tcp/${index}/ws/p2p/one`),
    }
    const all = (addresses, asked) => expand(addresses, table(records, asked), failed)
    equal(await all(['/dnsaddr/a.example', '/ip4/9.9.9.9/tcp/1']),
      ['/ip4/1.2.3.4/tcp/2/ws/p2p/one', '/ip4/1.2.3.4/tcp/1/ws/p2p/two', '/ip4/9.9.9.9/tcp/1'])
    equal(await all(['/dnsaddr/a.example/p2p/two']), ['/ip4/1.2.3.4/tcp/1/ws/p2p/two'])
    equal((await all(['/dnsaddr/many.example'])).length, 100)
    const asked = []
    await fails('ERR_UNRESOLVED', all(['/dnsaddr/loop.example'], asked))
    equal(asked.length, 4)
    // Whoever has a name may put any number of others behind it.
    const wide = async (name) => {
      asked.push(name)
      return Array.from({ length: 50 }, (_, index) => `dnsaddr=/dnsaddr/${index}.${name}`)
    }
    asked.length = 0
    await fails('ERR_UNRESOLVED', expand(['/dnsaddr/wide.example'], wide, failed))
    equal(asked.length, 32)
    const error = await fails('ERR_UNRESOLVED', expand(['/dnsaddr/a.example'], async () => { throw new Error('offline') }, failed))
    equal([error.message, error.cause.message], ['/dnsaddr/a.example', 'offline'])
  })

  await test('dnsaddr: relays and peers are reached by a name, if the application can look it up', async (after) => {
    const relay = await Peer.start([testpeer], { listen: ['/ip4/127.0.0.1/tcp/0/ws'], relay: { limited: false } })
    after(() => relay.stop())
    const name = '/dnsaddr/relays.example', records = { '_dnsaddr.relays.example': relay.addresses.map((one) => `dnsaddr=${one}`) }
    const node = await createNode({ relays: name, dns: table(records) })
    after(() => node.stop())
    check((await node.ready())[0].getPeerId() === String(node.peerId), 'a place')
    const other = await createNode({ dns: table(records) })
    after(() => other.stop())
    equal(String((await other.dial(`${name}/p2p/${relay.id}`)).remotePeer), relay.id)
    await fails('ERR_UNRESOLVED', other.dial(`/dnsaddr/none.example/p2p/${relay.id}`))
    const without = await createNode()
    after(() => without.stop())
    await fails('ERR_UNSUPPORTED_TRANSPORT', without.dial(`${name}/p2p/${relay.id}`))
    // What a page does not know at all does not spoil what it does.
    const strange = [`/ip4/127.0.0.1/tcp/1/ws/p2p-webrtc-star/p2p/${relay.id}`, `/onion/timaq4ygg2iegci7:1234/p2p/${relay.id}`]
    equal(String((await without.dial([...strange, relay.addresses[0]])).remotePeer), relay.id)
    await fails('ERR_INVALID_ADDRESS', without.dial(strange))
  })
}
