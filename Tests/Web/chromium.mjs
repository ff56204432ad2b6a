// Chromium, driven by its DevTools protocol over a pipe, so that it may run in another network namespace.
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Page } from './page.mjs'

const features = 'MediaRouter,OptimizationHints,Translate,LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests'

export class Chromium {
  #waiting = new Map()
  #listeners = new Map()
  #last = 0

  /**
   * `prefix`: a command to run it by; `hidesAddresses`: host candidates are `.local` names, as they are to pages in general;
   * `takesAnyCertificate`: of servers.
   */
  static async start({ prefix = [], hidesAddresses = false, takesAnyCertificate = false, binary = 'chromium' } = {}) {
    const browser = new Chromium()
    browser.profile = await mkdtemp(join(tmpdir(), 'causeway-'))
    const [program, ...rest] = [
      ...prefix, binary, '--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--mute-audio', '--no-first-run',
      '--no-proxy-server', '--disable-background-networking', '--disable-component-update', '--disable-sync',
      '--disable-background-timer-throttling', '--disable-backgrounding-occluded-windows', '--disable-renderer-backgrounding',
      `--disable-features=${features}${hidesAddresses ? '' : ',WebRtcHideLocalIpsWithMdns'}`, '--allow-loopback-in-peer-connection',
      ...takesAnyCertificate ? ['--ignore-certificate-errors'] : [],
      `--user-data-dir=${browser.profile}`, '--remote-debugging-pipe', 'about:blank',
    ]
    browser.process = spawn(program, rest, {
      stdio: ['ignore', 'ignore', process.env.BROWSER_LOG ? 'inherit' : 'ignore', 'pipe', 'pipe'], detached: true,
      env: { ...process.env, HOME: browser.profile },
    })
    browser.process.on('exit', () => {
      for (const { reject } of browser.#waiting.values()) reject(new Error('the browser ended'))
    })
    let begun = []
    browser.process.stdio[4].on('data', (chunk) => {
      for (let end = chunk.indexOf(0); end >= 0; end = chunk.indexOf(0)) {
        browser.#read(Buffer.concat([...begun, chunk.subarray(0, end)]).toString())
        begun = []
        chunk = chunk.subarray(end + 1)
      }
      begun.push(chunk)
    })
    browser.process.stdio[3].on('error', () => {})
    await browser.call('Browser.setDownloadBehavior', { behavior: 'allow', downloadPath: join(browser.profile, 'downloads') })
    return browser
  }

  get name() { return 'Chromium' }
  get downloads() { return join(this.profile, 'downloads') }

  #read(text) {
    const { id, result, error, method, params, sessionId } = JSON.parse(text)
    if (method) return this.#listeners.get(sessionId)?.(method, params)
    const one = this.#waiting.get(id)
    this.#waiting.delete(id)
    if (error) one?.reject(new Error(`${one.method}: ${error.message}`))
    else one?.resolve(result)
  }

  call(method, params = {}, sessionId = undefined) {
    const id = ++this.#last
    this.process.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId })}\0`)
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject, method }))
  }

  /** A window of its own; `before` is run in the page before its own scripts. */
  async open(url, { before } = {}) {
    const { targetId } = await this.call('Target.createTarget', { url: 'about:blank', newWindow: true })
    const { sessionId } = await this.call('Target.attachToTarget', { targetId, flatten: true })
    const page = new ChromiumPage(this, targetId, sessionId)
    this.#listeners.set(sessionId, (method, params) => page.heard(method, params))
    for (const domain of ['Page', 'Runtime', 'Log', 'Accessibility']) await page.call(`${domain}.enable`)
    await page.call('Emulation.setFocusEmulationEnabled', { enabled: true })
    await page.look({ width: 1280, scheme: 'light' })
    if (before) await page.call('Page.addScriptToEvaluateOnNewDocument', { source: before })
    let { errorText } = await page.call('Page.navigate', { url })
    // A network that has just come up changes once more, and Chromium gives up what it was loading.
    if (errorText === 'net::ERR_NETWORK_CHANGED') ({ errorText } = await page.call('Page.navigate', { url }))
    if (errorText) throw new Error(`${url}: ${errorText}`)
    await page.until('document.readyState === "complete"')
    return page
  }

  async close() {
    // Several processes, ended as a group.
    try { process.kill(-this.process.pid, 'SIGKILL') } catch {}
    await rm(this.profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
  }
}

const wordsOf = ({ exception, text }) => exception?.description ?? text
const keys = { Enter: [13, '\r'], Tab: [9], Escape: [27], ArrowDown: [40], ArrowLeft: [37], ArrowRight: [39], ' ': [32, ' '] }

class ChromiumPage extends Page {
  constructor(browser, targetId, sessionId) {
    super()
    Object.assign(this, { browser, targetId, sessionId })
  }

  call(method, params) { return this.browser.call(method, params, this.sessionId) }

  heard(method, { exceptionDetails, entry, type, args }) {
    switch (method) {
      case 'Runtime.exceptionThrown': return this.errors.push(wordsOf(exceptionDetails))
      case 'Log.entryAdded': return entry.level === 'error' && this.errors.push(`${entry.text} ${entry.url ?? ''}`.trim())
      case 'Runtime.consoleAPICalled':
        return type === 'error' && this.errors.push(args.map((one) => one.value ?? one.description).join(' '))
    }
  }

  async evaluate(expression) {
    const { result, exceptionDetails } = await this.call('Runtime.evaluate', {
      expression, awaitPromise: true, returnByValue: true, userGesture: true,
    })
    if (exceptionDetails) throw new Error(`${wordsOf(exceptionDetails)}\n    in ${expression.slice(0, 300)}`)
    return result.value
  }

  /** Chooses a file, as a person does in the browser's dialogue. */
  async choose(selector, path) {
    const { root } = await this.call('DOM.getDocument')
    const { nodeId } = await this.call('DOM.querySelector', { nodeId: root.nodeId, selector })
    await this.call('DOM.setFileInputFiles', { nodeId, files: [path] })
  }

  type(text) { return this.call('Input.insertText', { text }) }

  async press(key, { shift = false } = {}) {
    const [code, text] = keys[key], common = { key, code: key, windowsVirtualKeyCode: code, modifiers: shift ? 8 : 0 }
    await this.call('Input.dispatchKeyEvent', { type: text ? 'keyDown' : 'rawKeyDown', ...common, text })
    await this.call('Input.dispatchKeyEvent', { type: 'keyUp', ...common })
  }

  /** A window of this size; `scheme` is light or dark. */
  async look({ width, height = width < 600 ? 740 : 800, scheme, isPhone = width < 600 }) {
    await this.call('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: isPhone ? 2 : 1, mobile: isPhone })
    await this.call('Emulation.setEmulatedMedia', { features: [
      { name: 'prefers-color-scheme', value: scheme }, { name: 'prefers-reduced-motion', value: 'reduce' }] })
    await this.pause(150)
  }

  async screenshot({ isWhole = false } = {}) {
    const { data } = await this.call('Page.captureScreenshot', { format: 'png', captureBeyondViewport: isWhole })
    return Buffer.from(data, 'base64')
  }

  /** What a screen reader is given: `{ role, name, focusable, … }`. */
  async accessibility() {
    const { nodes } = await this.call('Accessibility.getFullAXTree')
    return nodes.filter((one) => !one.ignored).map(({ role, name, properties = [] }) => ({
      role: role?.value, name: name?.value ?? '', ...Object.fromEntries(properties.map((one) => [one.name, one.value.value])),
    }))
  }

  async close() { await this.browser.call('Target.closeTarget', { targetId: this.targetId }) }
}
