/// The responses of a WebSocket server.
enum WebSocketResponse {
    static func accepting(_ key: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        out.append(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " as StaticString)
        out.append(contentsOf: WebSocketKey.accept(for: key))
        out.append("\r\n\r\n" as StaticString)
        return out
    }

    static func refusing(_ fault: WebSocketFault) -> [UInt8] {
        switch fault {
        case .headTooLarge, .tooManyHeaders: closing("431 Request Header Fields Too Large", "", "Request head too large.\n")
        case .wrongMethod: closing("405 Method Not Allowed", "Allow: GET\r\n", "Only GET is served here.\n")
        case .wrongVersion: closing("426 Upgrade Required", "Sec-WebSocket-Version: 13\r\n", "WebSocket version 13 only.\n")
        case .notAnUpgrade, .missingConnection: closing("400 Bad Request", "", "This is a libp2p node: connect by WebSocket.\n")
        default: closing("400 Bad Request", "", "Not a valid WebSocket request.\n")
        }
    }

    private static func closing(_ status: StaticString, _ field: StaticString, _ text: StaticString) -> [UInt8] {
        var out: [UInt8] = []
        out.append("HTTP/1.1 " as StaticString)
        out.append(status)
        out.append("\r\n" as StaticString)
        out.append(field)
        out.append("Content-Type: text/plain\r\nConnection: close\r\nContent-Length: " as StaticString)
        // Every text above has 10 to 99 bytes.
        out.append(0x30 + UInt8(text.utf8CodeUnitCount / 10))
        out.append(0x30 + UInt8(text.utf8CodeUnitCount % 10))
        out.append("\r\n\r\n" as StaticString)
        out.append(text)
        return out
    }
}
