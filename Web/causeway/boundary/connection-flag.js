// Made of Sources/CausewayWeb/Boundary.swift by Scripts/boundary.py, which makes it again when that has changed.
//
// What a connection is.

export const INBOUND = 1
export const LIMITED = 2
