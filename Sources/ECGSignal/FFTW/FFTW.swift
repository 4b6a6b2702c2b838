// SPDX-License-Identifier: GPL-3.0-or-later
//
// The one file that calls FFTW. Plans are made with FFTW_ESTIMATE, with the wisdom of FFTWWisdom.swift for that one length or with none, so
// that the same length always runs the same code and gives the same bits; they are kept for the life of the process, since a stage meets
// the same few lengths again and again.

import CFFTW
import Synchronization

/// The forward and the backward transform of real sequences of one length, in single precision.
final class RealTransform: @unchecked Sendable {
    let length: Int
    private let forwardPlan: fftwf_plan
    private let inversePlan: fftwf_plan

    /// FFTW's planner may be entered by one thread at a time; running a plan is safe in all.
    private static let plans = Mutex<[Int: RealTransform]>([:])

    static func of(length: Int) -> RealTransform {
        plans.withLock { plans in
            if let plan = plans[length] { return plan }
            let plan = RealTransform(length: length)
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
        guard let forward = fftwf_plan_dft_r2c_1d(Int32(length), buffers.samples, buffers.spectrum, flags),
            let inverse = fftwf_plan_dft_c2r_1d(Int32(length), buffers.spectrum, buffers.samples, flags)
        else { preconditionFailure("FFTW has no plan for \(length) samples") }
        forwardPlan = forward
        inversePlan = inverse
    }

    fileprivate func forward(_ buffers: TransformBuffers) { fftwf_execute_dft_r2c(forwardPlan, buffers.samples, buffers.spectrum) }

    /// Not divided by the length: whoever multiplies spectra has that factor in the kernel already.
    fileprivate func inverse(_ buffers: TransformBuffers) { fftwf_execute_dft_c2r(inversePlan, buffers.spectrum, buffers.samples) }
}

/// Aligned memory for one transform at a time.
final class TransformBuffers: @unchecked Sendable {
    fileprivate let samples: UnsafeMutablePointer<Float>
    fileprivate let spectrum: UnsafeMutablePointer<fftwf_complex>

    fileprivate init(length: Int) {
        samples = fftwf_alloc_real(length)
        spectrum = fftwf_alloc_complex(length / 2 + 1)
    }

    deinit {
        fftwf_free(samples)
        fftwf_free(spectrum)
    }

    /// Buffers that no thread uses now, by length: a filter borrows a pair for each block.
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
    /// Length of the impulse response.
    let taps: Int
    private let transform: RealTransform
    private let spectrum: TransformBuffers

    /// - Precondition: `length` is at least the number of taps.
    init(taps: [Double], length: Int) {
        precondition(!taps.isEmpty && taps.count <= length)
        self.length = length
        self.taps = taps.count
        transform = .of(length: length)
        spectrum = TransformBuffers(length: length)
        for index in 0..<length { spectrum.samples[index] = index < taps.count ? Float(taps[index] / Double(length)) : 0 }
        transform.forward(spectrum)
    }

    /// Appends the convolution's values where it depends on the block's samples alone, from sample `taps - 1` on.
    ///
    /// - Parameters:
    ///   - input: the block's samples begin at `start`; what lies beyond the array's end counts as zero.
    ///   - constant: added to every value.
    ///   - count: how many values to append, at most `length - taps + 1`.
    func convolve(_ input: [Float], from start: Int, plus constant: Float, count: Int, into output: inout [Float]) {
        precondition(start >= 0 && start <= input.count && count >= 0 && count <= length - taps + 1)
        TransformBuffers.borrow(length: length) { buffers in
            let here = min(length, input.count - start)
            input.withUnsafeBufferPointer { source in
                if here > 0, let first = source.baseAddress { buffers.samples.update(from: first + start, count: here) }
            }
            (buffers.samples + here).update(repeating: 0, count: length - here)
            transform.forward(buffers)
            let x = UnsafeMutableRawPointer(buffers.spectrum).assumingMemoryBound(to: Float.self)
            let h = UnsafeRawPointer(spectrum.spectrum).assumingMemoryBound(to: Float.self)
            SignalLoops.multiply(x, by: h, count: length / 2 + 1)
            transform.inverse(buffers)
            SignalLoops.append(buffers.samples + (taps - 1), count: count, plus: constant, to: &output)
        }
    }
}
