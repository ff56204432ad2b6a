import CausewayIdentity

/// The first check of an association of `/webrtc-direct`, proven by the credentials in it (webrtc/webrtc-direct.md). It is read where it
/// lies, so what is wrong costs no memory. Who made the credentials is proven by nothing.
struct DirectRequest {
    let message: STUNMessage
    private let server: UnsafeRawBufferPointer
    private let dialler: UnsafeRawBufferPointer
    private let password: UnsafeRawBufferPointer

    init(_ datagram: UnsafeRawBufferPointer) throws(DirectRequestError) {
        guard let message = try? STUNMessage(datagram), message.kind == .request, message.hasIntegrity,
            let username = message.value(.username), message.unknownAttributes.isEmpty
        else { throw .notACheck }
        guard let colon = BindingRequest.colon(in: username) else { throw .badUsername }
        self.message = message
        server = username.range(0, count: colon)
        dialler = username.range(colon + 1, count: username.count - colon - 1)
        guard Self.isFragment(server), Self.isFragment(dialler) else { throw .badUsername }
        guard let version = DirectVersion(fragment: server) else { throw .unknownVersion }
        password = version.diallerPassword(server: server, dialler: dialler)
        guard version == .one || ICECredentials.passwordLengths.contains(password.count) else { throw .badPassword }
        guard message.isIntact(password: server) else { throw .notIntact }
    }

    /// The server's own, which are what the dialler calls it.
    var local: ICECredentials { ICECredentials([UInt8](copying: server)) }
    var remote: ICECredentials { ICECredentials([UInt8](copying: dialler), [UInt8](copying: password)) }

    private static func isFragment(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard ICECredentials.fragmentLengths.contains(bytes.count) else { return false }
        for byte in bytes where !ICECredentials.isCharacter(byte) { return false }
        return true
    }
}
