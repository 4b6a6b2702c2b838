// SPDX-License-Identifier: GPL-3.0-or-later

import Synchronization

/// A finite impulse response with its spectra, shared by all the leads and records it filters.
final class ImpulseResponse: Sendable {
    let taps: [Double]
    /// What it makes of a constant.
    let gain: Double
    /// Length of a full block: a function of the number of taps alone, so that a record's blocks lie on one grid however it comes in.
    let blockLength: Int
    /// Few taps are quicker one by one than by transforms: in single precision, the last one first.
    let direct: [Float]?
    private let kernels = Mutex<[Int: FrequencyKernel]>([:])

    private static let mostDirectTaps = 96

    /// More would take seconds and gigabytes; at 1000 Hz this is an hour.
    static let mostTaps = 1 << 22

    init(taps: [Double]) {
        precondition(!taps.isEmpty && taps.count <= Self.mostTaps)
        self.taps = taps
        gain = taps.reduce(0, +)
        direct = taps.count <= Self.mostDirectTaps ? taps.reversed().map { Float($0) } : nil
        var length = 1024
        while length < 3 * taps.count { length *= 2 }
        blockLength = length
    }

    func kernel(length: Int) -> FrequencyKernel {
        kernels.withLock { kernels in
            if let kernel = kernels[length] { return kernel }
            let kernel = FrequencyKernel(taps: taps, length: length)
            kernels[length] = kernel
            return kernel
        }
    }

    /// Length of the two blocks of a record that fills no full ones: the least of few smooth lengths that hold half of its values each.
    ///
    /// - Parameter values: at most those of two full blocks.
    func shortLength(values: Int) -> Int {
        let samples = (values + 1) / 2 + taps.count - 1
        var unit = 64
        while unit * 8 < samples { unit *= 2 }
        return min((4...8).first { unit * $0 >= samples }.map { unit * $0 } ?? blockLength, blockLength)
    }
}

/// Overlap-save of one lead: the values that depend on samples that went in alone (NumPy's `convolve` in mode `valid`).
struct ValidConvolution: Sendable {
    private let response: ImpulseResponse
    /// Samples without `offset`.
    private var pending: [Float] = []
    /// A constant near the signal's, taken from every sample, so that a large one does not cost the small signal its digits.
    private var offset: Float?
    private var filledBlocks = false

    init(_ response: ImpulseResponse) { self.response = response }

    /// What the response makes of the constant.
    private var gained: Float { Float(Double(offset ?? 0) * response.gain) }

    mutating func push(_ input: [Float], _ range: Range<Int>, into output: inout [Float]) {
        guard let first = range.first else { return }
        if offset == nil { offset = input[first] }
        SignalLoops.append(input, range, plus: -(offset ?? 0), to: &pending)
        advance(into: &output)
    }

    /// The same value a number of times.
    ///
    /// - Parameter first: a constant near the signal's, if no sample went in before.
    mutating func push(_ value: Float, count: Int, near first: Float, into output: inout [Float]) {
        if offset == nil { offset = first }
        pending.append(contentsOf: repeatElement(value - (offset ?? 0), count: count))
        advance(into: &output)
    }

    private mutating func advance(into output: inout [Float]) {
        if let taps = response.direct {
            let count = pending.count - taps.count + 1
            guard count > 0 else { return }
            SignalLoops.correlate(pending, taps: taps, after: gained, count: count, into: &output)
            pending.removeFirst(count)
            return
        }
        let length = response.blockLength
        let valid = length - response.taps.count + 1
        guard pending.count >= length + valid else { return }
        filledBlocks = true
        let kernel = response.kernel(length: length)
        var done = 0
        while pending.count - done >= length + valid {
            kernel.convolve(pending, from: done, plus: gained, count: 2 * valid, into: &output)
            done += 2 * valid
        }
        pending.removeFirst(done)
    }

    mutating func finish(into output: inout [Float]) {
        let left = pending.count - response.taps.count + 1
        guard left > 0, response.direct == nil else { return }
        // A record that filled blocks has their kernel already; a short one gets a transform of its own length.
        let kernel = response.kernel(length: filledBlocks ? response.blockLength : response.shortLength(values: left))
        kernel.convolve(pending, from: 0, plus: gained, count: left, into: &output)
        pending = []
    }
}
