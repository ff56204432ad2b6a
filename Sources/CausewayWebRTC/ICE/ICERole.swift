/// Who decides which pair is used (RFC 8445, section 4).
public enum ICERole: Sendable {
    case controlling, controlled

    var other: ICERole { self == .controlling ? .controlled : .controlling }
    /// The attribute by which a check claims the role.
    var attribute: STUNAttribute { self == .controlling ? .iceControlling : .iceControlled }
}
