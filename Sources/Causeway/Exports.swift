// The types that the public API uses, so that `import Causeway` is enough. The core's own `Node` and `Link` stay internal.
@_exported public import CausewayIdentity

@_exported public import struct CausewayConnection.CircuitLimit
@_exported public import enum CausewayConnection.CloseReason
@_exported public import enum CausewayConnection.ConnectionError
@_exported public import struct CausewayConnection.ConnectionLimits
@_exported public import struct CausewayConnection.Interval
@_exported public import enum CausewayConnection.LimitName
@_exported public import enum CausewayConnection.StreamError
@_exported public import enum CausewayNode.ConnectionPath
@_exported public import class CausewayNode.DialOutcome
@_exported public import enum CausewayNode.DiscoverySource
@_exported public import enum CausewayNode.IdentifyError
@_exported public import struct CausewayNode.NodeLimits
@_exported public import enum CausewayNode.PublishError
@_exported public import enum CausewayNode.RelayEvent
@_exported public import class CausewayNode.Reservation
@_exported public import struct CausewayNode.ReservationChange
@_exported public import enum CausewayNode.ReservationError
@_exported public import struct CausewayRuntime.PageLimits
