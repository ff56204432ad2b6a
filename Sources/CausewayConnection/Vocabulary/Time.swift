// Whoever knows connections counts time as they do, without asking where the words come from. The page's build has one module for all.
#if !hasFeature(Embedded)
    @_exported public import struct CausewayIdentity.Instant
    @_exported public import struct CausewayIdentity.Interval
#endif
