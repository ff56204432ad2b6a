/// RFC 9260, section 4.
enum AssociationState {
    case closed
    case cookieWait
    case cookieEchoed
    case established
    case shutdownPending
    case shutdownSent
    case shutdownReceived
    case shutdownAcknowledgementSent
    /// It was open and is over.
    case ended

    /// The association does not stand yet.
    var isOpening: Bool {
        switch self {
        case .closed, .cookieWait, .cookieEchoed: true
        default: false
        }
    }

    /// Both sides know each other, and data may come.
    var takesData: Bool {
        switch self {
        case .established, .shutdownPending, .shutdownSent: true
        default: false
        }
    }

    /// What is queued may still be sent.
    var sendsData: Bool {
        switch self {
        case .established, .shutdownPending, .shutdownReceived: true
        default: false
        }
    }
}
