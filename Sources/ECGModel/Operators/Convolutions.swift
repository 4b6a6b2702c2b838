// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels

/// Conv: any number of spatial axes, groups, strides, dilations, padding.
///
/// With constant weights, float32 and one spatial axis that matters (the others have extent 1), the work is done channels last by the kernel library;
/// the rest by plain loops.
struct ConvolutionOperator: Operator {
    private let window: WindowAttributes
    private let groups: Int

    init(_ node: NodeReader) throws {
        window = try WindowAttributes(node)
        groups = try node.int("group", default: 1)
        guard (1..<1 << 31).contains(groups) else { throw node.damaged("group is \(groups)") }
    }

    func wish(_ inputs: [Fact?]) -> LayoutWish {
        guard let input = inputs.first ?? nil, inputs.count > 1, let weights = inputs[1]?.constant else { return .rowMajor }
        guard inputs.count < 3 || inputs[2] == nil || inputs[2]?.constant != nil else { return .rowMajor }
        return input.type == .float32 && Self.timeAxis(input.shape, weights.shape) != nil ? .channelsLast : .rowMajor
    }

    /// The spatial axis along which something happens, if there is only one: those of extent and kernel 1 are none.
    static func timeAxis(_ input: Shape, _ weights: Shape) -> Int? {
        guard input.count == weights.count, input.count >= 3 else { return nil }
        let axes = (2..<input.count).filter { input[$0] != 1 || weights[$0] != 1 }
        return axes.count > 1 ? nil : axes.first ?? input.count - 1
    }

    func specialise(_ inputs: [Fact?], layout: Layout, node: NodeReader) throws -> Specialised {
        let (input, weights) = (try node.input(0, of: inputs), try node.input(1, of: inputs))
        let bias = inputs.count > 2 ? inputs[2] : nil
        guard input.type.isFloat, weights.type == input.type, bias?.type ?? input.type == input.type else {
            throw node.unsupported("a mix of element types")
        }
        guard weights.constant != nil || node.rule != .rescale else {
            throw node.unsupported("the rescale rule for weights that depend on the items")
        }
        guard input.shape.count >= 3, weights.shape.count == input.shape.count else {
            throw node.misfit("input \(input.shape.text) and weights \(weights.shape.text) don't go together")
        }
        let (inChannels, outChannels) = (input.shape[1], weights.shape[0])
        guard inChannels == weights.shape[1] * groups, outChannels % groups == 0, outChannels > 0, inChannels > 0 else {
            throw node.misfit(
                "input \(input.shape.text) has \(inChannels) channels, weights \(weights.shape.text) in \(groups) groups want \(weights.shape[1] * groups)"
            )
        }
        guard bias?.shape ?? [outChannels] == [outChannels] else { throw node.misfit("bias has shape \(bias?.shape.text ?? "")") }
        let kernel = Array(weights.shape[2...])
        guard window.kernel ?? kernel == kernel else { throw node.damaged("kernel_shape is not that of the weights") }
        let (geometry, spatial) = try window.geometry(kernel: kernel, input: Array(input.shape[2...]), node: node)
        let output = Fact(input.type, try node.checked([input.shape[0], outChannels] + spatial), layout: layout)
        if layout == .channelsLast, let tensor = weights.constant, let axis = Self.timeAxis(input.shape, weights.shape),
            input.shape.indices.dropFirst(2).allSatisfy({ $0 == axis || (geometry.padsBegin[$0 - 2] == 0 && geometry.padsEnd[$0 - 2] == 0) }
            )
        {
            let time = axis - 2
            let shape = ConvolutionShape(
                inputChannels: inChannels, outputChannels: outChannels, groups: groups, kernel: kernel[time],
                stride: geometry.strides[time],
                dilation: geometry.dilations[time], padLeft: geometry.padsBegin[time], padRight: geometry.padsEnd[time],
                inputLength: input.shape[axis])
            if shape.isValid, input.shape[0] > 0 {
                return .kernel(
                    [output], ConvolutionKernel(node: node.node, shape: shape, items: input.shape[0], weights: tensor, bias: bias?.constant)
                )
            }
        }
        let table = try WindowTable.checked(geometry, input: Array(input.shape[2...]), output: spatial, node: node)
        return .kernel(
            [output],
            PlainConvolutionKernel(
                input: ChannelStrides(input.shape, layout), output: ChannelStrides(output.shape, layout), items: input.shape[0],
                groups: groups, table: table))
    }
}

/// A convolution by plain loops, for any type, layout and number of axes; the weights may depend on the items.
struct PlainConvolutionKernel: ScalarKernel {
    let input: ChannelStrides
    let output: ChannelStrides
    let items: Int
    let groups: Int
    let table: WindowTable

    func reverseReads(_ rule: Rule) -> ReverseReads { .inputs }

    func supports(_ rule: Rule) -> Bool { true }

    private var tapCount: Int { table.kernel.elementCount }

    func forward<T: Scalar>(_ run: ForwardRun, as _: T.Type) {
        guard let x = run.inputs[0]?.region(T.self), let w = run.inputs[1]?.region(T.self), let y = run.outputs[0]?.region(T.self) else {
            return
        }
        let bias = run.inputs.count > 2 ? run.inputs[2]?.region(T.self) : nil
        let (perGroupIn, perGroupOut) = (input.channels / groups, output.channels / groups)
        for n in 0..<items {
            for m in 0..<output.channels {
                let first = (m / perGroupOut) * perGroupIn
                for o in 0..<output.positions {
                    var sum = bias?[m] ?? 0
                    for c in 0..<perGroupIn {
                        let base = n * input.item + (first + c) * input.channel
                        let weights = (m * perGroupIn + c) * tapCount
                        for e in table.bounds[o]..<table.bounds[o + 1] {
                            sum += x[base + Int(table.positions[e]) * input.position] * w[weights + Int(table.taps[e])]
                        }
                    }
                    y[n * output.item + m * output.channel + o * output.position] = sum
                }
            }
        }
    }

    func reverse<T: Scalar>(_ run: ReverseRun, as _: T.Type) {
        guard let x = run.inputs[0]?.region(T.self), let w = run.inputs[1]?.region(T.self), let g = run.outputGradients[0]?.region(T.self)
        else { return }
        let gx = run.inputGradients[0]?.region(T.self)
        let gw = run.inputGradients[1]?.region(T.self)
        let gb = run.inputGradients.count > 2 ? run.inputGradients[2]?.region(T.self) : nil
        let (perGroupIn, perGroupOut) = (input.channels / groups, output.channels / groups)
        for n in 0..<items {
            for m in 0..<output.channels {
                let first = (m / perGroupOut) * perGroupIn
                for o in 0..<output.positions {
                    let gradient = g[n * output.item + m * output.channel + o * output.position]
                    if let gb { gb[m] += gradient }
                    for c in 0..<perGroupIn {
                        let base = n * input.item + (first + c) * input.channel
                        let weights = (m * perGroupIn + c) * tapCount
                        for e in table.bounds[o]..<table.bounds[o + 1] {
                            let (ix, iw) = (base + Int(table.positions[e]) * input.position, weights + Int(table.taps[e]))
                            if let gx { gx[ix] += gradient * w[iw] }
                            if let gw { gw[iw] += gradient * x[ix] }
                        }
                    }
                }
            }
        }
    }
}

let convolutionOperators: [OperatorEntry] = [
    OperatorEntry("Conv") { try ConvolutionOperator($0) }
]
