#if os(Linux)
    import CGNU
#endif

/// glibc's allocator, told what kind of program this is.
enum Memory {
    /// Once a process. Big arrays come and go: by default each costs page faults anew, as the freed top of the heap goes back to the system
    /// at once. And few arenas: each loop's thread would keep one of its own.
    static let tuned: Void = {
        #if os(Linux)
            _ = mallopt(M_MMAP_THRESHOLD, 32 << 20)
            _ = mallopt(M_TRIM_THRESHOLD, 64 << 20)
            _ = mallopt(M_ARENA_MAX, 4)
        #endif
    }()

    /// Gives freed memory back: after many connections came or went their handshakes' memory would stay as it lies between what lives.
    static func trim() {
        #if os(Linux)
            _ = malloc_trim(0)
        #endif
    }
}
