// SPDX-License-Identifier: GPL-3.0-or-later

/// Beats grouped by shape: a beat joins the group whose mean it is most alike, or begins one.
struct ShapeGroups: Sendable {
    struct Group: Sendable {
        var sum: [Float]
        var count: Int
        var mean: [Float]
        var length: Double

        init(_ part: [Float]) {
            sum = part
            count = 1
            mean = part
            length = Self.length(part)
        }

        static func length(_ values: [Float]) -> Double {
            var energy = 0.0
            for value in values { energy += Double(value) * Double(value) }
            return energy.squareRoot()
        }

        mutating func add(_ part: [Float]) {
            for index in sum.indices { sum[index] += part[index] }
            count += 1
            let unit = 1 / Float(count)
            for index in sum.indices { mean[index] = sum[index] * unit }
            length = Self.length(mean)
        }
    }

    private let likeness: Double
    private(set) var groups: [Group] = []
    /// The group of each beat in the order in which they came; -1 for one that fits none.
    private(set) var members: [Int] = []
    /// More shapes than this are noise.
    private static let most = 16

    /// - Parameter likeness: the correlation from which on two shapes are one.
    init(likeness: Double) { self.likeness = likeness }

    mutating func add(_ beat: BeatFocus) {
        guard !beat.isEmpty else {
            members.append(-1)
            return
        }
        var best = (group: -1, shift: 0.0, correlation: likeness)
        for index in groups.indices {
            let found = beat.bestShift(groups[index].mean, length: groups[index].length, coarse: true)
            if found.correlation > best.correlation { best = (index, found.shift, found.correlation) }
            // Nothing can be much more alike.
            if found.correlation > 0.97 { break }
        }
        if best.group >= 0 {
            groups[best.group].add(beat.part(shift: Int(best.shift)))
            members.append(best.group)
        } else if groups.count < Self.most {
            members.append(groups.count)
            groups.append(Group(beat.part(shift: 0)))
        } else {
            members.append(-1)
        }
    }

    /// The group to take.
    ///
    /// - Parameter rr: seconds since the beat before, for each beat; with it, groups of premature beats give way to others of at least half
    ///   the size, as the ventricular beats of a bigeminy.
    func dominant(rr: [Double?]?) -> Int? {
        guard let largest = groups.map(\.count).max() else { return nil }
        var candidates = groups.indices.filter { 2 * groups[$0].count >= largest }
        if let rr {
            let usual = Self.median(rr.compactMap { $0 })
            let onTime = candidates.filter { group in
                let own = Self.median(zip(members, rr).compactMap { $0 == group ? $1 : nil })
                return own >= 0.9 * usual
            }
            if !onTime.isEmpty { candidates = onTime }
        }
        return candidates.max { (groups[$0].count, -$0) < (groups[$1].count, -$1) }
    }

    static func median(_ values: [Double]) -> Double {
        guard !values.isEmpty else { return 0 }
        return values.sorted()[values.count / 2]
    }
}
