// SPDX-License-Identifier: GPL-3.0-or-later
import ECGScore

/// The samples of all items, in memory up to a bound and in a nameless temporary file ($TMPDIR) beyond it.
///
/// All items have one shape. They are read back by number, in any order.
public final class ItemStore {
    /// Floats of an item.
    public let width: Int
    public private(set) var count = 0
    private let limit: Int
    private var memory: [Float] = []
    private var file: SpillFile?
    private var waiting: [Float] = []
    private var inFile = 0

    /// - Parameter limit: floats that stay in memory.
    public init(width: Int, limit: Int) {
        self.width = width
        self.limit = max(limit, 0)
    }

    /// Items that lie in the file.
    public var spilled: Int { file == nil ? 0 : count - memory.count / max(1, width) }

    public func append(_ item: [Float]) throws {
        precondition(item.count == width)
        count += 1
        if file == nil, memory.count + width <= limit {
            memory += item
            return
        }
        if file == nil { file = try SpillFile() }
        waiting += item
        if waiting.count >= 1 << 18 { try flush() }
    }

    private func flush() throws {
        guard let file, !waiting.isEmpty else { return }
        _ = try file.append(waiting)
        inFile += waiting.count
        waiting.removeAll(keepingCapacity: true)
    }

    public func item(_ number: Int) throws -> [Float] {
        precondition(number >= 0 && number < count)
        let held = memory.count / max(1, width)
        if number < held { return Array(memory[number * width..<(number + 1) * width]) }
        try flush()
        guard let file else { return [] }
        return try file.read(Float.self, count: width, at: (number - held) * width * 4)
    }
}
