// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "examples", platforms: [.macOS(.v26)], dependencies: [.package(name: "causeway", path: "..")],
    targets: ["Echo", "Chat", "Copy"].map { name in
        .executableTarget(
            name: name, dependencies: [.product(name: "Causeway", package: "causeway")], swiftSettings: [.treatAllWarnings(as: .error)])
    })
