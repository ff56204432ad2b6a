// One data channel.

import * as Command from './boundary/command.js'

/** A longer message ends its peer connection: twice what libp2p allows, of which some may come together. */
const MESSAGE = 32 << 10
const LOW_WATER = 1 << 20
/** How long a channel that is closed may take to send what it has. */
const CLOSING_TIME = 30_000

/** Adds the browser's channel to `channels`. `tell` tells the module; `failed` ends the link, because of a limit if it is given one. */
export function addChannel(channels, number, native, tell, failed) {
  let isCounted = false, emptied, late

  const drained = () => {
    if (!channels.has(number)) return
    const { bufferedAmount } = native
    if (bufferedAmount <= LOW_WATER) tell(Command.CHANNEL_DRAINED, number, new Uint8Array(Uint32Array.of(bufferedAmount).buffer))
    if (!bufferedAmount) emptied?.()
  }
  const close = () => {
    clearTimeout(late)
    channels.delete(number)
    native.close()
  }
  channels.set(number, {
    send(bytes) {
      native.send(bytes)
      if (isCounted) return
      isCounted = true
      queueMicrotask(() => {
        isCounted = false
        drained()
      })
    },
    /** After what it was given to send. */
    close() {
      late = setTimeout(close, CLOSING_TIME)
      emptied = close
      native.bufferedAmountLowThreshold = 0
      if (!native.bufferedAmount) close()
    },
    silence() { native.onclose = native.onmessage = native.onopen = null },
  })

  native.binaryType = 'arraybuffer'
  native.bufferedAmountLowThreshold = LOW_WATER
  native.onmessage = ({ data }) => {
    if (data.byteLength <= MESSAGE) tell(Command.CHANNEL_RECEIVED, number, new Uint8Array(data))
    else failed(data.byteLength && MESSAGE)
  }
  native.onbufferedamountlow = drained
  native.onclose = () => channels.delete(number) && tell(Command.CHANNEL_CLOSED, number)
  if (number % 2) native.onopen = () => tell(Command.CHANNEL_READY, number)
  else if (number) tell(Command.CHANNEL_OPENED, number)
}
