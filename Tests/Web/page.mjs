// A page in a browser, whichever it is: `evaluate`, `type` and `press` are the browser's own.

export const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds))

export class Page {
  /** What the page threw, and what the browser complained of. */
  errors = []

  pause(milliseconds) { return pause(milliseconds) }

  /** Waits until an expression in the page is true; answers its value. `show` is what to tell if it never is. */
  async until(expression, { seconds = 10, what = expression, show } = {}) {
    const end = Date.now() + seconds * 1000
    for (;;) {
      const value = await this.evaluate(expression).catch((error) => {
        // A page that is just being loaded has no context.
        if (Date.now() > end) throw error
      })
      if (value) return value
      if (Date.now() > end) throw new Error(`not in ${seconds} s: ${what}${show ? `, but: ${await this.evaluate(show)}` : ''}`)
      await pause(100)
    }
  }

  text(selector) { return this.evaluate(`document.querySelector(${JSON.stringify(selector)})?.innerText ?? ''`) }
  focus(selector) { return this.evaluate(`document.querySelector(${JSON.stringify(selector)}).focus()`) }
  click(selector) { return this.evaluate(`document.querySelector(${JSON.stringify(selector)}).click()`) }

  /** Presses Tab until the focus is on what `selector` names; answers after how many. */
  async tabTo(selector, most = 60) {
    for (let count = 1; count <= most; count++) {
      await this.press('Tab')
      if (await this.evaluate(`document.activeElement?.matches(${JSON.stringify(selector)})`)) return count
    }
    throw new Error(`Tab does not come to ${selector}`)
  }
}
