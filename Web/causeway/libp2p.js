// The way in for an application that was written for js-libp2p.

import { refuse } from './errors.js'
import { more } from './more.js'
import { createNode } from './node.js'

export const createLibp2p = async (options) => (await more()).createLibp2p(options, createNode, refuse)
