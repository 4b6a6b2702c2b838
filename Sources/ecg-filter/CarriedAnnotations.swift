// SPDX-License-Identifier: GPL-3.0-or-later
import ECGSignal
import ECGStream

/// Annotations at a new sampling frequency. Rounding may move one across the border of its part, so it travels on in the part that holds
/// its new sample.
struct CarriedAnnotations {
    private let ratio: RationalRatio
    private let start: Int
    private var rows: [Row] = []
    private var texts: [(sample: Int, value: JSON)] = []

    /// One annotation: its new position from the recording's first sample in the stream, and its values in the tensors beside `ann.sample`.
    private struct Row {
        var sample: Int
        var values: [UInt8]
    }

    init(ratio: RationalRatio, start: Int) {
        self.ratio = ratio
        self.start = start
    }

    private func moved(_ sample: Int) -> Int { ratio.position(of: sample - start) }

    private static func isColumn(_ tensor: Tensor, count: Int) -> Bool {
        tensor.name.hasPrefix("ann.") && tensor.name != "ann.sample" && tensor.dtype == .uint8 && tensor.shape == [count]
    }

    mutating func take(_ part: inout Record) {
        guard ratio != .identity else { return }
        if let samples = part["ann.sample"]?.ints() {
            let columns = part.tensors.filter { Self.isColumn($0, count: samples.count) }.map { $0.payload.elements(UInt8.self) }
            for (index, sample) in samples.enumerated() {
                rows.append(Row(sample: moved(sample), values: columns.map { $0[index] }))
            }
        }
        for value in part.meta["aux"]?.array ?? [] {
            if let sample = value["sample"]?.int { texts.append((moved(sample), value)) }
        }
    }

    /// - Parameters:
    ///   - end: samples of the output up to the part's end, from the recording's first in the stream.
    ///   - last: the recording's last sample, if this is its last part.
    mutating func give(to part: inout Record, before end: Int, last: Int?) {
        guard ratio != .identity else { return }
        let origin = ratio.position(of: start)
        let count = last != nil ? rows.count : rows.prefix { $0.sample < end }.count
        let here = rows.prefix(count)
        if let old = part["ann.sample"] {
            var column = 0
            for tensor in part.tensors where Self.isColumn(tensor, count: old.count) {
                let at = column
                part[tensor.name] = Tensor(tensor.name, here.map { $0.values.count > at ? $0.values[at] : 0 }, axis: tensor.axes[0])
                column += 1
            }
            let samples = here.map { Int64(origin + min($0.sample, last ?? .max)) }
            part["ann.sample"] = Tensor("ann.sample", samples, axis: old.axes.first ?? "n")
        }
        rows.removeFirst(count)
        let notes = last != nil ? texts.count : texts.prefix { $0.sample < end }.count
        if part.meta["aux"] != nil || notes > 0 {
            let moved = texts.prefix(notes).map { sample, value in
                var object = value.object ?? [:]
                object["sample"] = JSON(origin + min(sample, last ?? .max))
                return JSON.object(object)
            }
            part.meta["aux"] = moved.isEmpty ? nil : .array(moved)
        }
        texts.removeFirst(notes)
    }
}
