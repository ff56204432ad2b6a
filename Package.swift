// swift-tools-version: 6.2
import PackageDescription

// One source tree, two builds:
//   swift build, swift test     native: system libraries through pkg-config
//   Scripts/build-wasm.sh       the core as Embedded Swift for the browser: a module of all sources, without this manifest

let strict: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]
let tests: [SwiftSetting] = [.treatAllWarnings(as: .error)]
// Native builds say where the core leaves the Embedded subset (weak, unowned, untyped throws ...).
let core: [SwiftSetting] = strict + [.treatWarning("EmbeddedRestrictions", as: .error)]

func system(_ name: String, _ pkgConfig: String, apt: String, brew: String) -> Target {
    .systemLibrary(
        name: name, path: "Sources/System/\(name)", pkgConfig: pkgConfig, providers: [.apt([apt]), .brew([brew])])
}

let api: Target.Dependency = "Causeway"
let targets: [Target] = [
    // One header, two implementations: the browser's is wasm.c.
    .target(name: "CCrypto", dependencies: ["CSodium", "COpenSSL"], exclude: ["wasm.c"]),
    .target(name: "CausewayIdentity", dependencies: ["CCrypto"], swiftSettings: core),
    .target(name: "CausewayConnection", dependencies: ["CCrypto", "CausewayIdentity"], swiftSettings: core),
    .target(name: "CausewayNode", dependencies: ["CausewayConnection", "CausewayIdentity"], swiftSettings: core),
    .target(name: "CausewayWebRTC", dependencies: ["CausewayConnection", "CausewayIdentity"], swiftSettings: core),
    .target(name: "CausewayLocalNetwork", dependencies: ["CausewayIdentity", "CausewayNode"], swiftSettings: core),
    // Fixed runs of the core, compared natively and in Wasm.
    .target(
        name: "CausewayTrace", dependencies: ["CausewayIdentity", "CausewayConnection", "CausewayNode"], path: "Tests/Trace",
        exclude: ["digests.json"], swiftSettings: core),
    system("CUV", "libuv", apt: "libuv1-dev", brew: "libuv"),
    system("COpenSSL", "openssl", apt: "libssl-dev", brew: "openssl@3"),
    system("CSodium", "libsodium", apt: "libsodium-dev", brew: "libsodium"),
    system("CAres", "libcares", apt: "libc-ares-dev", brew: "c-ares"),
    .systemLibrary(name: "CGNU", path: "Sources/System/CGNU"),
    .target(name: "CDatagrams"),
    .target(name: "CausewayTLS", dependencies: ["COpenSSL", "CausewayIdentity", "CausewayWebRTC"], swiftSettings: strict),
    .target(
        name: "CausewayRuntime",
        dependencies: [
            "CUV", "CAres", .target(name: "CGNU", condition: .when(platforms: [.linux])), "CDatagrams", "CausewayTLS", "CausewayIdentity",
            "CausewayConnection", "CausewayNode", "CausewayWebRTC", "CausewayLocalNetwork",
        ],
        swiftSettings: strict),
    .target(
        name: "CausewaySimulation", dependencies: ["CausewayIdentity", "CausewayConnection", "CausewayNode", "CausewayWebRTC"],
        swiftSettings: strict),
    .target(
        name: "Causeway",
        dependencies: ["CausewayRuntime", "CausewayTLS", "CausewayWebRTC", "CausewayIdentity", "CausewayConnection", "CausewayNode"],
        swiftSettings: strict),
    .executableTarget(name: "CausewayCLI", dependencies: [api], swiftSettings: strict),
    .executableTarget(name: "CausewayTestPeer", dependencies: [api], swiftSettings: strict),
    // Benchmarks/datagrams.sh
    .executableTarget(
        name: "DatagramBench", dependencies: ["CausewayRuntime", "CausewayIdentity"], path: "Benchmarks/Datagrams", swiftSettings: strict),
    // Benchmarks/allocations.sh
    .target(name: "CountedMalloc", path: "Benchmarks/CountedMalloc"),
    .executableTarget(
        name: "AllocationBench", dependencies: [api, "CountedMalloc"], path: "Benchmarks/Allocations", swiftSettings: strict),
    .testTarget(name: "CausewayIdentityTests", dependencies: ["CausewayIdentity", "CCrypto"], swiftSettings: tests),
    .testTarget(name: "CausewayConnectionTests", dependencies: ["CausewayConnection", "CausewayIdentity"], swiftSettings: tests),
    .testTarget(
        name: "CausewayNodeTests", dependencies: ["CausewayNode", "CausewayConnection", "CausewayIdentity", "CausewayTrace"],
        swiftSettings: tests),
    .testTarget(name: "CausewayWebRTCTests", dependencies: ["CausewayWebRTC", "CausewayIdentity"], swiftSettings: tests),
    .testTarget(
        name: "CausewayLocalNetworkTests", dependencies: ["CausewayLocalNetwork", "CausewayNode", "CausewayIdentity"],
        swiftSettings: tests),
    .testTarget(
        name: "CausewayTLSTests",
        dependencies: ["CausewayTLS", "CausewayWebRTC", "CausewayConnection", "CausewayIdentity", "CausewaySimulation", "COpenSSL"],
        swiftSettings: tests),
    .testTarget(
        name: "CausewayRuntimeTests",
        dependencies: [
            "CausewayRuntime", "CausewayTLS", "CausewayWebRTC", "CausewayLocalNetwork", "CausewayNode", "CausewayConnection",
            "CausewayIdentity",
            "COpenSSL", "CDatagrams",
        ], swiftSettings: tests),
    .testTarget(
        name: "CausewaySimulationTests",
        dependencies: [
            "CausewaySimulation", "CausewayTLS", "CausewayWebRTC", "CausewayNode", "CausewayConnection", "CausewayIdentity",
        ], swiftSettings: tests),
    .testTarget(name: "CausewayTests", dependencies: [api, "CausewayConnection", "CausewayRuntime", "CausewayNode"], swiftSettings: tests),
    .testTarget(name: "CausewayCLITests", dependencies: ["CausewayCLI", api], swiftSettings: tests),
    .testTarget(
        name: "InteropTests", dependencies: [api, "CausewayConnection", "CausewayTLS", "CausewayIdentity"], swiftSettings: tests),
    .testTarget(name: "TraceTests", dependencies: ["CausewayTrace", "CausewayIdentity"], swiftSettings: tests),
    .testTarget(name: "StyleTests", swiftSettings: tests),
]
let products: [Product] = [
    .library(name: "Causeway", targets: ["Causeway"]),
    .library(
        name: "CausewayCore", targets: ["CausewayIdentity", "CausewayConnection", "CausewayNode", "CausewayWebRTC", "CausewayLocalNetwork"]),
    .library(name: "CausewaySimulation", targets: ["CausewaySimulation"]),
    .library(name: "CausewayTLS", targets: ["CausewayTLS"]),
    .executable(name: "causeway", targets: ["CausewayCLI"]),
    .executable(name: "causeway-testpeer", targets: ["CausewayTestPeer"]),
]

let package = Package(name: "causeway", platforms: [.macOS(.v26)], products: products, targets: targets)
