import CCrypto
import CausewayIdentity

/// What `primitive` can do. Tests call it with published vectors, so that what passes natively passes in Wasm, too.
private enum Primitive: Int32 {
    case sha256 = 0, sha512, hmac, seal, open, agree, verify, addressFromText, addressToText, peerFromText, peerToText
    case multibaseDecode, multibaseEncode, sign
}

nonisolated(unsafe) private var answer: [UInt8] = []

func setAnswer(_ bytes: [UInt8]) { answer = bytes }

private let refused: Int32 = -1
private let unsupported: Int32 = -2

/// Arguments are byte strings, each behind its length as four bytes, little-endian. Answers how many bytes `answer_bytes` then holds,
/// -1 if the input was refused, -2 if this build does not know the algorithm.
@_expose(wasm, "primitive") @_cdecl("primitive")
public func primitive(_ what: Int32, _ input: UnsafePointer<UInt8>, _ count: Int32) -> Int32 {
    guard let primitive = Primitive(rawValue: what), let arguments = split(UnsafeBufferPointer(start: input, count: Int(count))) else {
        return refused
    }
    let result: [UInt8]?
    do throws(KeyError) {
        result = try run(primitive, arguments)
    } catch {
        if case .unsupported = error { return unsupported }
        return refused
    }
    guard let result else { return refused }
    answer = result
    return Int32(result.count)
}

/// Copies the last answer to `output`.
@_expose(wasm, "answer_bytes") @_cdecl("answer_bytes")
public func answerBytes(_ output: UnsafeMutablePointer<UInt8>) {
    answer.withUnsafeBytes { bytes in
        if let base = bytes.baseAddress { UnsafeMutableRawPointer(output).copyMemory(from: base, byteCount: bytes.count) }
    }
}

private func split(_ input: UnsafeBufferPointer<UInt8>) -> [[UInt8]]? {
    var arguments: [[UInt8]] = []
    var position = 0
    while position < input.count {
        guard input.count - position >= 4 else { return nil }
        var length: UInt32 = 0
        for index in 0..<4 { length |= UInt32(input[position + index]) << UInt32(8 * index) }
        position += 4
        guard UInt64(length) <= UInt64(input.count - position) else { return nil }
        let part = UnsafeBufferPointer(rebasing: input[position..<position + Int(length)])
        arguments.append([UInt8](copying: UnsafeRawBufferPointer(part)))
        position += Int(length)
    }
    return arguments
}

private func run(_ primitive: Primitive, _ arguments: [[UInt8]]) throws(KeyError) -> [UInt8]? {
    var arguments = arguments
    while arguments.count < 4 { arguments.append([]) }
    let first = arguments[0]
    switch primitive {
    case .sha256: return SHA256.hash(first)
    case .sha512: return SHA512.hash(first)
    case .hmac:
        var tag = [UInt8](repeating: 0, count: SHA256.length)
        cc_hmac_sha256(&tag, first, first.count, arguments[1], arguments[1].count)
        return tag
    case .seal, .open: return cipher(primitive == .seal, key: first, nonce: arguments[1], ad: arguments[2], arguments[3])
    case .agree: return first.count == 32 ? X25519.agree(secret: Secret(first), peer: arguments[1])?[0..<32] : nil
    case .verify:
        guard let kind = first.first, let kind = PublicKey.Kind(rawValue: kind) else { return nil }
        return try PublicKey(kind, data: arguments[1]).verify(arguments[2], of: arguments[3]) ? [] : nil
    case .addressFromText: return (try? Multiaddr(text: first))?.bytes
    case .addressToText: return (try? Multiaddr(bytes: first))?.text
    case .peerFromText: return (try? PeerID(text: first))?.bytes
    case .peerToText: return (try? PeerID(first))?.text
    case .multibaseDecode: return Multibase.decode(first)
    case .multibaseEncode:
        guard let letter = first.first, let base = Multibase(rawValue: letter) else { return nil }
        return base.encode(arguments[1])
    case .sign: return try PrivateKey(ed25519Seed: first).sign(arguments[1])
    }
}

private func cipher(_ seals: Bool, key: [UInt8], nonce: [UInt8], ad: [UInt8], _ message: [UInt8]) -> [UInt8]? {
    guard key.count == 32, nonce.count == 12, seals || message.count >= 16 else { return nil }
    var out = [UInt8](repeating: 0, count: seals ? message.count + 16 : message.count - 16)
    if seals {
        cc_aead_seal_nonce(&out, key, nonce, ad, ad.count, message, message.count, nil, 0)
        return out
    }
    return cc_aead_open_nonce(&out, key, nonce, ad, ad.count, message, message.count) == 1 ? out : nil
}
