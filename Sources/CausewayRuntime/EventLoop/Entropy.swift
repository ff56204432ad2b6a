import CUV
public import CausewayIdentity

/// The system's secure random source.
public enum Entropy {
    public static func bytes(_ count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { out, filled in
            // Without secrets, no key may be made, so the process cannot continue in any sensible way.
            must(uv_random(nil, nil, out.baseAddress, count, 0, nil))
            filled = count
        }
    }

    public static func secret(_ count: Int) -> Secret {
        Secret(count: count) { must(uv_random(nil, nil, $0, count, 0, nil)) }
    }

    public static func number() -> UInt64 { bytes(8).withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) } }
}
