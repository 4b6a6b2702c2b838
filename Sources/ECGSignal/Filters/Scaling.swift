// SPDX-License-Identifier: GPL-3.0-or-later

/// The shift and the divisor of each lead of a record, from all its samples; missing ones take no part.
struct Scaling: Sendable {
    private var shifts: [Float]
    private var divisors: [Float]

    init(_ scale: RecordScale, _ leads: [SampleStore]) throws(FilterError) {
        shifts = [Float](repeating: 0, count: leads.count)
        divisors = [Float](repeating: 1, count: leads.count)
        switch scale {
        case .none: break
        case .minmax:
            var low = Float.infinity
            var high = -Float.infinity
            for lead in leads {
                for piece in lead.pieces {
                    for value in try lead.samples(piece) {
                        if value < low { low = value }
                        if value > high { high = value }
                    }
                }
            }
            guard high > low, (high - low).isFinite else { return }
            for row in leads.indices { (shifts[row], divisors[row]) = (low, high - low) }
        case .zscore:
            for (row, lead) in leads.enumerated() {
                var count = 0.0
                var sum = 0.0
                for piece in lead.pieces {
                    for value in try lead.samples(piece) where !value.isNaN {
                        count += 1
                        sum += Double(value)
                    }
                }
                guard count > 0 else { continue }
                let mean = sum / count
                var squares = 0.0
                for piece in lead.pieces {
                    for value in try lead.samples(piece) where !value.isNaN { squares += (Double(value) - mean) * (Double(value) - mean) }
                }
                let deviation = (squares / count).squareRoot()
                shifts[row] = Float(mean)
                if deviation > 0, deviation.isFinite { divisors[row] = Float(deviation) }
            }
        }
    }

    func apply(_ values: [Float], row: Int) -> [Float] {
        let (shift, divisor) = (shifts[row], divisors[row])
        return values.map { ($0 - shift) / divisor }
    }
}
