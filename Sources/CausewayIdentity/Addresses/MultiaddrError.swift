/// The component of an address that cannot be read, and the reason.
public struct MultiaddrError: Error, Equatable, Sendable {
    /// What is wrong with the component.
    public enum Reason: Error, Equatable, Sendable {
        case empty
        /// The text does not begin with a slash.
        case noLeadingSlash
        case tooLong(limit: Int)
        /// The name or the code is not in the table.
        case unknownProtocol
        /// The text or the bytes end before the value, or the value is empty.
        case missingValue
        /// A code or a length is not a varint in its shortest form.
        case malformedVarint
        /// The value is longer than the remaining bytes.
        case truncated
        /// Not an IPv4 or IPv6 address.
        case badIP
        /// Not a number from 0 to 65,535.
        case badPort
        /// Not a number in the protocol's range.
        case badNumber
        /// A host name, zone or path with characters that are not allowed there.
        case badName
        case badPeerID(PeerIDError)
        /// Not an onion or garlic address of the right length and base, or (onion) its port is 0.
        case badOverlayAddress
        /// Not a multihash in multibase.
        case badCertificateHash
        /// Not percent-encoded.
        case badPath
    }

    /// Counted from 0.
    public let component: Int
    /// The protocol's name as written or known. If it is unknown, the code's digits. Empty: there is none.
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
        /// One line of text for people.
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
            case .unknownProtocol: "unknown protocol"
            case .missingValue: "its value is missing"
            case .malformedVarint: "malformed varint"
            case .truncated: "its value is cut short"
            case .badIP: "not an IP address of this family"
            case .badPort: "not a port from 0 to 65535"
            case .badNumber: "not a number in range"
            case .badName: "not a name that is allowed here"
            case .badPeerID(let error): "not a peer id (\(error))"
            case .badOverlayAddress: "not an address of this network"
            case .badCertificateHash: "not a multihash in multibase"
            case .badPath: "not a percent-encoded path"
            }
        }
    }
#endif
