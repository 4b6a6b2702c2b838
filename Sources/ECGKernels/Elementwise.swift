// SPDX-License-Identifier: GPL-3.0-or-later
import CMicrokernels

/// Kernels that work element by element. Inputs and output may be the same region; an element's bits don't depend on its neighbours.
public enum Elementwise {
    /// output[i] = function(input[i]).
    public static func apply(
        _ function: UnaryFunction, count: Int, input: Region<Float>, output: Region<Float>, instructionSet: InstructionSet = .current,
        workers: Workers? = nil
    ) {
        precondition(count <= input.count && count <= output.count)
        let (code, a, b) = function.parameters
        split(count, workers) { range in
            instructionSet.kernels.pointee.unary(
                code, range.count, input.pointer + range.lowerBound, output.pointer + range.lowerBound, a, b)
        }
    }

    /// output[row, c] = function(input[row, c]), for an output that may be part of wider rows, which lie `rowStride` floats apart.
    public static func applyToPart(
        _ function: UnaryFunction, rows: Int, channels: Int, input: Region<Float>, output: Region<Float>, rowStride: Int,
        instructionSet: InstructionSet = .current, workers: Workers? = nil
    ) {
        let span = rows == 0 ? 0 : (rows - 1) * rowStride + channels
        precondition(rowStride >= channels && span <= output.count && rows * channels <= input.count)
        let (code, a, b) = function.parameters
        let unary = instructionSet.kernels.pointee.unary
        split(rows, workers, fewest: max(1, 16384 / max(1, channels))) { range in
            for row in range { unary(code, channels, input.pointer + row * channels, output.pointer + row * rowStride, a, b) }
        }
    }

    /// gradient[i] (+)= upstream[i] · function′(input[i]).
    public static func gradient(
        _ function: UnaryFunction, count: Int, input: Region<Float>, upstream: Region<Float>, gradient: Region<Float>,
        accumulate: Bool = false, instructionSet: InstructionSet = .current, workers: Workers? = nil
    ) {
        precondition(count <= input.count && count <= upstream.count && count <= gradient.count)
        let (code, a, b) = function.parameters
        split(count, workers) { range in
            instructionSet.kernels.pointee.unaryGradient(
                code, range.count, input.pointer + range.lowerBound, upstream.pointer + range.lowerBound,
                gradient.pointer + range.lowerBound, accumulate ? 1 : 0, a, b)
        }
    }

    /// output[i] = function(a[i], b[i]), added to what output holds if `accumulate`.
    public static func apply(
        _ function: BinaryFunction, count: Int, _ a: Region<Float>, _ b: Region<Float>, output: Region<Float>, accumulate: Bool = false,
        instructionSet: InstructionSet = .current, workers: Workers? = nil
    ) {
        precondition(count <= a.count && count <= b.count && count <= output.count)
        split(count, workers) { range in
            let at = range.lowerBound
            instructionSet.kernels.pointee.binary(
                function.code, range.count, a.pointer + at, b.pointer + at, output.pointer + at, accumulate ? 1 : 0)
        }
    }

    /// output[i] = function(a[i], scalar), or function(scalar, a[i]) if `scalarFirst`.
    public static func apply(
        _ function: BinaryFunction, count: Int, _ a: Region<Float>, scalar: Float, scalarFirst: Bool = false, output: Region<Float>,
        instructionSet: InstructionSet = .current, workers: Workers? = nil
    ) {
        precondition(count <= a.count && count <= output.count)
        split(count, workers) { range in
            instructionSet.kernels.pointee.binaryScalar(
                function.code, range.count, a.pointer + range.lowerBound, scalar, scalarFirst ? 1 : 0, output.pointer + range.lowerBound)
        }
    }

