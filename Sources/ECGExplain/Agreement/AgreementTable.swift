// SPDX-License-Identifier: GPL-3.0-or-later
import ECGScore

/// Mean correlations between methods or models, by class, without keeping any map.
public struct AgreementTable: Sendable {
    /// Two sides that are compared: two methods of one model, or two models under one method.
    public struct Cell: Hashable, Sendable {
        /// The class of the items.
        public let group: String
        /// The method, where two models are compared; nil where the sides are methods.
        public let map: String?
        public let a: String
        public let b: String

        public init(group: String, map: String?, a: String, b: String) {
            (self.group, self.map, self.a, self.b) = (group, map, a, b)
        }
    }

    public struct Row: Sendable {
        public let cell: Cell
        public let correlations: RunningMoments
        /// Pairs without a correlation, since one of the maps was constant.
        public let constant: Int
    }

    private var order: [Cell] = []
    private var values: [Cell: (RunningMoments, Int)] = [:]

    public init() {}

    /// Adds an item's correlation; nil where a map was constant.
    public mutating func add(_ correlation: Double?, to cell: Cell) {
        if values[cell] == nil { order.append(cell) }
        if let correlation {
            values[cell, default: (RunningMoments(), 0)].0.add(correlation)
        } else {
            values[cell, default: (RunningMoments(), 0)].1 += 1
        }
    }

    /// All cells in the order in which they came.
    public var rows: [Row] {
        order.map { cell in
            let (moments, constant) = values[cell] ?? (RunningMoments(), 0)
            return Row(cell: cell, correlations: moments, constant: constant)
        }
    }
}
