// SPDX-License-Identifier: GPL-3.0-or-later
import ECGRandom
import ECGScore

/// Means over items with intervals by bootstrap over records, of which sums by record are enough.
struct TrustSums {
    private var numbers: [String: Int] = [:]
    /// By figure: sums and counts of each record.
    private var sums: [[Double]]
    private var counts: [[Double]]

    init(figures: Int) {
        sums = [[Double]](repeating: [], count: figures)
        counts = sums
    }

    var records: Int { numbers.count }

    /// Adds an item's value of a figure; one that is no number is left out.
    mutating func add(_ value: Double?, to figure: Int, record: String) {
        let number = numbers[record] ?? numbers.count
        if number == numbers.count {
            numbers[record] = number
            for i in sums.indices {
                sums[i].append(0)
                counts[i].append(0)
            }
        }
        guard let value, value.isFinite else { return }
        sums[figure][number] += value
        counts[figure][number] += 1
    }

    func items(_ figure: Int) -> Int { Int(counts[figure].reduce(0, +)) }

    func mean(_ figure: Int) -> Double? {
        let count = counts[figure].reduce(0, +)
        return count > 0 ? sums[figure].reduce(0, +) / count : nil
    }

    /// nil for a single record, which says nothing of others.
    func interval(_ figure: Int, resamplings: Int, level: Double, seed: UInt64) -> ClosedRange<Double>? {
        guard records > 1 else { return nil }
        let random = RandomSource(seed: seed, purpose: "bootstrap")
        let bootstrap = Bootstrap(groups: records, count: resamplings) { resampling, draw in
            random.integer(UInt64(resampling) << 32 | UInt64(draw), below: records)
        }
        return bootstrap.interval(level: level) { times in
            var (sum, count) = (0.0, 0.0)
            for record in times.indices where times[record] > 0 {
                sum += Double(times[record]) * sums[figure][record]
                count += Double(times[record]) * counts[figure][record]
            }
            return count > 0 ? sum / count : nil
        }
    }
}