    /// output[row, c] = function(a[row, c], b[c]): one row of `channels` values for all rows.
    public static func applyToRows(
        _ function: BinaryFunction, rows: Int, channels: Int, _ a: Region<Float>, row b: Region<Float>, output: Region<Float>,
        accumulate: Bool = false, instructionSet: InstructionSet = .current, workers: Workers? = nil
    ) {
        precondition(rows * channels <= a.count && channels <= b.count && rows * channels <= output.count)
        split(rows, workers, fewest: max(1, 16384 / max(1, channels))) { range in
            let binary = instructionSet.kernels.pointee.binary
            for row in range {
                let at = row * channels
                binary(function.code, channels, a.pointer + at, b.pointer, output.pointer + at, accumulate ? 1 : 0)
            }
        }
    }

    /// output[row, c] = activation(input[row, c] · scale[c] + shift[c]): a batch normalisation at inference.
    public static func channelAffine(
        rows: Int, channels: Int, input: Region<Float>, scale: Region<Float>, shift: Region<Float>?, output: Region<Float>,
        activation: Activation = .identity, instructionSet: InstructionSet = .current, workers: Workers? = nil
    ) {
        precondition(rows * channels <= input.count && rows * channels <= output.count)
        precondition(channels <= scale.count && channels <= shift?.count ?? channels)
        split(rows, workers, fewest: max(1, 16384 / max(1, channels))) { range in
            let at = range.lowerBound * channels
            instructionSet.kernels.pointee.channelAffine(
                range.count, channels, input.pointer + at, channels, scale.pointer, shift.map { UnsafePointer($0.pointer) },
                output.pointer + at, channels, activation.code, activation.slope)
        }
    }

    /// The reverse of a ReLU (or of a leaky one with `slope` > 0) by one of the rules of attribution.
    /// - Parameter output: what the ReLU gave, or its input: only the sign counts.
    public static func gate(
        _ rule: GateRule, count: Int, output: Region<Float>, upstream: Region<Float>, gradient: Region<Float>, slope: Float = 0,
        accumulate: Bool = false, instructionSet: InstructionSet = .current, workers: Workers? = nil
    ) {
        precondition(count <= output.count && count <= upstream.count && count <= gradient.count)
        split(count, workers) { range in
            let at = range.lowerBound
            instructionSet.kernels.pointee.gate(
                rule.code, 1, range.count, output.pointer + at, range.count, upstream.pointer + at, range.count, nil,
                gradient.pointer + at, range.count, accumulate ? 1 : 0, slope)
        }
    }

    /// The same for rows of channels, of which output and upstream may be part of wider rows.
    /// - Parameters:
    ///   - rowStride: floats from row to row of output and upstream; gradient is dense.
    ///   - scale: a factor for each channel of the result, that of a batch normalisation before the ReLU.
    public static func gateRows(
        _ rule: GateRule, rows: Int, channels: Int, output: Region<Float>, upstream: Region<Float>, rowStride: Int,
        scale: Region<Float>? = nil, gradient: Region<Float>, slope: Float = 0, accumulate: Bool = false,
        instructionSet: InstructionSet = .current, workers: Workers? = nil
    ) {
        let span = rows == 0 ? 0 : (rows - 1) * rowStride + channels
        precondition(rowStride >= channels && span <= output.count && span <= upstream.count && rows * channels <= gradient.count)
        precondition(channels <= scale?.count ?? channels)
        split(rows, workers, fewest: max(1, 16384 / max(1, channels))) { range in
            let at = range.lowerBound * rowStride
            instructionSet.kernels.pointee.gate(
                rule.code, range.count, channels, output.pointer + at, rowStride, upstream.pointer + at, rowStride,
                scale.map { UnsafePointer($0.pointer) }, gradient.pointer + range.lowerBound * channels, channels, accumulate ? 1 : 0,
                slope)
        }
    }

    /// Cuts `count` into ranges worth a thread's while.
    static func split(_ count: Int, _ workers: Workers?, fewest: Int = 16384, _ body: @Sendable (Range<Int>) -> Void) {
        guard let workers, workers.count > 1, count >= 2 * fewest else {
            if count > 0 { body(0..<count) }
            return
        }
        let parts = min(workers.count, count / fewest)
        workers.run(parts) { part, _ in body(count * part / parts..<count * (part + 1) / parts) }
    }
}
