import CausewayIdentity
import Testing

@testable import CausewayRuntime

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

private let loopback4: [UInt8] = [127, 0, 0, 1]
private let loopback6: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]

private func limits(offload: Bool, batch: Int = 64) -> DatagramLimits {
    var limits = DatagramLimits()
    limits.usesOffload = offload
    limits.batch = batch
    return limits
}

/// The n-th datagram of a test: runs of equal length with shorter ones between them, empty ones, and the longest.
private func payload(_ number: Int) -> [UInt8] {
    let size = number % 50 == 49 ? 9000 : number % 20 == 19 ? 0 : number % 10 == 9 ? 300 : 1200
    return (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ number) }
}

/// The system's number for a socket, which no other has meanwhile; a descriptor is another test's in a moment.
private func socketNumber(_ file: Int32) -> UInt64 {
    var status = stat()
    fstat(file, &status)
    return UInt64(status.st_ino)
}

private func isOpen(_ number: UInt64) -> Bool {
    (0..<4096 as Range<Int32>).contains { file in
        var status = stat()
        return fstat(file, &status) == 0 && status.st_mode & S_IFMT == S_IFSOCK && UInt64(status.st_ino) == number
    }
}

@Suite("Datagram sockets", .timeLimit(.minutes(1))) struct DatagramSocketTests {
    @Test(arguments: [false, true], [1, 64])
    func datagramsArriveWholeAndInOrder(offload: Bool, batch: Int) async throws {
        for (ip, target) in [(loopback4, loopback4), (loopback6, loopback6), ([UInt8](repeating: 0, count: 16), loopback4)] {
            try await withDatagramLoop { loop in
                let receiver = try await loop.datagramSocket(at: ip, dualStack: ip != target, limits(offload: offload, batch: batch))
                let sender = try await loop.datagramSocket(at: target, limits(offload: offload, batch: batch))
                let port = await loop.perform { receiver.socket!.localEndpoint.port }
                // In portions, which the kernel's buffers hold.
                for first in stride(from: 0, to: 400, by: 40) {
                    await loop.perform {
                        for number in first..<first + 40 {
                            try? sender.socket!.send(payload(number), to: Endpoint(ip: target, port: port)!)
                        }
                    }
                    await receiver.wait { $0.received.count >= first + 40 }
                }
                let (received, from) = await loop.perform { (receiver.received, sender.socket!.localEndpoint) }
                #expect(received.map(\.bytes) == (0..<400).map(payload))
                #expect(received.allSatisfy { $0.remote == from })
            }
        }
    }

    @Test func batchesAndRunsSaveSystemCalls() async throws {
        try await withDatagramLoop { loop in
            for (offload, batch) in [(false, 1), (false, 64), (true, 64)] {
                let receiver = try await loop.datagramSocket(limits(offload: offload, batch: batch))
                let sender = try await loop.datagramSocket(limits(offload: offload, batch: batch))
                await loop.perform {
                    for _ in 0..<100 { try? sender.socket!.send([UInt8](repeating: 1, count: 1000), to: receiver.socket!.localEndpoint) }
                }
                await receiver.wait { $0.received.count == 100 }
                let (sent, received, offloaded) = await loop.perform {
                    (sender.socket!.counts, receiver.socket!.counts, sender.socket!.offload)
                }
                #expect(sent.sent == 100 && received.received == 100)
                #if os(Linux)
                    let calls: UInt64 = batch == 1 ? 100 : offloaded.cuts ? 1 : 2
                    #expect(sent.sendCalls == calls, "\(sent), offload \(offloaded)")
                    if batch == 64 { #expect(received.receiveCalls <= 10, "\(received)") } else { #expect(received.receiveCalls == 100) }
                #endif
            }
        }
    }

    #if os(Linux)
        /// What a socket finds out at its start may be wrong later: here the kernel refuses to cut because no checksums are wanted.
        @Test func aKernelThatRefusesToCutGetsDatagramsOneByOne() async throws {
            try await withDatagramLoop { loop in
                let receiver = try await loop.datagramSocket()
                let sender = try await loop.datagramSocket()
                let cuts = await loop.perform {
                    var on: Int32 = 1
                    setsockopt(sender.socket!.file, SOL_SOCKET, SO_NO_CHECK, &on, socklen_t(MemoryLayout<Int32>.size))
                    for number in 0..<45 { try? sender.socket!.send(payload(number), to: receiver.socket!.localEndpoint) }
                    return sender.socket!.offload.cuts
                }
                await receiver.wait { $0.received.count == 45 }
                let (received, cutsThen) = await loop.perform { (receiver.received, sender.socket!.offload.cuts) }
                #expect(received.map(\.bytes) == (0..<45).map(payload))
                #expect(cuts && !cutsThen)
            }
        }
    #endif

    @Test func theQueueHasABoundAndTellsWhenThereIsRoom() async throws {
        try await withDatagramLoop { loop in
            var limits = DatagramLimits()
            limits.queuedDatagrams = 10
            let receiver = try await loop.datagramSocket()
            let sender = try await loop.datagramSocket(limits)
            let refusals = await loop.perform {
                let socket = sender.socket!
                let system = socket.transmit
                // The kernel takes nothing at first.
                var refusals = 1
                socket.transmit = { file, family, memory, runs, count in
                    refusals -= 1
                    return refusals < 0 ? system(file, family, memory, runs, count) : -EAGAIN
                }
                return (0..<30).count { number in
                    do throws(DatagramError) {
                        try socket.send([UInt8(number)], to: receiver.socket!.localEndpoint)
                        return false
                    } catch {
                        return error == .queueFull(limit: 10)
                    }
                }
            }
            #expect(refusals == 20)
            await sender.wait { $0.writableCount == 1 }
            await receiver.wait { $0.received.count == 10 }
            let (received, counts) = await loop.perform { (receiver.received, sender.socket!.counts) }
            #expect(received.map(\.bytes) == (0..<10).map { [UInt8($0)] })
            #expect(counts.refused == 20 && counts.sent == 10)
        }
    }

    @Test func whatWaitsLeavesWhenTheSocketIsClosed() async throws {
        try await withDatagramLoop { loop in
            let receiver = try await loop.datagramSocket()
            var sender: DatagramRecorder? = try await loop.datagramSocket()
            weak let gone = sender
            let inode = await loop.perform { [sender] in
                let socket = sender!.socket!
                let inode = socketNumber(socket.file)
                for number in 0..<45 { try? socket.send(payload(number), to: receiver.socket!.localEndpoint) }
                socket.close()
                #expect(throws: DatagramError.closed) { try socket.send([1], to: receiver.socket!.localEndpoint) }
                sender!.socket = nil
                return inode
            }
            sender = nil
            await receiver.wait { $0.received.count == 45 }
            #expect(await loop.perform { receiver.received.map(\.bytes) } == (0..<45).map(payload))
            // Its close is called back in the next turn of the loop.
            while gone != nil { await loop.perform {} }
            #expect(!isOpen(inode))
        }
    }

    @Test(arguments: [false, true]) func anOwnerMayCloseWhileItReceives(offload: Bool) async throws {
        try await withDatagramLoop { loop in
            let receiver = try await loop.datagramSocket(limits(offload: offload))
            let sender = try await loop.datagramSocket()
            await loop.perform {
                receiver.whenReceived = { if receiver.received.count == 3 { receiver.socket!.close() } }
                for _ in 0..<20 { try? sender.socket!.send([UInt8](repeating: 1, count: 100), to: receiver.socket!.localEndpoint) }
            }
            await receiver.wait { $0.received.count == 3 }
            // Another socket's datagrams come later than what was handed out of the batch.
            let probe = try await loop.datagramSocket()
            await loop.perform { try? sender.socket!.send([1], to: probe.socket!.localEndpoint) }
            await probe.wait { $0.received.count == 1 }
            #expect(await loop.perform { receiver.received.count } == 3)
        }
    }

    @Test(arguments: [false, true]) func longDatagramsAreRefusedAndDropped(offload: Bool) async throws {
        try await withDatagramLoop { loop in
            var short = limits(offload: offload)
            short.datagramSize = 1000
            let receiver = try await loop.datagramSocket(short)
            let sender = try await loop.datagramSocket(limits(offload: offload))
            await loop.perform {
                let target = receiver.socket!.localEndpoint
                #expect(throws: DatagramError.tooLong(limit: 1000)) {
                    try receiver.socket!.send([UInt8](repeating: 0, count: 1001), to: target)
                }
                for size in [1001, 1000, 9000, 1] { try? sender.socket!.send([UInt8](repeating: 7, count: size), to: target) }
            }
            await receiver.wait { $0.received.count == 2 }
            let (received, counts) = await loop.perform { (receiver.received, receiver.socket!.counts) }
            #expect(received.map(\.bytes.count) == [1000, 1] && counts.tooLong == 2)
        }
    }

    @Test func errorsSayWhatIsWrong() async throws {
        try await withDatagramLoop { loop in
            let four = try await loop.datagramSocket()
            let six = try await loop.datagramSocket(at: loopback6)
            await loop.perform {
                let (four, six) = (four.socket!, six.socket!)
                #expect(throws: DatagramError.wrongFamily) { try four.send([1], to: six.localEndpoint) }
                #expect(throws: DatagramError.wrongFamily) { try six.send([1], to: four.localEndpoint) }
                #expect(throws: DatagramError.system(errno: EADDRINUSE)) { try DatagramSocket(on: loop, at: four.localEndpoint) }
                // Broadcast needs a permission that the socket has not, or a route: the datagram is lost, the next is not.
                try? four.send([1], to: Endpoint(ip: [255, 255, 255, 255], port: 9)!)
                try? four.send([2], to: four.localEndpoint)
            }
            await four.wait { $0.received.count == 1 && $0.lost.count == 1 }
            #expect(await loop.perform { four.socket!.counts.lost } == 1)
            #expect(await loop.perform { four.lost[0] == EACCES || four.lost[0] == ENETUNREACH })
        }
    }

    @Test func aFloodLeavesOthersTheirTurn() async throws {
        try await withDatagramLoop { loop in
            var limits = limits(offload: false, batch: 4)
            limits.receivesInTurn = 2
            let receiver = try await loop.datagramSocket(limits)
            let sender = try await loop.datagramSocket()
            await loop.perform { for _ in 0..<100 { try? sender.socket!.send([1], to: receiver.socket!.localEndpoint) } }
            await receiver.wait { $0.received.count == 100 }
            let most = await loop.perform { receiver.receivedByTurn.values.max()! }
            #expect(most <= 8, "\(most) datagrams in one turn")
        }
    }

    @Test func aLoopThatStopsClosesItsSockets() async throws {
        let loop = EventLoop()
        try loop.start()
        let recorder = try await loop.datagramSocket()
        let number = await loop.perform {
            defer { recorder.socket = nil }
            return socketNumber(recorder.socket!.file)
        }
        #expect(isOpen(number))
        loop.stop()
        loop.join()
        #expect(!isOpen(number))
    }
}
