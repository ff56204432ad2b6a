/// What tells TCP connections apart at one host: both addresses, as that host knows them. NATs show the two hosts different ones.
struct SocketEndpoints: Hashable {
    let local: SimulatedAddress
    let remote: SimulatedAddress
}
