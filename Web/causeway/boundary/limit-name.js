// Made of Sources/CausewayConnection/Vocabulary/ConnectionError.swift by Scripts/boundary.py, which makes it again when that has changed.
//
// Every limit that an error can name. Values and reasons are in `ConnectionLimits` and `NodeLimits`.

/** By number. */
export const NAMES = `streamsPerConnection streamsAwaitingAccept frameSize messageSize pendingControlFrames queuedBytesPerStream
  receiveWindow connections connectionsPerAddress connectionsPerNetwork pendingConnections descriptors reservations
  reservationsPerAddress reservationsPerNetwork circuits circuitsPerPeer circuitsPerSource circuitsPerAddress
  circuitBytes circuitDuration addressesPerPeer fruitlessStreams sentAhead heldPerConnection heldPerPeer heldPerPlace
  held`.split(/\s+/)
