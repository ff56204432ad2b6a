// Made of Sources/CausewayWeb/Boundary.swift by Scripts/boundary.py, which makes it again when that has changed.
//
// What is on or off in a node.

export const JSON_DISCOVERY = 1
export const PROTOBUF_DISCOVERY = 2
export const PLAIN_WEB_SOCKET = 4
export const GOSSIP = 8
export const FLOOD_PUBLISH = 16
export const PUBLISH_TO_NOBODY = 32
export const WEB_RTC = 64
