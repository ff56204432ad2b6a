// Made of Sources/CausewayWeb/Boundary.swift by Scripts/boundary.py, which makes it again when that has changed.
//
// What became of a reservation.

/** By number. */
export const NAMES = `made refreshed lost failed`.split(/\s+/)
