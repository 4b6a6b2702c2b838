// SPDX-License-Identifier: GPL-3.0-or-later

/// The recent end of an endless row of values, addressed by absolute index.
///
/// What lies before `origin` has been dropped; `drop(before:)` moves the rest only when half of the storage is waste,
/// so that the cost of a value stays constant and the memory bounded.
struct Timeline<Value: Sendable>: Sendable {
    private(set) var origin = 0
    var values: [Value] = []

    /// The absolute index after the last value.
    var end: Int { origin + values.count }

    subscript(index: Int) -> Value { values[index - origin] }

    /// Forgets the values before `index`, which the caller will not ask for again.
    mutating func drop(before index: Int) {
        let waste = min(index - origin, values.count)
        guard waste > 0, waste * 2 >= values.count else { return }
        values.removeFirst(waste)
        origin += waste
    }
}
