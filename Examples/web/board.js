// A board on which everybody draws.
import { meet, show } from './meet.js'

const canvas = document.querySelector('#board'), paper = canvas.getContext('2d')
/** No board has more; the oldest go first. */
const MOST = 20_000
const strokes = []

function draw(stroke) {
  const [fromX, fromY, toX, toY, hue] = stroke
  if (![fromX, fromY, toX, toY, hue].every(Number.isFinite)) throw new Error('this is no stroke')
  if (strokes.push(stroke) > MOST) strokes.shift()
  paper.strokeStyle = `hsl(${hue} 70% 50%)`
  paper.lineWidth = 3
  paper.lineCap = 'round'
  paper.beginPath()
  paper.moveTo(fromX, fromY)
  paper.lineTo(toX, toY)
  paper.stroke()
}

let room
room = await meet('board', {
  greet: () => strokes, heard: draw, changed: () => room && show(document.querySelector('#people'), room.people),
})
show(document.querySelector('#people'), room.people)

const hue = [...String(room.node.peerId)].reduce((sum, one) => (sum * 31 + one.charCodeAt()) % 360, 0)
let last
const place = ({ offsetX, offsetY }) => [offsetX, offsetY].map((one) => Math.round(one * canvas.width / canvas.clientWidth))
canvas.addEventListener('pointerdown', (event) => {
  last = place(event)
  canvas.setPointerCapture(event.pointerId)
})
canvas.addEventListener('pointermove', (event) => {
  if (!last) return
  const next = place(event), stroke = [...last, ...next, hue]
  last = next
  draw(stroke)
  room.send(stroke)
})
canvas.addEventListener('pointerup', () => { last = undefined })
