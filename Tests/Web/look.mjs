// What a page owes to everybody's eyes and to screen readers, as expressions that find what breaks it.

const luminance = (colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16) / 255)
  .reduce((sum, one, at) => sum + (one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4) * [0.2126, 0.7152, 0.0722][at], 0)

/** The contrast of two colours in hexadecimal digits. */
export function contrast(one, other) {
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a)
  return (light + 0.05) / (dark + 0.05)
}

/** Text that has less contrast to what is behind it than 4.5:1 (WCAG 2.2, 1.4.3), in the colours that the page has now. */
export const faint = (page) => page.evaluate(`(() => {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true })
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1)
    canvas.fillStyle = colour
    canvas.fillRect(0, 0, 1, 1)
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data
    return [r, g, b, a / 255]
  }
  const over = ([r, g, b, a], below) => [r, g, b].map((one, at) => one * a + below[at] * (1 - a))
  const behind = (node) => node ? over(rgba(getComputedStyle(node).backgroundColor), behind(node.parentElement)) : [255, 255, 255]
  const luminance = (colour) => colour.map((one) => one / 255).map((one) => one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4)
    .reduce((sum, one, at) => sum + one * [0.2126, 0.7152, 0.0722][at], 0)
  const found = []
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  let count = 0
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement, text = walker.currentNode.data.trim()
    if (!text || !node.checkVisibility() || node.closest('.visually-hidden, .skip, title, script, noscript')) continue
    const style = getComputedStyle(node), ground = behind(node)
    const colour = over(rgba(node.ownerSVGElement ? style.fill : style.color), ground)
    const [light, dark] = [luminance(colour), luminance(ground)].sort((a, b) => b - a)
    const ratio = (light + 0.05) / (dark + 0.05)
    count += 1
    if (ratio < 4.5) found.push(ratio.toFixed(2) + ': ' + text.slice(0, 40))
  }
  return count < 20 ? ['only ' + count + ' texts'] : found
})()`)

/** What is wrong with headings, landmarks, ids and references between elements. */
export const disorder = (page) => page.evaluate(`(() => {
  const faults = [], all = (selector) => [...document.querySelectorAll(selector)].filter((one) => one.checkVisibility())
  const levels = all('h1, h2, h3, h4').map((one) => Number(one.localName[1]))
  if (levels.filter((one) => one === 1).length !== 1 || levels[0] !== 1) faults.push('headings: ' + levels)
  levels.forEach((one, at) => { if (at && one > levels[at - 1] + 1) faults.push('heading ' + one + ' after ' + levels[at - 1]) })
  for (const one of ['header', 'main', 'footer']) if (all('body > ' + one).length !== 1) faults.push(one + ' is not there once')
  for (const one of all('section')) if (!one.getAttribute('aria-labelledby')) faults.push('a section without a name')
  const ids = [...document.querySelectorAll('[id]')].map((one) => one.id)
  for (const id of new Set(ids)) if (ids.filter((one) => one === id).length > 1) faults.push('twice: ' + id)
  for (const name of ['aria-labelledby', 'aria-describedby', 'aria-controls']) {
    for (const one of document.querySelectorAll('[' + name + ']')) {
      for (const id of one.getAttribute(name).split(' ')) if (!document.getElementById(id)) faults.push(name + ' of ' + id)
    }
  }
  for (const one of document.querySelectorAll('[aria-label]')) {
    const hasNoRole = !one.getAttribute('role') && /^(code|pre|div|span|p)$/.test(one.localName)
    if (hasNoRole) faults.push('a name on ' + one.localName + ', which has no role')
  }
  for (const one of document.querySelectorAll('[role="slider"]')) {
    if (!one.hasAttribute('aria-valuenow') || !one.hasAttribute('aria-valuetext')) faults.push('a slider without a value')
  }
  if (document.querySelector('[tabindex]:not([tabindex="0"], [tabindex="-1"])')) faults.push('an order of its own for Tab')
  return faults
})()`)

/** Where Tab leads, from the page's start until it comes round; each with the top of what has the focus. */
export async function tabOrder(page, most = 100) {
  await page.evaluate('document.activeElement.blur(), scrollTo(0, 0), getSelection().removeAllRanges()')
  const stops = []
  for (let count = 0; count < most; count++) {
    await page.press('Tab')
    const stop = await page.evaluate(`(() => {
      const one = document.activeElement
      if (!one || one === document.body) return null
      const { top, left, width } = one.getBoundingClientRect()
      return { name: one.id || one.className || one.localName, y: Math.round(top + scrollY), isSeen: width > 0, isFirst: one.matches('.skip') }
    })()`)
    if (!stop || (stop.isFirst && stops.length)) break
    stops.push(stop)
  }
  return stops
}
