// Made of Sources/CausewayWeb/Boundary.swift by Scripts/boundary.py, which makes it again when that has changed.
//
// What is on or off in a node.

export const LISTEN_ONLY = 1
export const PLAIN_WEB_SOCKET = 2
export const GOSSIP = 4
export const FLOOD_PUBLISH = 8
export const PUBLISH_TO_NOBODY = 16
export const WEB_RTC = 32
