// SPDX-License-Identifier: GPL-3.0-or-later
import CMicrokernels

/// What is special about each row of some items: all zero, equal to the row before, or with a sample that no transform can take.
struct RowFlags: Sendable {
    static let zero: UInt8 = 1
    static let same: UInt8 = 2
    static let wild: UInt8 = 4

    /// A sample is wild if it is NaN, infinite or beyond this: its rounding errors would swamp its neighbours, or a sum overflow.
    static let limit: Float = 0x1p60

    /// [item, row].
    let rows: [UInt8]
    /// All flags that occur.
    let found: UInt8

    /// Elements that are worth sharing the work for.
    private static let leastShared = 100_000

    init(
        items: Int, rows count: Int, channels: Int, _ source: UnsafePointer<Float>, rowStride: Int, kernels: UnsafePointer<ecg_kernels>,
        workers: Workers?
    ) {
        let parts = items * count * channels < Self.leastShared ? 1 : min(count, workers?.count ?? 1)
        var found: UInt8 = 0
        rows = [UInt8](unsafeUninitializedCapacity: items * count) { flags, initialized in
            guard let first = flags.baseAddress else { return }
            let target = Target(flags: first, source: source, kernels: kernels)
            let all = Region<Int32>(count: items * parts)
            @Sendable func scan(_ task: Int) {
                let (item, part) = task.quotientAndRemainder(dividingBy: parts)
                let range = count * part / parts..<count * (part + 1) / parts
                let at = item * count + range.lowerBound
                all[task] = target.kernels.pointee.rowFlags(
                    range.count, channels, target.source + at * rowStride, rowStride, part > 0 ? 1 : 0, Self.limit, target.flags + at)
            }
            if parts > 1, let workers {
                workers.run(items * parts) { task, _ in scan(task) }
            } else {
                for task in 0..<items * parts { scan(task) }
            }
            for task in 0..<all.count { found |= UInt8(truncatingIfNeeded: all[task]) }
            initialized = items * count
        }
        self.found = found
    }

    /// Whether an item has a wild row.
    func isWild(_ item: Int, of count: Int) -> Bool {
        found & Self.wild != 0 && rows[item * count..<(item + 1) * count].contains { $0 & Self.wild != 0 }
    }

    private struct Target: @unchecked Sendable {
        let flags: UnsafeMutablePointer<UInt8>
        let source: UnsafePointer<Float>
        let kernels: UnsafePointer<ecg_kernels>
    }
}
