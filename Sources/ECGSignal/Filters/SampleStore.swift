// SPDX-License-Identifier: GPL-3.0-or-later

import ECGSpill

/// Samples of a lead that must wait for the record's end: in memory at first, in an unlinked file in TMPDIR when there are many.
struct SampleStore: Sendable {
    private var recent: [Float] = []
    /// Shared by copies of a store, of which only one goes on.
    private let file = SpillFile()
    private var stored = 0

    /// Samples held in memory: a minute of most recordings is far less, and twelve such leads are 12 MB.
    private let mostInMemory: Int

    init(mostInMemory: Int = 1 << 18) { self.mostInMemory = mostInMemory }

    var count: Int { stored + recent.count }

    mutating func append(_ samples: [Float]) throws(FilterError) {
        recent += samples
        guard recent.count > mostInMemory else { return }
        do { try file.append(recent) } catch { throw FilterError(error.message, kind: .inputOutput) }
        stored += recent.count
        recent.removeAll(keepingCapacity: true)
    }

    /// The samples' positions in order, in pieces of at most 65536.
    var pieces: [Range<Int>] {
        let size = 1 << 16
        return stride(from: 0, to: count, by: size).map { $0..<min($0 + size, count) }
    }

    func samples(_ range: Range<Int>) throws(FilterError) -> [Float] {
        var samples: [Float] = []
        if range.lowerBound < stored {
            let count = min(range.upperBound, stored) - range.lowerBound
            let start = range.lowerBound * MemoryLayout<Float>.stride
            do { samples = try file.read(Float.self, count: count, at: start) } catch {
                throw FilterError(error.message, kind: .inputOutput)
            }
        }
        if range.upperBound > stored { samples += recent[max(0, range.lowerBound - stored)..<range.upperBound - stored] }
        return samples
    }
}
