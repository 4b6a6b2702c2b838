// SPDX-License-Identifier: GPL-3.0-or-later
//
// The one file that calls FFTW. Plans are made with FFTW_ESTIMATE, with the wisdom of FFTWWisdom.swift for that one length or with none, so
// that the same length always runs the same code and gives the same bits; they are kept for the life of the process, since a stage meets
// the same few lengths again and again.

import CFFTW
import Synchronization

/// The forward and the backward transform of complex sequences of one length, in single precision.
///
/// Two blocks of a lead are the real and the imaginary part of one sequence: since the filter's taps are real, neither gets into the other, and
/// there is none of the sorting by which the transform of a real sequence takes twice as long.
final class PairTransform: @unchecked Sendable {
    let length: Int
    private let forwardPlan: fftwf_plan
    private let inversePlan: fftwf_plan

    /// FFTW's planner may be entered by one thread at a time; running a plan is safe in all.
    private static let plans = Mutex<[Int: PairTransform]>([:])

    static func of(length: Int) -> PairTransform {
        plans.withLock { plans in
            if let plan = plans[length] { return plan }
            let plan = PairTransform(length: length)
            plans[length] = plan
            return plan
        }
    }

    private init(length: Int) {
        precondition(length > 0 && length <= 1 << 28)
        self.length = length
        let buffers = TransformBuffers(length: length)
        let flags = FFTW_ESTIMATE | UInt32(FFTW_DESTROY_INPUT)
        if let wisdom = FFTWWisdom.of(length: length) { fftwf_import_wisdom_from_string(wisdom) }
        // What is known of one length must not change the plan of another.
        defer { fftwf_forget_wisdom() }
        guard let forward = fftwf_plan_dft_1d(Int32(length), buffers.samples, buffers.spectrum, FFTW_FORWARD, flags),
            let inverse = fftwf_plan_dft_1d(Int32(length), buffers.spectrum, buffers.samples, FFTW_BACKWARD, flags)
        else { preconditionFailure("FFTW has no plan for \(length) samples") }
        forwardPlan = forward
        inversePlan = inverse
    }

    fileprivate func forward(_ buffers: TransformBuffers) { fftwf_execute_dft(forwardPlan, buffers.samples, buffers.spectrum) }

    /// Not divided by the length: whoever multiplies spectra has that factor in the kernel already.
    fileprivate func inverse(_ buffers: TransformBuffers) { fftwf_execute_dft(inversePlan, buffers.spectrum, buffers.samples) }
}

/// Aligned memory for one transform at a time.
final class TransformBuffers: @unchecked Sendable {
    fileprivate let samples: UnsafeMutablePointer<fftwf_complex>
    fileprivate let spectrum: UnsafeMutablePointer<fftwf_complex>

    fileprivate init(length: Int) {
        samples = fftwf_alloc_complex(length)
        spectrum = fftwf_alloc_complex(length)
    }

    deinit {
        fftwf_free(samples)
        fftwf_free(spectrum)
    }

    /// The numbers of the samples, real and imaginary parts in turn.
    fileprivate var parts: UnsafeMutablePointer<Float> { UnsafeMutableRawPointer(samples).assumingMemoryBound(to: Float.self) }

    /// Buffers that no thread uses now, by length: a filter borrows a pair for each two blocks.
    private static let idle = Mutex<[Int: [TransformBuffers]]>([:])

    fileprivate static func borrow<T>(length: Int, _ body: (TransformBuffers) -> T) -> T {
        let buffers = idle.withLock { $0[length, default: []].popLast() } ?? TransformBuffers(length: length)
        defer { idle.withLock { $0[length, default: []].append(buffers) } }
        return body(buffers)
    }
}

/// A finite impulse response as a spectrum, ready for overlap-save in blocks of one length.
final class FrequencyKernel: @unchecked Sendable {
    /// Samples a block takes in.
    let length: Int
    /// Values that a block gives: those that depend on its samples alone.
    let valid: Int
    private let transform: PairTransform
    private let spectrum: UnsafeMutablePointer<fftwf_complex>

    /// - Precondition: `length` is at least the number of taps.
    init(taps: [Double], length: Int) {
        precondition(!taps.isEmpty && taps.count <= length)
        self.length = length
        valid = length - taps.count + 1
        let transform = PairTransform.of(length: length)
        self.transform = transform
        let spectrum: UnsafeMutablePointer<fftwf_complex> = fftwf_alloc_complex(length)
        self.spectrum = spectrum
        TransformBuffers.borrow(length: length) { buffers in
            buffers.parts.update(repeating: 0, count: 2 * length)
            for (index, tap) in taps.enumerated() { buffers.parts[2 * index] = Float(tap / Double(length)) }
            transform.forward(buffers)
            spectrum.update(from: buffers.spectrum, count: length)
        }
    }

    deinit { fftwf_free(spectrum) }

    /// Appends the convolution of two blocks that follow each other: `valid` values of the first, then those of the second.
    ///
    /// - Parameters:
    ///   - input: the first block's samples begin at `start`; what lies beyond the array's end counts as zero.
    ///   - constant: added to every value.
    ///   - count: how many values to append, at most `2 * valid`.
    func convolve(_ input: [Float], from start: Int, plus constant: Float, count: Int, into output: inout [Float]) {
        precondition(start >= 0 && start <= input.count && count >= 0 && count <= 2 * valid)
        TransformBuffers.borrow(length: length) { buffers in
            let parts = buffers.parts
            let first = min(length, input.count - start)
            let second = max(0, min(length, input.count - start - valid))
            input.withUnsafeBufferPointer { source in
                guard let base = source.baseAddress else { return }
                if second > 0 { SignalLoops.pair(base + start, base + start + valid, count: second, to: parts) }
                for index in second..<max(first, second) {
                    parts[2 * index] = base[start + index]
                    parts[2 * index + 1] = 0
                }
            }
            (parts + 2 * first).update(repeating: 0, count: 2 * (length - first))
            transform.forward(buffers)
            let x = UnsafeMutableRawPointer(buffers.spectrum).assumingMemoryBound(to: Float.self)
            let h = UnsafeRawPointer(spectrum).assumingMemoryBound(to: Float.self)
            SignalLoops.multiply(x, by: h, count: length)
            transform.inverse(buffers)
            let values = parts + 2 * (length - valid)
            SignalLoops.appendSeconds(values, count: min(count, valid), plus: constant, to: &output)
            if count > valid { SignalLoops.appendSeconds(values + 1, count: count - valid, plus: constant, to: &output) }
        }
    }
}
