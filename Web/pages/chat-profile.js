// Who this person is: a name and a colour that the browser keeps.

import { personName } from './chat-text.js'

const KEY = 'causeway-chat'

export const COLOURS = ['teal', 'blue', 'violet', 'rose', 'red', 'amber', 'green', 'slate']

/** A colour's number, from 1; 0 is none. */
export const colourNumber = (value) => Number.isInteger(value) && value > 0 && value <= COLOURS.length ? value : 0

export function readProfile() {
  try {
    const { name = '', colour } = JSON.parse(localStorage.getItem(KEY)) ?? {}
    return { name: personName(name), colour: colourNumber(colour) }
  } catch { return { name: '', colour: 0 } }
}

/** Whether the browser keeps it beyond this visit. */
export function keepProfile(profile) {
  try {
    localStorage.setItem(KEY, JSON.stringify(profile))
    return true
  } catch { return false }
}

/** Calls `act` when another tab has changed the profile. */
export function followProfile(act) {
  addEventListener('storage', ({ key }) => { if (key === KEY) act(readProfile()) })
}
