#if !hasFeature(Embedded)
    // What the address of a WebSocket says of the request (multiaddr's protocols/http-path.md, websockets/README.md). A page's browser
    // makes the request itself.
    extension Multiaddr {
        /// What a client asks a WebSocket's server for: the path with a slash at its beginning, whether it was written with one or not, and
        /// percent-encoded where HTTP needs it. `/` without a path.
        public var requestTarget: [UInt8] {
            var target: [UInt8] = []
            for byte in httpPath ?? [] {
                // A query may stand behind the path, and a percent sign was written twice to get here.
                if byte > 0x20, byte < 0x7f, byte != UInt8(ascii: "#") {
                    target.append(byte)
                } else {
                    target += [UInt8](utf8: byte < 16 ? "%0" : "%") + Array(String(byte, radix: 16, uppercase: true).utf8)
                }
            }
            return target.first == UInt8(ascii: "/") ? target : [UInt8(ascii: "/")] + target
        }

        /// The port of a WebSocket whose address names none. nil: it is none.
        public var webSocketPort: UInt16? {
            guard case .webSocket(let isSecure) = transport else { return nil }
            return isSecure ? 443 : 80
        }

        /// The same address with the peer id at its end, if a path is there: both orders mean the same.
        public var withPathBeforePeerID: Multiaddr {
            let parts = components
            guard parts.count > 1, let path = parts.last, path.code == MultiaddrCode.httpPath,
                parts[parts.count - 2].code == MultiaddrCode.p2p
            else { return self }
            var out: [UInt8] = []
            for part in parts.dropLast(2) + [path, parts[parts.count - 2]] { Self.append(part.code, part.value, to: &out) }
            return Multiaddr(unchecked: out)
        }
    }
#endif
