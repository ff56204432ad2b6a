// Asks for the relay's state every two seconds and draws it.
import { byID, make, say, setText } from './status-elements.js'
import { drawGraph } from './status-graph.js'
import { drawLists, makeLists } from './status-peers.js'
import { drawPlots, makePlots } from './status-plots.js'
import { drawShare, makeShare } from './status-share.js'
import { bytes, duration, many, shares, summary, whole } from './status-words.js'

/** All in milliseconds. */
const INTERVAL = 2000, SLOWEST = 15000, PATIENCE = 8000

// MARK: At a glance

/** What is at most so many, and how much of it is used. */
const uses = [
  { name: 'Connections', count: 'connections', limit: 'connections' },
  { name: 'Reservations', count: 'reservations', limit: 'reservations' },
  { name: 'Circuits', count: 'circuits', limit: 'circuits' },
]

function drawGlance(now) {
  const share = shares(now.directShare)
  const facts = [
    ...uses.map(({ name, count, limit }) => ({
      name, value: whole.format(now.counts[count]), words: now.limits[limit] ? `of ${whole.format(now.limits[limit])} at most` : '',
      part: now.limits[limit] ? now.counts[count] / now.limits[limit] : null,
    })),
    { name: 'Relayed in total', value: bytes(now.counts.relayedBytes), words: `since the start ${duration(now.uptime)} ago` },
    { name: 'Connections that became direct', ...share.peers },
    { name: 'Bytes that went directly', ...share.bytes },
  ]
  const list = byID('facts')
  if (list.children.length === 0) {
    list.append(...facts.map(({ name }) =>
      make('div', {}, make('dt', {}, name), make('dd', { class: 'value' }), make('dd', { class: 'soft' }))))
  }
  facts.forEach(({ value, words, part }, at) => {
    const [, first, second] = list.children[at].children
    setText(first, value)
    setText(second, words)
    list.children[at].toggleAttribute('data-high', part >= 0.9)
    first.toggleAttribute('data-none', value === 'Nothing yet')
  })
}

function draw(now) {
  setText(byID('summary'), summary(now, now.rate))
  setText(byID('version'), ` ${now.version}`)
  drawShare(now)
  drawGlance(now)
  byID('main').hidden = false
  drawGraph(now)
  drawPlots(now)
  drawLists(now)
  byID('main').removeAttribute('aria-busy')
}

// MARK: Announcements for screen readers

let heard = null
let lastWords = 0

/** Announces changed numbers, at most once in ten seconds. */
function announce({ counts: { peers, circuits, reservations } }) {
  const words = `${many(peers, 'peer')}, ${many(reservations, 'reservation')}, ${many(circuits, 'circuit')}`
  if (words === heard || Date.now() - lastWords < 10000) return
  if (heard !== null) say(words)
  heard = words
  lastWords = Date.now()
}

// MARK: Keeping up

/** The last state, and why there is no newer one: `{ title, text, help }`. */
let last = null, trouble = null
let failures = 0, timer = 0, isAsking = false

/** Why there is no state, for people. */
class Refusal extends Error {
  constructor(status, text) {
    super(`status ${status}`)
    const said = text.trim().split('\n')[0].slice(0, 300)
    this.trouble = status === 403
      ? { title: 'The relay does not show its state here', text: said ? `It says: ${said}` : 'It refused (403).',
        help: `Open this page under an address of the relay, such as http://127.0.0.1:${location.port || 80}/ on its own machine.` }
      : { title: 'There is no relay behind this page', text: `The server answered with ${status}.`,
        help: 'Start a relay that serves these pages: causeway relay --pages Web/dist' }
  }
}

const unreachable = {
  title: 'The relay does not answer', text: 'It may have stopped, or the network between may be down.',
  help: 'This page goes on asking, and shows the state as soon as the relay is back.',
}

async function fetchStatus() {
  const answer = await fetch('status.json', { cache: 'no-store', signal: AbortSignal.timeout(PATIENCE) })
  if (!answer.ok) throw new Refusal(answer.status, await answer.text())
  const now = { ...await answer.json(), at: Date.now() }
  // Two answers tell how many bytes a second there were. null: this is the first one, or the relay has started again.
  const moved = last ? now.counts.relayedBytes - last.counts.relayedBytes : -1
  now.rate = moved >= 0 && now.at > last.at ? moved * 1000 / (now.at - last.at) : null
  return now
}

async function ask() {
  if (isAsking) return
  isAsking = true
  clearTimeout(timer)
  let now
  try {
    now = await fetchStatus()
  } catch (error) {
    failures += 1
    trouble = error.trouble ?? unreachable
    if (failures === 2) say(`${trouble.title}.${last ? ' The page shows its last known state.' : ''}`)
  }
  isAsking = false
  if (now) take(now)
  showAge()
  // The longer the relay is away, the less often the page asks.
  timer = setTimeout(ask, document.hidden ? SLOWEST : Math.min(SLOWEST, INTERVAL * 2 ** Math.min(failures, 3)))
}

function take(now) {
  if (failures > 0) say('The relay answers again.')
  failures = 0
  trouble = null
  last = now
  draw(now)
  announce(now)
}

/** Says whether what is shown is the present, and if not, how old it is and why. */
function showAge() {
  const age = last ? duration((Date.now() - last.at) / 1000) : ''
  byID('link').dataset.state = trouble ? 'stale' : last ? 'live' : 'waiting'
  setText(byID('link-text'), trouble ? (last ? `${age} old` : 'No state') : last ? 'Live' : 'Connecting…')
  document.body.toggleAttribute('data-stale', Boolean(trouble && last))
  byID('trouble').hidden = !trouble
  if (!trouble) return
  setText(byID('trouble-title'), trouble.title)
  setText(byID('trouble-text'), `${trouble.text}${last ? ` What you see below is ${age} old.` : ''}`)
  setText(byID('trouble-help'), trouble.help)
}

document.addEventListener('visibilitychange', () => { if (!document.hidden) ask() })
addEventListener('online', ask)
byID('ask-again').addEventListener('click', ask)

makeShare()
makePlots()
makeLists()
setInterval(showAge, 1000)
ask()
