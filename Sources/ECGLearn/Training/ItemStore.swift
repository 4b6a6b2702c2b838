// SPDX-License-Identifier: GPL-3.0-or-later
import ECGScore
import ECGSpill

/// The samples of all items, in memory up to a bound and in a nameless temporary file ($TMPDIR) beyond it.
///
/// All items have one shape. They are read back by number, in any order.
public final class ItemStore {
    /// Floats of an item.
    public let width: Int
    public private(set) var count = 0
    private let limit: Int
    private var memory: [Float] = []
    private let file = SpillFile()
    /// Whether items lie beyond the bound, in the file or on the way to it.
    private var spills = false
    private var waiting: [Float] = []
    private var inFile = 0

    /// - Parameter limit: floats that stay in memory.
    public init(width: Int, limit: Int) {
        self.width = width
        self.limit = max(limit, 0)
    }

    /// Items that lie in the file.
    public var spilled: Int { count - memory.count / max(1, width) }

    public func append(_ item: [Float]) throws {
        precondition(item.count == width)
        count += 1
        if !spills, memory.count + width <= limit {
            memory += item
            return
        }
        spills = true
        waiting += item
        if waiting.count >= 1 << 18 { try flush() }
    }

    private func flush() throws {
        guard !waiting.isEmpty else { return }
        try file.append(waiting)
        inFile += waiting.count
        waiting.removeAll(keepingCapacity: true)
    }

    public func item(_ number: Int) throws -> [Float] {
        precondition(number >= 0 && number < count)
        let held = memory.count / max(1, width)
        if number < held { return Array(memory[number * width..<(number + 1) * width]) }
        try flush()
        return try file.read(Float.self, count: width, at: (number - held) * width * 4)
    }
}
