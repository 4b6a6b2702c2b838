// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels

/// A linear step that a dense layer behind it takes over: its weights are those of both together, worked out once a model in double precision.
enum TailLink: Sendable {
    /// A part of each item's elements, in the order in which they lie.
    case part(Range<Int>, of: Int)
    case convolution(ConvolutionKernel)

    /// Elements of an item before the step.
    var inputCount: Int {
        switch self {
        case .part(_, let count): count
        case .convolution(let kernel): kernel.shape.inputLength * kernel.shape.inputChannels
        }
    }

    /// What tells it apart from the same layer with other steps.
    var name: String {
        switch self {
        case .part(let range, let count): "\(range) of \(count)"
        case .convolution(let kernel): "\(kernel.node.outputs) \(kernel.affine?.node ?? "")"
        }
    }

    /// The weights [column, element] of what lies behind, brought before the step; what the step adds by itself goes into the bias.
    func backwards(_ weights: Region<Double>, columns: Int, bias: inout [Double]) -> Region<Double> {
        let made = Region<Double>(count: columns * inputCount)
        switch self {
        case .part(let range, let count):
            for column in 0..<columns {
                made.move(range.count, at: column * count + range.lowerBound, step: 1, from: weights, column * range.count, stride: 1)
            }
        case .convolution(let kernel):
            kernel.backwards(weights, columns: columns, into: made, bias: &bias)
        }
        return made
    }
}

extension ConvolutionKernel {
    /// Whether every row of the input reaches an output among `rows`: what is not a number then reaches the result by either way.
    func isReached(everywhereFrom rows: Range<Int>) -> Bool {
        var reached = [Bool](repeating: false, count: shape.inputLength)
        for row in rows {
            for tap in 0..<shape.kernel {
                let place = row * shape.stride + tap * shape.dilation - shape.padLeft
                if reached.indices.contains(place) { reached[place] = true }
            }
        }
        return reached.allSatisfy { $0 }
    }

    fileprivate func backwards(_ behind: Region<Double>, columns: Int, into made: Region<Double>, bias: inout [Double]) {
        let (inputs, outputs) = (shape.inputChannels, shape.outputChannels)
        let (length, count) = (shape.outputLength, shape.inputLength * shape.inputChannels)
        let values = (weights.floats ?? []).map { Double($0) }
        let own = summands
        for column in 0..<columns {
            for row in 0..<length {
                for output in 0..<outputs { bias[column] += behind[(column * length + row) * outputs + output] * own[output] }
            }
        }
        for tap in 0..<shape.kernel {
            // [output, input] of this tap
            let ofTap = Region<Double>(count: inputs * outputs)
            for output in 0..<outputs {
                let scale = affine?.scale[output] ?? 1
                for input in 0..<inputs { ofTap[output * inputs + input] = values[(output * inputs + input) * shape.kernel + tap] * scale }
            }
            for column in 0..<columns {
                for row in 0..<length {
                    let place = row * shape.stride + tap * shape.dilation - shape.padLeft
                    guard place >= 0, place < shape.inputLength else { continue }
                    for output in 0..<outputs {
                        made.add(
                            inputs, at: column * count + place * inputs, step: 1, ofTap, output * inputs, ofTap, output * inputs, step: 1,
                            behind, (column * length + row) * outputs + output, step: 0
                        ) { weight, _, factor in weight * factor }
                    }
                }
            }
        }
    }

    /// What is added to each output channel.
    private var summands: [Double] {
        let given = bias?.floats
        return (0..<shape.outputChannels).map { output in
            let own = given.map { Double($0[output]) } ?? 0
            guard let affine else { return own }
            return own * affine.scale[output] + affine.shift[output]
        }
    }
}
