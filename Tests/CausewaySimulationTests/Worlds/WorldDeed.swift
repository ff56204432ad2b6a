import CausewayConnection
import CausewaySimulation

/// Something that happens in a drawn world, to actors by their numbers.
enum WorldDeed: Equatable {
    case connect(Int, to: Int)
    case connectThrough(relay: Int, Int, to: Int)
    case reserve(Int, at: Int)
    case release(Int, at: Int)
    case ping(Int, Int)
    /// The newest request of a node that has no answer yet is given up.
    case cancel(Int)
    case hangUp(Int, Int)
    case join(Int, String)
    case leave(Int, String)
    case publish(Int, String, size: Int)
    /// What each end does with it by itself; the number names the stream.
    case openStream(Int, opener: Int, to: Int, StreamScript, answeredBy: StreamScript)
    case pause(stream: Int, atOpener: Bool, Interval)
    case resetStream(Int, atOpener: Bool)
    /// Killed, or without power: nobody is told. It is started again later.
    case crash(Int, silently: Bool, Interval)
    /// All connections between two hosts are torn down, go silent for ever, or stand still for a while.
    case cut(Int, Int)
    case silence(Int, Int)
    case clog(Int, Int, Interval)
    /// Nothing that others begin gets through to a host for a while.
    case shut(Int, Interval)

    /// Who must be there for it.
    var actors: [Int] {
        switch self {
        case .connect(let one, let other), .reserve(let one, let other), .release(let one, let other), .ping(let one, let other),
            .hangUp(let one, let other), .cut(let one, let other), .silence(let one, let other), .clog(let one, let other, _):
            [one, other]
        case .connectThrough(let relay, let one, let other): [relay, one, other]
        case .openStream(_, let one, let other, _, _): [one, other]
        case .cancel(let one), .join(let one, _), .leave(let one, _), .publish(let one, _, _), .crash(let one, _, _), .shut(let one, _):
            [one]
        case .pause, .resetStream: []
        }
    }

    /// In words, with the actors' names.
    func text(_ name: (Int) -> String) -> String {
        switch self {
        case .connect(let one, let other): "\(name(one)) connects to \(name(other))"
        case .connectThrough(let relay, let one, let other): "\(name(one)) connects to \(name(other)) through \(name(relay))"
        case .reserve(let one, let relay): "\(name(one)) reserves at \(name(relay))"
        case .release(let one, let relay): "\(name(one)) gives its reservation at \(name(relay)) up"
        case .ping(let one, let other): "\(name(one)) pings \(name(other))"
        case .cancel(let one): "\(name(one)) cancels its newest request"
        case .hangUp(let one, let other): "\(name(one)) hangs up on \(name(other))"
        case .join(let one, let topic): "\(name(one)) joins \(topic)"
        case .leave(let one, let topic): "\(name(one)) leaves \(topic)"
        case .publish(let one, let topic, let size): "\(name(one)) publishes \(size) bytes on \(topic)"
        case .openStream(let number, let one, let other, let script, let answer):
            "\(name(one)) opens stream \(number) to \(name(other)): \(script), answered by \(answer)"
        case .pause(let stream, let atOpener, let time):
            "stream \(stream)'s \(atOpener ? "opener" : "far end") does not read for \(time.milliseconds) ms"
        case .resetStream(let stream, let atOpener): "stream \(stream)'s \(atOpener ? "opener" : "far end") resets it"
        case .crash(let one, let silently, let time): "\(name(one)) \(silently ? "vanishes" : "is killed") for \(time.milliseconds) ms"
        case .cut(let one, let other): "connections between \(name(one)) and \(name(other)) are cut"
        case .silence(let one, let other): "connections between \(name(one)) and \(name(other)) go silent"
        case .clog(let one, let other, let time):
            "connections between \(name(one)) and \(name(other)) stand still for \(time.milliseconds) ms"
        case .shut(let one, let time): "\(name(one)) lets nobody in for \(time.milliseconds) ms"
        }
    }
}
