// swift-tools-version: 6.2
import PackageDescription

// One libFuzzer program per codec: Sources/NAME/NAME.swift and seeds in Corpus/NAME. To add one, make the folder and name it here.
// Built and run by run.sh, which gives the flags that also instrument the library.
let names = [
    "Multiaddr", "PeerID", "PublicKey", "SignedEnvelope", "Protobuf", "Varint", "JSON", "NoisePayload", "Upgrade", "Streams",
    "Multistream", "Yamux", "DataChannel", "WebSocket", "HTTPHead", "Identify", "HopCodec", "Relay", "AutoNAT", "Signalling", "HolePunch",
    "Gossip", "Discovery", "Node", "NodeRequests", "STUN", "SDP", "Demultiplexer", "Newcomers", "DTLS", "SCTPPackets", "SCTPOperations",
    "DCEP", "PortMapping", "MulticastDNS", "Resumption",
]
let sanitize = ["-sanitize=fuzzer,address"]

let package = Package(
    name: "fuzz", platforms: [.macOS(.v26)],
    dependencies: [.package(name: "causeway", path: "..")],
    targets: [.target(name: "FuzzDriver", path: "Driver")]
        + names.map { name in
            .executableTarget(
                name: "Fuzz\(name)",
                dependencies: ["FuzzDriver", .product(name: name == "DTLS" ? "CausewayTLS" : "CausewayCore", package: "causeway")],
                path: "Sources/\(name)",
                swiftSettings: [.unsafeFlags(sanitize + ["-parse-as-library"])], linkerSettings: [.unsafeFlags(sanitize)])
        })
