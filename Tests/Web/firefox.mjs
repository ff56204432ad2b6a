// Firefox, driven by WebDriver BiDi. Node needs --experimental-websocket.
import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Page } from './page.mjs'

const preferences = {
  'media.peerconnection.ice.obfuscate_host_addresses': false, 'media.peerconnection.ice.loopback': true, 'network.proxy.type': 0,
  'network.captive-portal-service.enabled': false, 'network.connectivity-service.enabled': false, 'app.update.enabled': false,
  'browser.shell.checkDefaultBrowser': false, 'datareporting.policy.dataSubmissionEnabled': false, 'browser.aboutwelcome.enabled': false,
  'services.settings.server': 'data:,#remote-settings-dummy/v1', 'toolkit.telemetry.server': '', 'dom.min_background_timeout_value': 4,
  'remote.active-protocols': 1,
}

export class Firefox {
  #waiting = new Map()
  #last = 0

  static async start({ prefix = [], takesAnyCertificate = false, binary = 'firefox' } = {}) {
    const browser = new Firefox(), profile = browser.profile = await mkdtemp(join(tmpdir(), 'causeway-'))
    const saved = { 'browser.download.dir': browser.downloads, 'browser.download.folderList': 2, 'browser.download.alwaysOpenPanel': false }
    const lines = Object.entries({ ...preferences, ...saved }).map((one) => `user_pref(${one.map((part) => JSON.stringify(part))});`)
    await writeFile(join(profile, 'user.js'), lines.join('\n'))
    const [program, ...rest] = [
      ...prefix, binary, '--headless', '--no-remote', '--profile', profile, '--remote-debugging-port', '0', 'about:blank',
    ]
    browser.process = spawn(program, rest, { stdio: ['ignore', 'ignore', 'pipe'], detached: true, env: { ...process.env, HOME: profile } })
    const address = await new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error('Firefox does not say where it is driven from')), 60_000)
      createInterface({ input: browser.process.stderr }).on('line', (line) => {
        const found = /listening on (ws:\/\/\S+)/.exec(line)
        if (!found) return
        clearTimeout(late)
        resolve(found[1])
      })
    })
    browser.socket = new WebSocket(`${address}/session`)
    await new Promise((resolve, reject) => Object.assign(browser.socket, { onopen: resolve, onerror: reject }))
    browser.socket.onmessage = ({ data }) => browser.#read(JSON.parse(data))
    await browser.call('session.new', { capabilities: { alwaysMatch: { acceptInsecureCerts: takesAnyCertificate } } })
    await browser.call('session.subscribe', { events: ['log.entryAdded'] })
    return browser
  }

  get name() { return 'Firefox' }
  get downloads() { return join(this.profile, 'downloads') }
  pages = new Map()

  #read({ id, result, error, message, method, params }) {
    if (method === 'log.entryAdded' && params.level === 'error') this.pages.get(params.source?.context)?.errors.push(params.text)
    const one = this.#waiting.get(id)
    this.#waiting.delete(id)
    if (error) one?.reject(new Error(`${one.method}: ${message}`))
    else one?.resolve(result)
  }

  call(method, params = {}) {
    const id = ++this.#last
    this.socket.send(JSON.stringify({ id, method, params }))
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject, method }))
  }

  async open(url) {
    const { context } = await this.call('browsingContext.create', { type: 'window' })
    const page = new FirefoxPage(this, context)
    this.pages.set(context, page)
    await this.call('browsingContext.navigate', { context, url, wait: 'complete' })
    return page
  }

  async close() {
    try { process.kill(-this.process.pid, 'SIGKILL') } catch {}
    await rm(this.profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
  }
}

const keys = { Enter: '\uE007', Tab: '\uE004', Escape: '\uE00C', ' ': ' ' }

class FirefoxPage extends Page {
  constructor(browser, context) {
    super()
    Object.assign(this, { browser, context })
  }

  async evaluate(expression) {
    const { result, exceptionDetails } = await this.browser.call('script.evaluate', {
      // As JSON, which is simpler than BiDi's own values.
      expression: `(async () => JSON.stringify(await (${expression})))()`, awaitPromise: true, userActivation: true,
      target: { context: this.context },
    })
    if (exceptionDetails) throw new Error(`${exceptionDetails.text}\n    in ${expression.slice(0, 300)}`)
    return result.value === undefined ? undefined : JSON.parse(result.value)
  }

  async choose(selector, path) {
    const { nodes: [element] } = await this.browser.call('browsingContext.locateNodes', {
      context: this.context, locator: { type: 'css', value: selector },
    })
    await this.browser.call('input.setFiles', { context: this.context, element: { sharedId: element.sharedId }, files: [path] })
  }

  #keys(list) {
    return this.browser.call('input.performActions', { context: this.context, actions: [{ type: 'key', id: 'keyboard', actions: list }] })
  }

  async type(text) { await this.#keys([...text].flatMap((value) => [{ type: 'keyDown', value }, { type: 'keyUp', value }])) }

  async press(key, { shift = false } = {}) {
    const value = keys[key], inner = [{ type: 'keyDown', value }, { type: 'keyUp', value }]
    await this.#keys(shift ? [{ type: 'keyDown', value: '\uE008' }, ...inner, { type: 'keyUp', value: '\uE008' }] : inner)
  }

  async screenshot() {
    const { data } = await this.browser.call('browsingContext.captureScreenshot', { context: this.context })
    return Buffer.from(data, 'base64')
  }

  async close() { await this.browser.call('browsingContext.close', { context: this.context }) }
}
