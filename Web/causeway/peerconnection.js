// A link's WebRTC peer connection.

import * as Command from './boundary/command.js'
import * as LinkFailure from './boundary/link-failure.js'
import { utf8 } from './bytes.js'
import { makeChannels } from './channels.js'
import { checkedDescription, describeDialler, isCandidate, serverDescription } from './description.js'

/** A path that is lost may come back. */
const DISCONNECTED_TIME = 10_000

/** Each of its steps (`offer` and the like) begins when the one before has ended. */
export class PeerConnection {
  #link
  #send
  #pc
  /** The first data channel of an offer, which is there to have something to offer. */
  #init
  #work = Promise.resolve()
  #isClosed = false
  #isConnected = false
  /** What is to be done once it is connected. */
  #connected
  /** Runs while the path is lost. */
  #lost
  /** Why it failed. */
  #cause
  #began = performance.now()
  #candidates = { local: 0, remote: 0 }

  /** `configuration`: the browser's, or what makes it; `servers`: STUN servers to ask besides. */
  constructor(configuration, servers, link, send) {
    this.#link = link
    this.#send = send
    this.channels = makeChannels(() => this.#pc, link, send, (limit) => this.#failed(limit))
    this.#step(async () => {
      const given = typeof configuration === 'function' ? await configuration() : configuration
      if (this.#isClosed) return
      this.#watch(this.#pc = new RTCPeerConnection({ ...given, iceServers: [...given?.iceServers ?? [], ...servers] }))
    })
  }

  #step(act) {
    this.#work = this.#work.then(() => this.#isClosed || act()).catch((error) => {
      this.#cause = error
      this.#failed(error?.isRefused ? LinkFailure.BAD_DESCRIPTION : LinkFailure.LOST)
    })
  }

  #failed(limit = LinkFailure.LOST) { this.#isClosed || this.#send(Command.LINK_FAILED, this.#link, limit) }

  #watch(pc) {
    pc.onicecandidate = ({ candidate }) => {
      if (!candidate?.candidate) return
      this.#candidates.local += 1
      this.#send(Command.GATHERED, this.#link, 0, utf8(JSON.stringify(candidate)))
    }
    // The offerer's first one is the offerer's to close.
    pc.ondatachannel = ({ channel }) => { if (channel.label !== 'init' || this.#init) this.channels.adopt(channel) }
    pc.onconnectionstatechange = () => {
      clearTimeout(this.#lost)
      const { connectionState } = pc
      if (connectionState === 'connected') {
        // The end of DTLS is the remote's goodbye; without it, ICE would look for it for half a minute.
        const dtls = pc.sctp?.transport
        if (dtls) dtls.onstatechange = () => /closed|failed/.test(dtls.state) && this.#failed()
        this.#connected?.()
      } else if (connectionState === 'disconnected') this.#lost = setTimeout(() => this.#failed(), DISCONNECTED_TIME)
      else if (/closed|failed/.test(connectionState)) this.#failed()
    }
  }

  #tellConnected() {
    if (!this.#isConnected) this.#send(Command.PEER_CONNECTED, this.#link)
    this.#isConnected = true
  }

  async #describe(description) {
    this.#send(Command.DESCRIBED, this.#link, 0, utf8(description.sdp))
    await this.#pc.setLocalDescription(description)
  }

  async #take(type, sdp) {
    try { await this.#pc.setRemoteDescription({ type, sdp: checkedDescription(sdp) }) } catch (cause) {
      throw Object.assign(new Error('the browser rejected the description', { cause }), { isRefused: true })
    }
  }

  offer() {
    this.#step(async () => {
      const pc = this.#pc, init = this.#init = pc.createDataChannel('init')
      // A remote that closes the channel on sight has opened it.
      init.onopen = init.onclose = init.onclosing = this.#connected = () => {
        if (pc.connectionState !== 'connected' || init.readyState === 'connecting') return
        init.close()
        this.#tellConnected()
      }
      await this.#describe(await pc.createOffer())
    })
  }

  answer(sdp) {
    this.#step(async () => {
      this.#connected = this.#tellConnected
      await this.#take('offer', sdp)
      await this.#describe(await this.#pc.createAnswer())
    })
  }

  accept(sdp) { this.#step(() => this.#take('answer', sdp)) }

  /** What cannot be used (another machine's `.local` name, another browser's extension) is left out: others may do. */
  candidate(text) {
    this.#step(async () => {
      this.#candidates.remote += 1
      try {
        const { candidate, sdpMid, sdpMLineIndex } = JSON.parse(text)
        if (isCandidate(candidate)) await this.#pc.addIceCandidate({ candidate, sdpMid, sdpMLineIndex })
      } catch {}
    })
  }

  /** `/webrtc-direct`: `certificate` is the hash that the address names. */
  dial(address, certificate) {
    this.#step(async () => {
      const channel = this.#pc.createDataChannel('', { negotiated: true, id: 0 })
      const { secret, fingerprint } = await describeDialler(this.#pc)
      channel.onopen = () => this.#send(Command.PEER_DIALLED, this.#link, 0, fingerprint)
      this.channels.adopt(channel, 0)
      await this.#pc.setRemoteDescription({ type: 'answer', sdp: serverDescription(address, secret, certificate) })
    })
  }

  /** Answers how far it came. */
  close() {
    const pc = this.#pc, init = this.#init
    this.#isClosed = true
    clearTimeout(this.#lost)
    const report = {
      candidates: this.#candidates, ice: pc?.iceConnectionState ?? 'new', state: pc?.connectionState ?? 'new',
      milliseconds: Math.round(performance.now() - this.#began), ...this.#cause && { cause: this.#cause },
    }
    if (pc) {
      pc.onicecandidate = pc.ondatachannel = pc.onconnectionstatechange = null
      if (pc.sctp?.transport) pc.sctp.transport.onstatechange = null
      if (init) init.onopen = init.onclose = null
      this.channels.silence()
      pc.close()
    }
    return report
  }
}
