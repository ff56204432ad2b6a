/// What the shell of a connection of data channels has told and nobody has looked at yet.
enum DataChannelInput {
    case opened(UInt32)
    case ready(UInt32)
    /// A message that came before the remote was authenticated.
    case received(UInt32, [UInt8])
    case drained(UInt32, buffered: Int)
    case closed(UInt32)
}
