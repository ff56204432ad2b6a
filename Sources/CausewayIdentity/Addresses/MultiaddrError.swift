/// Which component of an address cannot be read, and why.
public struct MultiaddrError: Error, Equatable, Sendable {
    /// What is wrong with the component.
    public enum Reason: Error, Equatable, Sendable {
        case empty
        /// Text that does not begin with a slash.
        case noLeadingSlash
        case tooLong(limit: Int)
        /// A name or a code that is not in the table.
        case unknownProtocol
        /// The text or the bytes end where a value should stand, or it is empty.
        case missingValue
        /// A code or a length that is no varint in its shortest form.
        case malformedVarint
        /// A value that runs over the end of the bytes.
        case truncated
        /// No IPv4 or IPv6 address.
        case badIP
        /// No number from 0 to 65,535.
        case badPort
        /// No number in the range that the protocol has.
        case badNumber
        /// A host name, zone or path with characters that cannot stand there.
        case badName
        case badPeerID(PeerIDError)
        /// No onion or garlic address of the right length in its base, and (onion) a port from 1.
        case badOverlayAddress
        /// No multibase text of a multihash.
        case badCertificateHash
        /// Not percent-encoded.
        case badPath
    }

    /// Counted from 0.
    public let component: Int
    /// The protocol's name as written or known, the code's digits if it is unknown; empty if there is none.
    public let name: [UInt8]
    public let reason: Reason

    public init(component: Int, name: [UInt8], reason: Reason) {
        self.component = component
        self.name = name
        self.reason = reason
    }
}

#if !hasFeature(Embedded)
    extension MultiaddrError: CustomStringConvertible {
        /// One line for people.
        public var description: String {
            let place =
                name.isEmpty ? "multiaddr" : "component \(component + 1) (/\(String(decoding: name, as: UTF8.self))) of the multiaddr"
            return "\(place): \(why)"
        }

        private var why: String {
            switch reason {
            case .empty: "it is empty"
            case .noLeadingSlash: "it does not begin with /"
            case .tooLong(let limit): "it is longer than \(limit) bytes"
            case .unknownProtocol: "no such protocol"
            case .missingValue: "its value is missing"
            case .malformedVarint: "malformed varint"
            case .truncated: "its value is cut short"
            case .badIP: "not an IP address of this family"
            case .badPort: "not a port from 0 to 65535"
            case .badNumber: "not a number in range"
            case .badName: "not a name that can stand here"
            case .badPeerID(let error): "not a peer id (\(error))"
            case .badOverlayAddress: "not an address of this network"
            case .badCertificateHash: "not a multihash in multibase"
            case .badPath: "not a percent-encoded path"
            }
        }
    }
#endif
