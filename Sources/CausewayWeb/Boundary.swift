// The boundary to JavaScript: flat functions over (pointer, length). Built for Wasm only.

@_extern(wasm, module: "host", name: "log")
func hostLog(_ text: UnsafePointer<UInt8>?, _ count: Int32)

func log(_ text: StaticString) { hostLog(text.utf8Start, Int32(text.utf8CodeUnitCount)) }

@_expose(wasm, "buffer_allocate") @_cdecl("buffer_allocate")
public func allocateBuffer(_ count: Int32) -> UnsafeMutablePointer<UInt8> { .allocate(capacity: Int(count)) }

@_expose(wasm, "buffer_free") @_cdecl("buffer_free")
public func freeBuffer(_ buffer: UnsafeMutablePointer<UInt8>) { buffer.deallocate() }
