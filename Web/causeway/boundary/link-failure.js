// Made of Sources/CausewayWeb/Boundary.swift by Scripts/boundary.py, which makes it again when that has changed.
//
// Why what carries a link failed. More than these is a number of bytes: a message was longer.

export const LOST = 0
// The browser does not take the remote's description.
export const BAD_DESCRIPTION = 1
