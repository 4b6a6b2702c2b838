// SPDX-License-Identifier: GPL-3.0-or-later

/// Samples on paper: where each lies, as lines that stop at gaps.
struct Trace: Sendable {
    let samples: ArraySlice<Float>
    /// Millimetres of the first sample, and from one to the next.
    let left: Double
    let pitch: Double
    /// Millimetres down to the value `centre`.
    let baseline: Double
    let centre: Double
    /// Millimetres a unit.
    let gain: Double

    func place(_ index: Int) -> Point {
        Point(left + Double(index - samples.startIndex) * pitch, baseline - (Double(samples[index]) - centre) * gain)
    }

    /// No printer and no eye resolves more: where samples are denser, the least and the greatest of each such stretch stand for all.
    private static let finest = 0.04

    /// Lines through the samples; a sample alone between gaps is a single point.
    var lines: [[Point]] {
        if pitch > 0, pitch < Self.finest / 4 { return thinned }
        var lines: [[Point]] = []
        var line: [Point] = []
        for index in samples.indices {
            if samples[index].isFinite {
                line.append(place(index))
            } else if !line.isEmpty {
                lines.append(line)
                line = []
            }
        }
        return line.isEmpty ? lines : lines + [line]
    }

    private var thinned: [[Point]] {
        let stretch = max(2, Int(Self.finest / pitch))
        var lines: [[Point]] = []
        var line: [Point] = []
        var start = samples.startIndex
        while start < samples.endIndex {
            let end = min(start + stretch, samples.endIndex)
            let part = (start..<end).filter { samples[$0].isFinite }
            if let low = part.min(by: { samples[$0] < samples[$1] }), let high = part.max(by: { samples[$0] < samples[$1] }) {
                line += (low <= high ? [low, high] : [high, low]).map(place)
            } else if !line.isEmpty {
                lines.append(line)
                line = []
            }
            start = end
        }
        return line.isEmpty ? lines : lines + [line]
    }

    /// The trace in pieces of one colour each: the piece of a sample reaches half-way to its neighbours.
    ///
    /// - Parameters:
    ///   - shares: where each sample's value lies on the colour scale, 0 to 1.
    ///   - levels: steps of the scale.
    /// - Returns: for each step the lines that have it; the weakest first, so that where a steep trace folds over itself, the strongest is on top.
    func pieces(_ shares: ArraySlice<Double>, levels: Int, isDiverging: Bool) -> [(share: Double, lines: [[Point]])] {
        var found = [[[Point]]](repeating: [], count: levels)
        var line: [Point] = []
        var level = -1
        func between(_ a: Int, _ b: Int) -> Point {
            let (first, second) = (place(a), place(b))
            return Point((first.x + second.x) / 2, (first.y + second.y) / 2)
        }
        for (offset, index) in samples.indices.enumerated() {
            let share = shares[shares.startIndex + offset]
            let isThere = samples[index].isFinite && share.isFinite
            let next = isThere ? min(max(Int(share * Double(levels)), 0), levels - 1) : -1
            if next != level {
                if level >= 0 {
                    if isThere { line.append(between(index - 1, index)) }
                    found[level].append(line)
                }
                line = next >= 0 && level >= 0 ? [between(index - 1, index)] : []
                level = next
            }
            if next >= 0 { line.append(place(index)) }
        }
        if level >= 0, !line.isEmpty { found[level].append(line) }
        let order = isDiverging ? (0..<levels).sorted { abs(2 * $0 + 1 - levels) < abs(2 * $1 + 1 - levels) } : Array(0..<levels)
        return order.filter { !found[$0].isEmpty }.map { ((Double($0) + 0.5) / Double(levels), found[$0]) }
    }
}
