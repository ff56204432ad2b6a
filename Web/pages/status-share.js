// "Connect to this relay": the address to paste, its QR code, the lines that use it, and all own addresses.
import { byID, copyButton, make, makeCopy, set, setText } from './status-elements.js'
import { kindNames, reachOf, reachWords, sourceWords, toShare, verdictWords } from './status-words.js'
import { qrCode } from './qr-code.js'

let choices = []
/** The kind of address that the operator chose. */
let chosen

const current = () => choices.find(({ kind }) => kind === chosen) ?? choices[0]

/** Where others load the package: here, unless the operator sees this page by a name that is good on this machine alone. */
function home() {
  const isLocal = /^(localhost|127\.[\d.]+|\[::1\])$/.test(location.hostname)
  const better = choices.find(({ kind, reach }) => ['secure', 'ws'].includes(kind) && reach !== 'machine')
  if (!isLocal || !better) return location.href
  const [, kind, host, , port] = better.address.split('/')
  return `${better.kind === 'secure' ? 'https' : 'http'}://${kind === 'ip6' ? `[${host}]` : host}:${port}/`
}

/** Five lines for a page, and five for a terminal. */
const snippets = {
  page: (address) => `import { createNode } from '${new URL('causeway.js', home())}'
const node = await createNode({ relays: '${address}' })
node.addEventListener('peer:discovery', ({ detail }) => node.dial(detail.multiaddrs).catch(console.warn))
node.addEventListener('peer:connect', ({ detail }) => console.log(\`connected to \${detail}\`))
console.log('others reach this page at', String((await node.ready())[0]))`,
  terminal: (address) => `RELAY=${address}
causeway ping $RELAY                       # how fast it answers
causeway dial $RELAY                       # how it is reached, and what it offers
causeway check --relay $RELAY              # what your network lets through
causeway peer --relay $RELAY --topic hello # find others, and write to them`,
}

export function makeShare() {
  makeCopy(byID('copy-address'), 'the address', () => current().address)
  for (const name of Object.keys(snippets)) {
    makeCopy(byID(`copy-${name}`), `the lines for a ${name}`, () => byID(`lines-${name}`).textContent)
  }
  byID('copy-id-place').append(copyButton('the peer ID', () => byID('peer-id').textContent))
  makeTabs([...byID('tabs').children])
}

/** Tabs as the ARIA Authoring Practices have them: the arrows change the tab, and Tab leads into its panel. */
function makeTabs(tabs) {
  const choose = (tab) => {
    for (const one of tabs) {
      set(one, { 'aria-selected': one === tab, tabindex: one === tab ? 0 : -1 })
      byID(one.getAttribute('aria-controls')).hidden = one !== tab
    }
  }
  tabs.forEach((tab, at) => {
    tab.addEventListener('click', () => choose(tab))
    tab.addEventListener('keydown', ({ key }) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[key]
      if (!step) return
      const next = tabs[(at + step + tabs.length) % tabs.length]
      choose(next)
      next.focus()
    })
  })
}

export function drawShare(now) {
  const own = now.ownAddresses ?? []
  choices = toShare(now.addresses, own)
  byID('no-address').hidden = choices.length > 0
  byID('share').hidden = choices.length === 0
  if (choices.length > 0) {
    drawKinds()
    drawAddress()
  }
  drawOwn(now.addresses, own)
  drawServers(now.stun ?? [])
  setText(byID('peer-id'), now.peerId)
}

function drawKinds() {
  const shown = [...byID('kinds').querySelectorAll('input')].map((one) => one.value).join()
  const offered = Object.keys(kindNames).map((kind) => choices.find((one) => one.kind === kind)).filter(Boolean)
  const wanted = offered.map(({ kind }) => kind).join()
  byID('kinds').hidden = choices.length < 2
  if (shown === wanted) return
  byID('kinds').replaceChildren(byID('kinds').firstElementChild, ...offered.map(({ kind }) => {
    const input = make('input', { type: 'radio', name: 'kind', value: kind })
    input.checked = kind === current().kind
    input.addEventListener('change', () => {
      chosen = kind
      drawAddress()
    })
    return make('label', {}, input, make('span', {}, kindNames[kind]))
  }))
}

function drawAddress() {
  const { address } = current()
  const { isGood, text } = reachWords(current())
  setText(byID('reach'), text)
  byID('reach').toggleAttribute('data-bad', !isGood)
  if (byID('address').textContent === address) return
  setText(byID('address'), address)
  for (const [name, lines] of Object.entries(snippets)) setText(byID(`lines-${name}`), lines(address))
  drawCode(qrCode(address))
}

/** Draws the code with its light margin; a code that is too large is left out. */
function drawCode(rows) {
  byID('qr').hidden = !rows
  if (!rows) return
  const size = rows.length + 8
  let path = ''
  rows.forEach((row, y) => row.forEach((isDark, x) => { if (isDark) path += `M${x + 4} ${y + 4}h1v1h-1z` }))
  byID('qr-place').replaceChildren(make('svg', {
    viewBox: `0 0 ${size} ${size}`, role: 'img', 'aria-label': 'QR code of the address', 'shape-rendering': 'crispEdges',
  }, make('rect', { width: size, height: size, fill: '#fff' }), make('path', { d: path, fill: '#000' })))
}

/** Every own address with what is known of it. Who is elsewhere sees the advertised ones only. */
function drawOwn(addresses, own) {
  const entries = own.length > 0 ? own : addresses.map((addr) => ({ addr }))
  setText(byID('own-count'), String(entries.length))
  const text = JSON.stringify(entries)
  if (byID('own').dataset.drawn === text) return
  byID('own').dataset.drawn = text
  byID('own').replaceChildren(...entries.map(({ addr, source, verdict, advertised, reason }) => {
    const told = `${advertised ? 'Others learn it' : 'Others do not learn it'}${
      reachOf(addr) === 'everybody' ? '' : `; it is for this ${reachOf(addr)} alone`}.`
    const words = verdict
      ? [make('span', { class: 'badge', 'data-verdict': verdict }, verdictWords[verdict] ?? verdict),
        make('span', {}, `Source: ${sourceWords[source] ?? source}. Reason: ${reason}. ${told}`)]
      : []
    return make('li', {}, make('div', {}, make('code', {}, addr), make('p', { class: 'soft' }, ...words)), copyButton(addr, () => addr))
  }))
}

/** What peers of js-libp2p take as their `iceServers`. */
function drawServers(urls) {
  byID('stun').hidden = urls.length === 0
  const text = `[{ urls: ['${urls.join("', '")}'] }]`
  if (byID('stun-place').textContent.startsWith(text)) return
  byID('stun-place').replaceChildren(make('code', {}, text), copyButton('the STUN servers', () => text))
}
