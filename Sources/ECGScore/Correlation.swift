// SPDX-License-Identifier: GPL-3.0-or-later

/// Pearson's correlation of two rows of equal length, in double precision; nil where either has no variance or fewer than two values.
public func pearson(_ a: [Double], _ b: [Double]) -> Double? {
    guard a.count == b.count, a.count > 1 else { return nil }
    let n = Double(a.count)
    let meanA = a.reduce(0, +) / n
    let meanB = b.reduce(0, +) / n
    var (ab, aa, bb) = (0.0, 0.0, 0.0)
    for i in a.indices {
        let (x, y) = (a[i] - meanA, b[i] - meanB)
        ab += x * y
        aa += x * x
        bb += y * y
    }
    guard aa > 0, bb > 0 else { return nil }
    return ab / (aa * bb).squareRoot()
}

/// Spearman's rank correlation: Pearson's over mean ranks, so that ties count as in SciPy.
public func spearman(_ a: [Double], _ b: [Double]) -> Double? {
    pearson(meanRanks(a), meanRanks(b))
}

/// The rank of each value from 1; equal values share the mean of their ranks.
public func meanRanks(_ values: [Double]) -> [Double] {
    let order = values.indices.sorted { values[$0] < values[$1] }
    var ranks = [Double](repeating: 0, count: values.count)
    var start = 0
    while start < order.count {
        var end = start + 1
        while end < order.count, values[order[end]] == values[order[start]] { end += 1 }
        let rank = Double(start + end + 1) / 2
        for i in start..<end { ranks[order[i]] = rank }
        start = end
    }
    return ranks
}
