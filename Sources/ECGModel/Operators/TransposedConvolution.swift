// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels

/// ConvTranspose: the input gradient of a convolution, used forward.
struct TransposedConvolutionOperator: Operator {
    private let window: WindowAttributes
    private let groups: Int
    private let outputPadding: [Int]?
    private let outputShape: [Int]?

    init(_ node: NodeReader) throws {
        window = try WindowAttributes(node)
        groups = try node.int("group", default: 1)
        outputPadding = try node.ints("output_padding")
        outputShape = try node.ints("output_shape")
        guard (1..<1 << 31).contains(groups) else { throw node.damaged("group is \(groups)") }
    }

    func wish(_ inputs: [Fact?]) -> LayoutWish {
        guard let input = inputs.first ?? nil, input.type == .float32, inputs.count > 1, let weights = inputs[1]?.constant else {
            return .rowMajor
        }
        guard inputs.count < 3 || inputs[2] == nil || inputs[2]?.constant != nil else { return .rowMajor }
        return ConvolutionOperator.timeAxis(input.shape, weights.shape) != nil ? .channelsLast : .rowMajor
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
        guard input.shape.count >= 3, weights.shape.count == input.shape.count, input.shape[1] == weights.shape[0],
            weights.shape[0] % groups == 0
        else {
            throw node.misfit("input \(input.shape.text) and weights \(weights.shape.text) in \(groups) groups don't go together")
        }
        let channels = weights.shape[1] * groups
        guard bias?.shape ?? [channels] == [channels] else { throw node.misfit("bias has shape \(bias?.shape.text ?? "")") }
        let extents = Array(input.shape[2...])
        let rank = extents.count
        let kernel = Array(weights.shape[2...])
        guard window.kernel ?? kernel == kernel else { throw node.damaged("kernel_shape is not that of the weights") }
        let strides = window.strides ?? extents.map { _ in 1 }
        let dilations = window.dilations ?? extents.map { _ in 1 }
        let extra = outputPadding ?? extents.map { _ in 0 }
        var pads = window.pads ?? [Int](repeating: 0, count: 2 * rank)
        guard strides.count == rank, dilations.count == rank, extra.count == rank, pads.count == 2 * rank,
            outputShape?.count ?? rank == rank,
            extra.allSatisfy({ $0 >= 0 && $0 < 1 << 31 }), outputShape?.allSatisfy({ $0 > 0 && $0 < 1 << 31 }) ?? true
        else { throw node.misfit("attributes for another number of axes than those of spatial extents \(extents.text)") }
        if window.autoPad == "VALID" { pads = pads.map { _ in 0 } }
        var spatial = Shape()
        for axis in 0..<rank {
            let (reach, overflow) = (kernel[axis] - 1).multipliedReportingOverflow(by: dilations[axis])
            let (span, tooLong) = max(0, extents[axis] - 1).multipliedReportingOverflow(by: strides[axis])
            guard kernel[axis] > 0, extents[axis] > 0, !overflow, !tooLong, reach < 1 << 40, span < 1 << 40 else {
                throw node.misfit("kernel \(kernel.text) does not fit \(extents.text)")
            }
            let full = span + extra[axis] + reach + 1
            var wanted = outputShape?[axis]
            if wanted == nil, window.autoPad.hasPrefix("SAME") { wanted = extents[axis] * strides[axis] }
            if let wanted {
                let total = max(0, full - wanted)
                let upper = window.autoPad == "SAME_UPPER"
                pads[axis] = upper ? total / 2 : total - total / 2
                pads[rank + axis] = total - pads[axis]
                spatial.append(wanted)
            } else {
                spatial.append(full - pads[axis] - pads[rank + axis])
            }
        }
        guard spatial.allSatisfy({ $0 > 0 }) else { throw node.misfit("would give spatial extents \(spatial.text)") }
        let output = Fact(input.type, try node.checked([input.shape[0], channels] + spatial), layout: layout)
        // The windows of the convolution whose gradient this is: its input is this operator's output.
        let geometry = WindowTable.Geometry(
            kernel: kernel, strides: strides, dilations: dilations, padsBegin: Array(pads[..<rank]), padsEnd: Array(pads[rank...]))
        if layout == .channelsLast, let tensor = weights.constant, let axis = ConvolutionOperator.timeAxis(input.shape, weights.shape),
            (0..<rank).allSatisfy({ $0 == axis - 2 || spatial[$0] == 1 })
        {
            let time = axis - 2
            let shape = ConvolutionShape(
                inputChannels: channels, outputChannels: input.shape[1], groups: groups, kernel: kernel[time], stride: strides[time],
                dilation: dilations[time], padLeft: max(0, pads[time]), padRight: max(0, pads[rank + time]), inputLength: spatial[time])
            if shape.isValid, shape.outputLength == extents[time], input.shape[0] > 0, pads[time] >= 0, pads[rank + time] >= 0 {
                return .kernel(
                    [output],
                    TransposedConvolutionKernel(
                        node: node.node, shape: shape, items: input.shape[0], weights: tensor, bias: bias?.constant?.floats))
            }
        }
        let table = try WindowTable.checked(geometry, input: spatial, output: extents, node: node)
        return .kernel(
            [output],
            PlainTransposedConvolutionKernel(
                small: ChannelStrides(input.shape, layout), large: ChannelStrides(output.shape, layout), items: input.shape[0],
                groups: groups, table: table))
    }
}

