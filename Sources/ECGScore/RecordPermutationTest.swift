// SPDX-License-Identifier: GPL-3.0-or-later
import ECGRandom

/// Whether two groups' profiles differ, by permutation with the *record* as the unit.
///
/// Beats of one patient are not independent, so a record enters once a group, with its mean profile. Under the null hypothesis a record
/// that has both groups may swap its two profiles, and records that have one group may exchange their groups; all such arrangements
/// are enumerated if there are few, and drawn otherwise. P values over the cells of a profile are adjusted by the distribution of
/// the largest standardised difference (Westfall and Young, 1993, single step).
public struct RecordPermutationTest: Sendable {
    /// What one record has of each group: its profile, one value a cell (NaN where it has none), or nil.
    public struct Unit: Sendable {
        public var a: [Double]?
        public var b: [Double]?

        public init(a: [Double]?, b: [Double]?) {
            self.a = a
            self.b = b
        }
    }

    /// The result in one cell.
    public struct Cell: Sendable, Equatable {
        public let meanA: Double
        public let meanB: Double
        /// Records that have the cell, in each group.
        public let recordsA: Int
        public let recordsB: Int
        /// Two-sided.
        public let p: Double
        /// Adjusted for all cells.
        public let adjusted: Double
    }

    public let cells: [Cell]
    /// How many arrangements the p values count, the observed one included.
    public let arrangements: Int
    /// Whether these are all arrangements there are.
    public let exact: Bool

    /// - Parameters:
    ///   - units: one a record; profiles of equal length.
    ///   - permutations: how many arrangements to draw where there are more.
    public init(_ units: [Unit], permutations: Int = 9999, seed: UInt64 = 0) {
        let paired = units.filter { $0.a != nil && $0.b != nil }
        let single = units.filter { ($0.a == nil) != ($0.b == nil) }
        let inA = single.filter { $0.a != nil }.count
        let width = units.lazy.compactMap { $0.a ?? $0.b }.first?.count ?? 0
        let plan = Arrangements(paired: paired.count, single: single.count, inA: inA, most: permutations, seed: seed)

        /// Means of both groups, their difference, and the records behind them, in one arrangement.
        func means(_ swapped: [Bool], _ members: [Bool]) -> (a: [Double], b: [Double], countA: [Int], countB: [Int]) {
            var (a, b) = ([Double](repeating: 0, count: width), [Double](repeating: 0, count: width))
            var (countA, countB) = ([Int](repeating: 0, count: width), [Int](repeating: 0, count: width))
            func add(_ profile: [Double], toA: Bool) {
                for cell in 0..<width where !profile[cell].isNaN {
                    if toA {
                        a[cell] += profile[cell]
                        countA[cell] += 1
                    } else {
                        b[cell] += profile[cell]
                        countB[cell] += 1
                    }
                }
            }
            for (i, unit) in paired.enumerated() {
                add(unit.a ?? [], toA: !swapped[i])
                add(unit.b ?? [], toA: swapped[i])
            }
            for (i, unit) in single.enumerated() { add(unit.a ?? unit.b ?? [], toA: members[i]) }
            for cell in 0..<width {
                a[cell] /= Double(countA[cell])
                b[cell] /= Double(countB[cell])
            }
            return (a, b, countA, countB)
        }
        func differences(_ number: Int) -> [Double] {
            let (swapped, members) = plan.arrangement(number)
            let m = means(swapped, members)
            // a cell that has no record of a group in this arrangement says nothing
            return (0..<width).map { (m.a[$0] - m.b[$0]).isNaN ? 0 : m.a[$0] - m.b[$0] }
        }

        let observed = means([Bool](repeating: false, count: paired.count), single.map { $0.a != nil })
        let difference = (0..<width).map { observed.a[$0] - observed.b[$0] }
        var squares = [Double](repeating: 0, count: width)
        var atLeast = [Int](repeating: 0, count: width)
        let slack = 1 - 1e-12
        for number in 0..<plan.count {
            let permuted = differences(number)
            for cell in 0..<width {
                squares[cell] += permuted[cell] * permuted[cell]
                if abs(permuted[cell]) >= abs(difference[cell]) * slack { atLeast[cell] += 1 }
            }
        }
        let scale = squares.map { $0 > 0 ? ($0 / Double(max(plan.count, 1))).squareRoot() : .infinity }
        var largest: [Double] = []
        for number in 0..<plan.count {
            let permuted = differences(number)
            largest.append((0..<width).reduce(0) { max($0, abs(permuted[$1]) / scale[$1]) })
        }
        largest.sort()

        // drawn arrangements don't contain the observed one: it is counted in (Phipson and Smyth, 2010)
        let extra = plan.exact ? 0 : 1
        let total = Double(plan.count + extra)
        cells = (0..<width).map { cell in
            guard !difference[cell].isNaN else {
                return Cell(
                    meanA: observed.a[cell], meanB: observed.b[cell], recordsA: observed.countA[cell], recordsB: observed.countB[cell],
                    p: .nan, adjusted: .nan)
            }
            let standard = abs(difference[cell]) / scale[cell] * slack
            var below = 0
            while below < largest.count, largest[below] < standard { below += 1 }
            return Cell(
                meanA: observed.a[cell], meanB: observed.b[cell], recordsA: observed.countA[cell], recordsB: observed.countB[cell],
                p: Double(atLeast[cell] + extra) / total, adjusted: Double(largest.count - below + extra) / total)
        }
        arrangements = plan.count + extra
        exact = plan.exact
    }
}

/// The arrangements of records in two groups: all of them, or as many as were asked for, drawn at random.
struct Arrangements {
    let paired: Int
    let single: Int
    let inA: Int
    let count: Int
    let exact: Bool
    private let random: RandomSource
    /// All ways to choose `inA` of the single records, where they are enumerated.
    private let choices: [[Bool]]

    init(paired: Int, single: Int, inA: Int, most: Int, seed: UInt64) {
        (self.paired, self.single, self.inA) = (paired, single, inA)
        random = RandomSource(seed: seed, key: "", purpose: "permutation test")
        var all = 1.0
        for i in 0..<inA { all *= Double(single - i) / Double(i + 1) }
        for _ in 0..<paired { all *= 2 }
        exact = all.rounded() <= Double(max(most, 1))
        count = exact ? Int(all.rounded()) : most
        choices = exact ? Self.choices(of: inA, among: single) : []
    }

    /// Which paired records swap, and which single records are in the first group.
    func arrangement(_ number: Int) -> (swapped: [Bool], members: [Bool]) {
        if exact {
            let (choice, swaps) = number.quotientAndRemainder(dividingBy: 1 << paired)
            return ((0..<paired).map { swaps >> $0 & 1 == 1 }, choices[choice])
        }
        var members = [Bool](repeating: false, count: single)
        for i in random.permutation(number, of: single).prefix(inA) { members[i] = true }
        let base = UInt64(number) << 32 | 1 << 31
        return ((0..<paired).map { random.words(base | UInt64($0)).0 & 1 == 1 }, members)
    }

    private static func choices(of count: Int, among total: Int) -> [[Bool]] {
        guard total > 0 else { return [[]] }
        var rows: [[Bool]] = []
        if count > 0 { rows += choices(of: count - 1, among: total - 1).map { [true] + $0 } }
        if count < total { rows += choices(of: count, among: total - 1).map { [false] + $0 } }
        return rows
    }
}
