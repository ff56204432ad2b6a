@_extern(wasm, module: "host", name: "log")
private func hostLog(_ text: UnsafePointer<UInt8>?, _ count: Int32)

/// A line for whoever runs the tests.
func log(_ text: StaticString) { hostLog(text.utf8Start, Int32(text.utf8CodeUnitCount)) }
