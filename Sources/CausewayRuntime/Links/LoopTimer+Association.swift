public import CausewayIdentity
public import CausewayWebRTC

extension LoopTimer: AssociationTimer {
    public func start(after interval: Interval) { start(afterNanoseconds: interval.nanoseconds) }
}
