// Drives a peer of another implementation, or the native one: a JSON object a line, as Tests/Peers says.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

export class Peer {
  #waiting = new Map()
  #last = 0
  events = []
  #listeners = new Set()

  /** `command`: program and arguments. */
  static async start(command, config) {
    const peer = new Peer()
    peer.process = spawn(command[0], command.slice(1), { stdio: ['pipe', 'pipe', process.env.PEER_LOG ? 'inherit' : 'ignore'] })
    peer.process.stdin.on('error', () => {})
    createInterface({ input: peer.process.stdout }).on('line', (line) => peer.#read(line))
    peer.process.stdin.write(JSON.stringify({ maxSeconds: 300, ...config }) + '\n')
    const ready = await peer.event('ready', () => true, 30_000)
    return Object.assign(peer, { id: ready.peerId, addresses: ready.addrs })
  }

  #read(line) {
    let value
    try { value = JSON.parse(line) } catch { return }
    if (value.event) {
      this.events.push(value)
      for (const one of this.#listeners) one(value)
      return
    }
    const { resolve, reject, cmd } = this.#waiting.get(value.id) ?? {}
    this.#waiting.delete(value.id)
    if (value.ok) resolve?.(value)
    else reject?.(new Error(`${cmd}: ${value.error}`))
  }

  /** Sends a command; its answer. */
  call(cmd, more = {}) {
    const id = ++this.#last
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject, cmd })
      this.process.stdin.write(JSON.stringify({ id, cmd, timeoutMs: 20_000, ...more }) + '\n')
    })
  }

  /** The first event of that name, past or to come. */
  event(name, where = () => true, milliseconds = 15_000) {
    const fits = (value) => value.event === name && where(value)
    const past = this.events.find(fits)
    if (past) return Promise.resolve(past)
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no event ${name} in ${milliseconds} ms`)), milliseconds)
      const listener = (value) => {
        if (!fits(value)) return
        clearTimeout(timer)
        this.#listeners.delete(listener)
        resolve(value)
      }
      this.#listeners.add(listener)
    })
  }

  async stop(signal) {
    if (signal) this.process.kill(signal)
    this.process.stdin.end()
    const { exitCode, signalCode } = this.process
    if (exitCode === null && signalCode === null) await new Promise((resolve) => this.process.once('exit', resolve))
  }
}
