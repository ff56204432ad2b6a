// Pictures of a page at a phone's and a desktop's width, light and dark.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export const phone = { width: 360, scheme: 'light' }
export const desktop = { width: 1280, scheme: 'light' }

export class Shots {
  #folder

  constructor(folder) {
    this.#folder = folder
    if (folder) mkdirSync(folder, { recursive: true })
  }

  /** `view` is the part that a phone shows; `isWhole`: the page from top to end. */
  async take(page, name, { view, isWhole = false } = {}) {
    if (!this.#folder) return
    for (const width of [360, 1280]) {
      for (const scheme of ['light', 'dark']) {
        await page.look({ width, scheme })
        if (view && width === 360) await page.click(`.views [data-view="${view}"]`)
        await page.pause(100)
        writeFileSync(join(this.#folder, `${name}-${width}-${scheme}.png`), await page.screenshot({ isWhole }))
      }
    }
    await page.look(desktop)
    if (view) await page.click('.views [data-view="talk"]')
  }
}
