#if os(Linux)
    import CGNU
#endif

/// Settings of glibc's allocator for this kind of program.
enum Memory {
    /// Done once in a process. Big arrays come and go. By default, each costs page faults again, because the freed top of the heap goes
    /// back to the system at once. And there should be few arenas: each loop's thread would otherwise keep one of its own.
    static let tuned: Void = {
        #if os(Linux)
            _ = mallopt(M_MMAP_THRESHOLD, 32 << 20)
            _ = mallopt(M_TRIM_THRESHOLD, 64 << 20)
            _ = mallopt(M_ARENA_MAX, 4)
        #endif
    }()

    /// Gives freed memory back to the system. After many connections came and went, the memory of their handshakes would otherwise stay
    /// between what is still in use.
    static func trim() {
        #if os(Linux)
            _ = malloc_trim(0)
        #endif
    }
}
