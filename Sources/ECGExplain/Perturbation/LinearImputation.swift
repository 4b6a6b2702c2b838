// SPDX-License-Identifier: GPL-3.0-or-later

/// Values for removed points from the kept ones: ROAD's linear system (Rong et al. 2022, A Consistent and Efficient Evaluation Strategy for
/// Attribution Methods) along one axis.
///
/// With weights 1/2 for each of the two neighbours and missing neighbours left out, its solution is a straight line between the kept points on
/// both sides of a gap, and the nearest kept point beyond the outermost. Where nothing is kept the system has no solution; the lead's mean
/// stands there.
public enum LinearImputation {
    /// - Parameters:
    ///   - values: flat [lead, time].
    ///   - removed: for each value whether it is to be replaced.
    ///   - leads: rows that share no neighbours.
    public static func impute(_ values: [Float], removed: [Bool], leads: Int) -> [Float] {
        var result = values
        let length = values.count / max(leads, 1)
        for lead in 0..<leads {
            let from = lead * length
            fill(&result, values, removed, from..<from + length)
        }
        return result
    }

    private static func fill(_ result: inout [Float], _ values: [Float], _ removed: [Bool], _ lead: Range<Int>) {
        var t = lead.lowerBound
        while t < lead.upperBound {
            guard removed[t] else {
                t += 1
                continue
            }
            let start = t
            while t < lead.upperBound, removed[t] { t += 1 }
            let before = start > lead.lowerBound ? values[start - 1] : nil
            let after = t < lead.upperBound ? values[t] : nil
            switch (before, after) {
            case (let before?, let after?):
                let slope = (Double(after) - Double(before)) / Double(t - start + 1)
                for i in start..<t { result[i] = Float(Double(before) + slope * Double(i - start + 1)) }
            case (let kept?, nil), (nil, let kept?):
                for i in start..<t { result[i] = kept }
            case (nil, nil):
                let mean = Float(values[lead].reduce(0.0) { $0 + Double($1) } / Double(lead.count))
                for i in start..<t { result[i] = mean }
            }
        }
    }
}
