// Connections, circuits and bytes a second over the last minutes, each with a scale, and a value for every moment.
import { byID, make, set, setText } from './status-elements.js'
import { bytes, duration, many, whole } from './status-words.js'

/** How long values are kept, in milliseconds, and after how long without one a curve has a gap. */
const KEPT = 10 * 60 * 1000, GAP = 8000
const HEIGHT = 132, LEFT = 52, RIGHT = 10, TOP = 10, BOTTOM = 22

const plots = [
  { id: 'connections', name: 'Connections', value: ({ counts }) => counts.connections, words: (n) => many(n, 'connection'),
    short: (n) => whole.format(n), limit: ({ limits }) => limits.connections },
  { id: 'circuits', name: 'Circuits', value: ({ counts }) => counts.circuits, words: (n) => many(n, 'circuit'),
    short: (n) => whole.format(n), limit: ({ limits }) => limits.circuits },
  { id: 'rate', name: 'Bytes a second', value: (now) => now.rate, words: (n) => `${bytes(n)} a second`, short: bytes },
]

export function makePlots() {
  for (const plot of plots) {
    plot.number = make('span', {}, '–')
    plot.limitText = make('small')
    plot.read = make('p', { class: 'read', 'aria-hidden': 'true' })
    plot.grid = make('g', { class: 'grid' })
    plot.area = make('path', { class: 'area' })
    plot.curve = make('path', { class: 'curve' })
    plot.cursor = make('line', { class: 'cursor' })
    plot.dot = make('circle', { class: 'dot', r: 4 })
    plot.svg = make('svg', { height: HEIGHT, 'aria-hidden': 'true', focusable: 'false' },
      plot.grid, plot.area, plot.curve, plot.cursor, plot.dot)
    plot.box = make('div', { class: 'plot', role: 'slider', tabindex: 0, 'aria-label': `${plot.name}: the moment`, 'aria-valuemin': 0,
      'aria-valuemax': 0, 'aria-valuenow': 0, 'aria-valuetext': 'no value yet',
      'aria-describedby': 'plots-help' }, plot.svg)
    byID('plots').append(make('figure', { class: 'tile' },
      make('figcaption', {}, make('span', { class: 'label' }, plot.name), make('span', { class: 'value' }, plot.number, plot.limitText)),
      plot.box, plot.read))
    plot.at = null
    plot.values = []
    listen(plot)
  }
  new ResizeObserver(() => plots.forEach(drawPlot)).observe(byID('plots'))
}

/** A pointer shows the value below it, the arrows go from value to value. */
function listen(plot) {
  const show = (at) => {
    plot.at = at
    drawPlot(plot)
  }
  const point = ({ clientX }) => {
    if (!plot.x || plot.values.length === 0) return
    const x = clientX - plot.svg.getBoundingClientRect().left
    show(plot.values.reduce((best, { at }) => Math.abs(plot.x(at) - x) < Math.abs(plot.x(best) - x) ? at : best, plot.values[0].at))
  }
  plot.box.addEventListener('pointermove', point)
  plot.box.addEventListener('pointerdown', point)
  plot.box.addEventListener('pointerleave', () => { if (document.activeElement !== plot.box) show(null) })
  plot.box.addEventListener('focus', () => { if (plot.at === null) show(plot.values.at(-1)?.at ?? null) })
  plot.box.addEventListener('blur', () => show(null))
  plot.box.addEventListener('keydown', (event) => {
    const index = plot.values.findIndex(({ at }) => at === plot.at), end = plot.values.length - 1
    const next = { ArrowLeft: index - 1, ArrowDown: index - 1, ArrowRight: index + 1, ArrowUp: index + 1, PageUp: index + 10,
      PageDown: index - 10, Home: 0, End: end }[event.key]
    if (next === undefined || end < 0) return
    event.preventDefault()
    show(plot.values[Math.max(0, Math.min(end, next))].at)
  })
}

export function drawPlots(now) {
  for (const plot of plots) {
    const value = plot.value(now)
    setText(plot.number, value == null ? '–' : plot.short(value))
    if (value == null) continue
    // Who reads the newest value goes on to read the newest one.
    const isNewest = document.activeElement === plot.box && plot.at === plot.values.at(-1)?.at
    plot.values.push({ at: now.at, value })
    while (plot.values[0].at < now.at - KEPT) plot.values.shift()
    if (isNewest) plot.at = now.at
    const limit = plot.limit?.(now)
    setText(plot.limitText, limit ? ` of ${whole.format(limit)} at most` : '')
    drawPlot(plot)
  }
}

