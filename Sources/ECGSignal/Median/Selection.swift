// SPDX-License-Identifier: GPL-3.0-or-later

/// The median of values, which are put in another order; the mean of the middle two if their number is even. NaN if there are none.
///
/// - Precondition: no value is NaN.
func median(_ values: inout [Float], count: Int) -> Float {
    guard count > 0 else { return .nan }
    let middle = count / 2
    let upper = select(&values, count: count, rank: middle)
    guard count % 2 == 0 else { return upper }
    var lower = values[0]
    for index in 1..<max(1, middle) where values[index] > lower { lower = values[index] }
    return lower + (upper - lower) / 2
}

/// The value of a rank, with all smaller ones before it (Hoare's selection, with a pivot from three).
private func select(_ values: inout [Float], count: Int, rank: Int) -> Float {
    var low = 0
    var high = count - 1
    while low < high {
        let (a, b, c) = (values[low], values[low + (high - low) / 2], values[high])
        let pivot = max(min(a, b), min(max(a, b), c))
        var i = low
        var j = high
        while i <= j {
            while values[i] < pivot { i += 1 }
            while values[j] > pivot { j -= 1 }
            if i <= j {
                values.swapAt(i, j)
                i += 1
                j -= 1
            }
        }
        if rank <= j { high = j } else if rank >= i { low = i } else { break }
    }
    return values[rank]
}
