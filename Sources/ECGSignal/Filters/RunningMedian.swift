// SPDX-License-Identifier: GPL-3.0-or-later

/// The median of each window of an odd number of samples, in a time that hardly depends on the window.
///
/// Blocks as long as the window are sorted once and linked in order; a window lies over two neighbours, and sliding it takes one sample out of the
/// first and puts one back into the second (Suomela, "Median filtering is equivalent to sorting", 2014).
struct RunningMedian: Sendable {
    let window: Int
    private let half: Int
    private var pending: [Float] = []
    private var older: Block?
    private var newest: Float = 0

    /// - Precondition: `window` is odd and positive.
    init(window: Int) {
        precondition(window > 0 && window % 2 == 1)
        self.window = window
        half = window / 2
    }

    /// Appends the medians of the windows that are complete by now; the first window begins with the first sample.
    mutating func push(_ input: some Collection<Float>, into output: inout [Float]) {
        pending.append(contentsOf: input)
        var done = 0
        while pending.count - done >= window {
            take(Array(pending[done..<done + window]), count: window, into: &output)
            done += window
        }
        pending.removeFirst(done)
    }

    mutating func finish(into output: inout [Float]) {
        guard !pending.isEmpty, older != nil else { return }
        let count = pending.count
        // The filling comes after every window that counts.
        take(pending + [Float](repeating: 0, count: window - count), count: count, into: &output)
        pending = []
    }

    private mutating func take(_ samples: [Float], count: Int, into output: inout [Float]) {
        var newer = Block(samples, middle: half)
        defer { older = newer }
        guard var old = older else {
            output.append(newer.value)
            return
        }
        // The lists change in place only while nobody else holds them.
        older = nil
        newer.unwind()
        for index in 0..<count {
            old.delete(index)
            newer.restore(index)
            if old.small + newer.small < half {
                if old.value <= newer.value { old.advance() } else { newer.advance() }
            }
            output.append(min(old.value, newer.value))
        }
    }

    /// A sorted block as a doubly linked list, with a cursor that has `small` elements before it.
    private struct Block {
        private let samples: [Float]
        private var rank: [Int32]
        private var previous: [Int32]
        private var next: [Int32]
        private var cursor: Int
        private(set) var small: Int
        private var tail: Int { samples.count }

        init(_ samples: [Float], middle: Int) {
            self.samples = samples
            let count = samples.count
            var keys = [UInt64]()
            keys.reserveCapacity(count)
            for index in 0..<count {
                // The order of floats as that of unsigned integers, equal ones by position.
                let bits = (samples[index] + 0).bitPattern
                let ordered = bits & 0x8000_0000 != 0 ? ~bits : bits | 0x8000_0000
                keys.append(UInt64(ordered) << 32 | UInt64(index))
            }
            keys.sort()
            rank = [Int32](repeating: 0, count: count + 1)
            previous = rank
            next = rank
            var before = count
            for position in 0..<count {
                let index = Int(keys[position] & 0xFFFF_FFFF)
                rank[index] = Int32(position)
                next[before] = Int32(index)
                previous[index] = Int32(before)
                before = index
            }
            next[before] = Int32(count)
            previous[count] = Int32(before)
            rank[count] = Int32(count)
            cursor = Int(keys[middle] & 0xFFFF_FFFF)
            small = middle
        }

        var value: Float { cursor == tail ? .infinity : samples[cursor] }

        private mutating func unlink(_ index: Int) {
            next[Int(previous[index])] = next[index]
            previous[Int(next[index])] = previous[index]
        }

        /// Takes all elements out, last first, so that `restore` can put them back in order of time.
        mutating func unwind() {
            for index in stride(from: tail - 1, through: 0, by: -1) { unlink(index) }
            cursor = tail
            small = 0
        }

        mutating func delete(_ index: Int) {
            unlink(index)
            if rank[index] < rank[cursor] {
                small -= 1
            } else {
                if cursor == index { cursor = Int(next[cursor]) }
                if small > 0 {
                    cursor = Int(previous[cursor])
                    small -= 1
                }
            }
        }

        mutating func restore(_ index: Int) {
            next[Int(previous[index])] = Int32(index)
            previous[Int(next[index])] = Int32(index)
            if rank[index] < rank[cursor] { cursor = Int(previous[cursor]) }
        }

        mutating func advance() {
            cursor = Int(next[cursor])
            small += 1
        }
    }
}