/** A round number that is not below `most`: half of it is round, too. */
function scaleFor(most, isBytes) {
  if (most <= 2) return isBytes ? 1024 : 2
  const base = isBytes ? 1024 ** Math.floor(Math.log(Math.max(1024, most)) / Math.log(1024)) : 1
  const part = most / base
  for (let unit = 1; ; unit *= 10) {
    for (const step of [2, 4, 6, 10]) if (step * unit >= part) return step * unit * base
  }
}

function drawPlot(plot) {
  const { values } = plot
  if (values.length === 0) return
  const width = Math.max(200, plot.box.clientWidth), end = values.at(-1).at
  // A page that was just opened stretches the little it has over the whole width.
  const span = Math.min(KEPT, Math.max(60000, end - values[0].at))
  const most = scaleFor(Math.max(...values.map(({ value }) => value)), plot.id === 'rate')
  plot.x = (at) => width - RIGHT - (end - at) / span * (width - LEFT - RIGHT)
  const y = (value) => HEIGHT - BOTTOM - value / most * (HEIGHT - TOP - BOTTOM)
  set(plot.svg, { width, viewBox: `0 0 ${width} ${HEIGHT}` })
  drawGrid(plot, width, span, most, y)
  drawCurve(plot, y)
  drawMoment(plot, end, y)
}

function drawGrid(plot, width, span, most, y) {
  const key = `${width} ${most} ${Math.round(span / 10000)}`
  if (plot.drawnGrid === key) return
  plot.drawnGrid = key
  const rows = [0, most / 2, most].map((value) => [
    make('line', { x1: LEFT, x2: width - RIGHT, y1: y(value), y2: y(value) }),
    make('text', { x: LEFT - 8, y: y(value) + 4, 'text-anchor': 'end' }, plot.short(value)),
  ])
  // The one in the middle only where there is room.
  const times = (width < 300 ? [span, 0] : [span, span / 2, 0]).map((ago) => make('text', {
    x: plot.x(plot.values.at(-1).at - ago), y: HEIGHT - 5, 'text-anchor': ago === span ? 'start' : ago === 0 ? 'end' : 'middle',
  }, ago === 0 ? 'now' : `${duration(ago >= 60000 ? Math.round(ago / 30000) * 30 : ago / 1000)} ago`))
  plot.grid.replaceChildren(...rows.flat(), ...times)
}

function drawCurve({ values, x, curve, area }, y) {
  const floor = y(0).toFixed(1)
  const parts = []
  values.forEach((one, at) => {
    // A gap where the relay did not answer.
    if (at === 0 || one.at - values[at - 1].at > GAP) parts.push([])
    parts.at(-1).push([x(one.at).toFixed(1), y(one.value).toFixed(1)])
  })
  const lines = parts.map((points) => `M${points.map((point) => point.join(' ')).join('L')}`)
  set(curve, { d: lines.join('') })
  set(area, { d: parts.map((points, at) => `${lines[at]}L${points.at(-1)[0]} ${floor}L${points[0][0]} ${floor}Z`).join('') })
}

/** The value at the moment that is pointed at, or now. */
function drawMoment(plot, end, y) {
  const index = plot.values.findIndex(({ at }) => at === plot.at)
  if (index < 0) plot.at = null
  const last = plot.values.length - 1
  const one = plot.values[index < 0 ? last : index]
  const x = plot.x(one.at).toFixed(1)
  const ago = Math.round((end - one.at) / 1000)
  const words = `${plot.words(one.value)}, ${ago === 0 ? 'now' : `${duration(ago)} ago`}`
  plot.box.toggleAttribute('data-read', index >= 0)
  set(plot.cursor, { x1: x, x2: x, y1: TOP, y2: HEIGHT - BOTTOM })
  set(plot.dot, { cx: x, cy: y(one.value).toFixed(1) })
  set(plot.box, { 'aria-valuemax': last, 'aria-valuenow': index < 0 ? last : index, 'aria-valuetext': words })
  const highest = Math.max(...plot.values.map(({ value }) => value))
  setText(plot.read, index >= 0 ? words : `Peak: ${plot.short(highest)}`)
}