/// A transposed convolution by plain loops, for any type, layout and number of axes; the weights may depend on the items.
private struct PlainTransposedConvolutionKernel: ScalarKernel {
    /// The input's side and the output's.
    let small: ChannelStrides
    let large: ChannelStrides
    let items: Int
    let groups: Int
    let table: WindowTable

    func reverseReads(_ rule: Rule) -> ReverseReads { .inputs }
    func supports(_ rule: Rule) -> Bool { true }

    /// Calls `body(place in the small tensor, place in the large one, place in the weights)` for every product.
    @inline(__always)
    private func forEach(_ body: (Int, Int, Int) -> Void) {
        let (perGroupIn, perGroupOut, taps) = (small.channels / groups, large.channels / groups, table.kernel.elementCount)
        for n in 0..<items {
            for c in 0..<small.channels {
                let first = (c / perGroupIn) * perGroupOut
                for m in 0..<perGroupOut {
                    let weights = (c * perGroupOut + m) * taps
                    let target = n * large.item + (first + m) * large.channel
                    for o in 0..<small.positions {
                        let source = n * small.item + c * small.channel + o * small.position
                        for e in table.bounds[o]..<table.bounds[o + 1] {
                            body(source, target + Int(table.positions[e]) * large.position, weights + Int(table.taps[e]))
                        }
                    }
                }
            }
        }
    }

    func forward<T: Scalar>(_ run: ForwardRun, as _: T.Type) {
        guard let x = run.inputs[0]?.region(T.self), let w = run.inputs[1]?.region(T.self), let y = run.outputs[0]?.region(T.self) else {
            return
        }
        let bias = run.inputs.count > 2 ? run.inputs[2]?.region(T.self) : nil
        for n in 0..<items {
            for m in 0..<large.channels {
                for o in 0..<large.positions { y[n * large.item + m * large.channel + o * large.position] = bias?[m] ?? 0 }
            }
        }
        forEach { source, target, weight in y[target] += x[source] * w[weight] }
    }

    func reverse<T: Scalar>(_ run: ReverseRun, as _: T.Type) {
        guard let x = run.inputs[0]?.region(T.self), let w = run.inputs[1]?.region(T.self), let g = run.outputGradients[0]?.region(T.self)
        else { return }
        if let gx = run.inputGradients[0]?.region(T.self) { forEach { source, target, weight in gx[source] += g[target] * w[weight] } }
        if let gw = run.inputGradients[1]?.region(T.self) { forEach { source, target, weight in gw[weight] += g[target] * x[source] } }
        if run.inputGradients.count > 2, let gb = run.inputGradients[2]?.region(T.self) {
            for n in 0..<items {
                for m in 0..<large.channels {
                    for o in 0..<large.positions { gb[m] += g[n * large.item + m * large.channel + o * large.position] }
                }
            }
        }
    }
}

let transposedConvolutionOperators: [OperatorEntry] = [
    OperatorEntry("ConvTranspose") { try TransposedConvolutionOperator($0) }
]
