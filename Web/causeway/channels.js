// The data channels of a peer connection, each under the number by which the module knows it: odd if the page opened it, even if the
// remote did, 0 for the one of `/webrtc-direct` that both have agreed on.

import * as Command from './boundary/command.js'
import { addChannel } from './channel.js'

/** Nothing that keeps to the protocol says so much before the module drives its peer connection. */
const HELD = 256

/** `peerConnection` is the browser's; `failed` ends the link, because of a limit if it is given one. */
export function makeChannels(peerConnection, link, send, failed) {
  const channels = new Map()
  let last = 0
  /** Commands of a time at which the module does not drive it yet. */
  let held = []

  const tell = (kind, number, bytes) => {
    const command = [kind, link, number, bytes]
    if (!held) send(...command)
    else if (held.push(command) > HELD) failed()
  }
  const adopt = (native, number = last += 2) => addChannel(channels, number, native, tell, failed)
  /** What may be done to a channel at any time. */
  const attempt = (number, act) => {
    try { act(channels.get(number)) } catch {
      // Who closes a peer connection is not told of it.
      if (peerConnection().connectionState === 'closed') return failed()
      channels.delete(number)
      tell(Command.CHANNEL_CLOSED, number)
    }
  }
  return {
    adopt,
    /** The module drives it now, and hears of what came before. */
    carried() {
      const commands = held
      held = undefined
      for (const one of commands) send(...one)
    },
    open: (number) => attempt(number, () => adopt(peerConnection().createDataChannel(''), number)),
    send: (number, bytes) => attempt(number, (channel) => channel?.send(bytes)),
    close: (number) => attempt(number, (channel) => channel?.close()),
    silence() { for (const one of channels.values()) one.silence() },
  }
}
