public import CausewayIdentity
import CausewayNode

/// How a gateway is found (UPnP Device Architecture 1.1, section 1.3): a question to a group, or to the gateway alone, and answers that
/// say where the description is.
public enum SSDP {
    /// 239.255.255.250, UDP port 1900.
    public static let group = Endpoint(ip: [239, 255, 255, 250], port: port)!
    public static let port: UInt16 = 1900

    /// Routers with version 2 answer to version 1 as well.
    static let device = "urn:schemas-upnp-org:device:InternetGatewayDevice:"

    static let search = Array(
        """
        M-SEARCH * HTTP/1.1\r
        HOST: 239.255.255.250:1900\r
        MAN: "ssdp:discover"\r
        MX: 1\r
        ST: \(device)1\r
        \r\n
        """.utf8)

    /// Where an answer says that a gateway's description is. nil: it is no answer about a gateway.
    static func location(in answer: [UInt8]) -> [UInt8]? {
        guard let head = HTTPHeadFields(answer[...]), head.status == 200, head["st"]?.hasPrefix(device) == true else { return nil }
        return head["location"].map { Array($0.utf8) }
    }
}
