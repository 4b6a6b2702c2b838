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
        while length < 4 * taps.count { length *= 2 }
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

    /// Length of the transform for the last block of a record, which may be short: the least of few smooth lengths that holds it.
    func lastLength(_ samples: Int) -> Int {
        var unit = 8
        while unit * 16 < samples { unit *= 2 }
        for factor in [1, 2, 3, 4, 5, 6, 8, 9, 10, 12, 15, 16] where unit * factor >= samples { return min(unit * factor, blockLength) }
        return blockLength
    }
}

/// Overlap-save of one lead: the values that depend on samples that went in alone (NumPy's `convolve` in mode `valid`).
struct ValidConvolution: Sendable {
    private let response: ImpulseResponse
    /// Samples without `offset`.
    private var pending: [Float] = []
    private var done = 0
    /// A constant near the signal's, taken from every sample, so that a large one does not cost the small signal its digits.
    private var offset: Float?
    private var filledBlock = false

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
        guard pending.count - done >= length else { return }
        filledBlock = true
        let kernel = response.kernel(length: length)
        while pending.count - done >= length {
            convolve(kernel, count: length - kernel.taps + 1, into: &output)
        }
        pending.removeFirst(done)
        done = 0
    }

    mutating func finish(into output: inout [Float]) {
        let left = pending.count - response.taps.count + 1
        guard left > 0, response.direct == nil else { return }
        // A record that filled a block has that block's kernel already; a short one gets a transform of its own length.
        let kernel = response.kernel(length: filledBlock ? response.blockLength : response.lastLength(pending.count))
        convolve(kernel, count: left, into: &output)
        pending = []
        done = 0
    }

    private mutating func convolve(_ kernel: FrequencyKernel, count: Int, into output: inout [Float]) {
        kernel.convolve(pending, from: done, plus: gained, count: count, into: &output)
        done += count
    }
}
