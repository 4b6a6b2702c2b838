// SPDX-License-Identifier: GPL-3.0-or-later

/// A Savitzky-Golay filter prepared for any number of leads (Savitzky and Golay, Anal. Chem. 36, 1964).
final class SavitzkyGolay: Sendable {
    let basis: GramBasis
    let derivative: Int
    let factor: Double
    let response: ImpulseResponse
    private let ends: [GramBasis.Positions]

    /// - Parameters:
    ///   - window: samples, odd or even; an even window stands between two samples as SciPy's does.
    ///   - order: of the polynomial, less than `window`.
    ///   - factor: multiplies every value: `fs` to the power of the derivative makes it a derivative by seconds.
    init(window: Int, order: Int, derivative: Int, factor: Double) {
        basis = GramBasis(window: window, order: order)
        self.derivative = derivative
        self.factor = factor
        let weights = basis.weights(derivative: derivative, at: Double(window - 1) / 2)
        response = ImpulseResponse(taps: weights.reversed().map { $0 * factor })
        let half = window / 2
        ends = [0..<half, (window - half)..<window].map { [basis] in basis.positions($0, derivative: derivative) }
    }

    /// The values of the first half window, from the first window's samples.
    func start(_ samples: [Float]) -> [Double] { basis.fit(samples, at: ends[0]) }

    /// The values of the last half window, from the last window's samples.
    func end(_ samples: [Float]) -> [Double] { basis.fit(samples, at: ends[1]) }
}

/// Savitzky-Golay smoothing or differentiation of one lead, as `scipy.signal.savgol_filter` in mode `interp`:
/// within half a window of the record's ends the polynomial fitted to the outermost window is taken.
struct SavitzkyGolayStage: LeadStage {
    private let filter: SavitzkyGolay
    private var core: ValidConvolution
    private var first: [Float] = []
    private var last: [Float] = []
    private var interior: [Float] = []
    private var started = false
    private var surplus = 0

    init(_ filter: SavitzkyGolay) {
        self.filter = filter
        core = ValidConvolution(filter.response)
    }

    private var window: Int { filter.basis.window }

    mutating func push(_ input: [Float], _ range: Range<Int>, into output: inout [Float]) {
        guard !range.isEmpty else { return }
        if first.count < window { first.append(contentsOf: input[range.prefix(window - first.count)]) }
        if range.count >= window { last.removeAll(keepingCapacity: true) }
        last.append(contentsOf: input[range.suffix(window)])
        if last.count > 2 * window { last.removeFirst(last.count - window) }
        if begin(into: &output) {
            core.push(input, range, into: &output)
        } else {
            core.push(input, range, into: &interior)
            emit(into: &output)
        }
    }

    /// Gives the polynomial at the record's start when its window is there.
    ///
    /// - Returns: whether the interior's values can follow it as they come.
    private mutating func begin(into output: inout [Float]) -> Bool {
        if !started, first.count == window {
            started = true
            append(filter.start(first), to: &output)
            // An even window stands half a sample before the one its value is for, and its first value has no place.
            surplus = window % 2 == 0 ? 1 : 0
        }
        return started && surplus == 0 && interior.isEmpty
    }

    /// The interior's values follow those of the polynomial at the start.
    private mutating func emit(into output: inout [Float]) {
        guard started, !interior.isEmpty else { return }
        let dropped = min(surplus, interior.count)
        surplus -= dropped
        output.append(contentsOf: interior.dropFirst(dropped))
        interior.removeAll(keepingCapacity: true)
    }

    private func append(_ values: [Double], to output: inout [Float]) {
        for value in values { output.append(Float(value * filter.factor)) }
    }

    mutating func finish(into output: inout [Float]) throws(FilterError) {
        guard !first.isEmpty else { return }
        guard first.count == window else {
            throw FilterError("\(first.count) samples are too few for a Savitzky-Golay window of \(window)")
        }
        core.finish(into: &interior)
        emit(into: &output)
        let end = Array(last.suffix(window))
        append(filter.end(end), to: &output)
    }
}
