// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels

/// MaxPool and AveragePool, and their global forms, over any number of spatial axes.
struct PoolOperator: Operator {
    enum Kind: Sendable { case maximum, average, averageWithPadding }

    private let kind: Kind
    /// nil: one window over everything.
    private let window: WindowAttributes?
    /// Whether indices of maxima count the spatial positions with the first axis fastest.
    private var columnsFirst = false

    init(_ kind: Kind, _ window: WindowAttributes?) {
        self.kind = kind
        self.window = window
    }

    static func maximum(_ node: NodeReader) throws -> PoolOperator {
        var window = try WindowAttributes(node)
        window.ceil = try node.flag("ceil_mode")
        var made = PoolOperator(.maximum, window)
        made.columnsFirst = try node.flag("storage_order")
        return made
    }

    static func average(_ node: NodeReader) throws -> PoolOperator {
        var window = try WindowAttributes(node)
        window.ceil = try node.flag("ceil_mode")
        return PoolOperator(try node.flag("count_include_pad") ? .averageWithPadding : .average, window)
    }

    func wish(_ inputs: [Fact?]) -> LayoutWish { .follow }

    func specialise(_ inputs: [Fact?], layout: Layout, node: NodeReader) throws -> Specialised {
        let input = try node.input(0, of: inputs)
        let windows = try PoolWindows(window, input, node: node)
        let (geometry, table) = (windows.geometry, windows.table)
        let output = Fact(input.type, try node.checked(Array(input.shape[..<2]) + windows.spatial), layout: layout)
        let plain = PoolKernel(
            kind: kind, items: input.shape[0], input: ChannelStrides(input.shape, layout), output: ChannelStrides(output.shape, layout),
            table: table, divisors: PoolKernel.divisors(kind, geometry, table), columnsFirst: columnsFirst)
        if node.hasOutput(1) { return .kernel([output, Fact(.int64, output.shape, layout: layout)], plain) }
        if input.type == .float32, layout == .channelsLast, let shape = timePool(input.shape, geometry),
            shape.outputLength == windows.spatial.elementCount
        {
            let kernel = TimePoolKernel(kind: kind, shape: shape, items: input.shape[0], isGlobal: window == nil, plain: plain)
            return .kernel([output], kept: TimePoolKernel.kept(kind, output), kernel)
        }
        return .kernel([output], plain)
    }

    /// The pool as one along time, if the other spatial axes have extent 1 and no window.
    private func timePool(_ input: Shape, _ geometry: WindowTable.Geometry) -> PoolShape? {
        let axes = geometry.kernel.indices.filter {
            input[$0 + 2] != 1 || geometry.kernel[$0] != 1 || geometry.padsBegin[$0] != 0 || geometry.padsEnd[$0] != 0
        }
        guard axes.count < 2 else { return nil }
        let axis = axes.first ?? geometry.kernel.count - 1
        let shape = PoolShape(
            channels: input[1], kernel: geometry.kernel[axis], stride: geometry.strides[axis], dilation: geometry.dilations[axis],
            padLeft: geometry.padsBegin[axis], padRight: geometry.padsEnd[axis], ceilMode: window?.ceil ?? false,
            inputLength: input[axis + 2])
        return shape.isValid && input[0] > 0 ? shape : nil
    }
}

/// Pooling by plain loops, in any layout.
struct PoolKernel: ScalarKernel {
    let kind: PoolOperator.Kind
    let items: Int
    let input: ChannelStrides
    let output: ChannelStrides
    let table: WindowTable
    /// By how much the sum of each window is divided.
    let divisors: [Int]
    let columnsFirst: Bool

    /// The number of positions a window's average is over: those inside, or with count_include_pad those up to the padding's end.
    static func divisors(_ kind: PoolOperator.Kind, _ geometry: WindowTable.Geometry, _ table: WindowTable) -> [Int] {
        switch kind {
        case .maximum: []
        case .average:
            table.output.elementCount == 0 ? [] : (0..<table.output.elementCount).map { max(1, table.bounds[$0 + 1] - table.bounds[$0]) }
        case .averageWithPadding:
            (0..<table.output.elementCount).map { index in
                var rest = index
                var count = 1
                for axis in table.output.indices.reversed() {
                    let start = (rest % table.output[axis]) * geometry.strides[axis] - geometry.padsBegin[axis]
                    rest /= table.output[axis]
                    let end = table.input[axis] + geometry.padsEnd[axis]
                    count *= max(1, min(geometry.kernel[axis], (end - start + geometry.dilations[axis] - 1) / geometry.dilations[axis]))
                }
                return count
            }
        }
    }

    func reverseReads(_ rule: Rule) -> ReverseReads { kind == .maximum ? .all : .none }

    func supports(_ rule: Rule) -> Bool { true }

    func forward<T: Scalar>(_ run: ForwardRun, as _: T.Type) {
        guard let x = run.inputs[0]?.region(T.self), let y = run.outputs[0]?.region(T.self) else { return }
        let indices = run.outputs.count > 1 ? run.outputs[1]?.region(Int64.self) : nil
        forEachWindow { base, out, o in
            if kind == .maximum {
                let place = largest(x, base, o)
                y[out] = place.map { x[$0] } ?? -.infinity
                indices?[out] = place.map { Int64(index($0)) } ?? 0
            } else {
                var sum: T = 0
                for e in table.bounds[o]..<table.bounds[o + 1] { sum += x[base + Int(table.positions[e]) * input.position] }
                y[out] = sum / T(divisors[o])
            }
        }
    }

    func reverse<T: Scalar>(_ run: ReverseRun, as _: T.Type) {
        guard let g = run.outputGradients[0]?.region(T.self), let into = run.inputGradients[0]?.region(T.self) else { return }
        guard kind == .maximum else {
            forEachWindow { base, out, o in
                let share = g[out] / T(divisors[o])
                for e in table.bounds[o]..<table.bounds[o + 1] { into[base + Int(table.positions[e]) * input.position] += share }
            }
            return
        }
        guard let x = run.inputs[0]?.region(T.self) else { return }
        let reference = run.rule == .rescale ? run.referenceInputs[0]?.region(T.self) : nil
        forEachWindow { base, out, o in
            guard let place = largest(x, base, o) else { return }
            guard let reference, let other = largest(reference, base, o) else {
                into[place] += g[out]
                return
            }
            // DeepLIFT's rule for maxima: the difference goes to the position that set the larger of the two maxima.
            let (y, y0) = (x[place], reference[other])
            let top = max(y, y0)
            let (first, second) = (x[place] - reference[place], x[other] - reference[other])
            into[place] += g[out] * (abs(first) < 1e-10 ? 1 : (top - y0) / first)
            if abs(second) >= 1e-10 { into[other] += g[out] * (y - top) / second }
        }
    }

    /// A place in memory as ONNX counts: over the whole tensor, row-major or with the first spatial axis fastest.
    private func index(_ place: Int) -> Int {
        let (item, rest) = place.quotientAndRemainder(dividingBy: input.item)
        let channel = rest / input.channel % input.channels
        var position = rest / input.position % input.positions
        let line = (item * input.channels + channel) * input.positions
        guard columnsFirst else { return line + position }
        var columns = 0
        for axis in table.input.indices.reversed() {
            columns += position % table.input[axis] * table.input[..<axis].reduce(1, *)
            position /= table.input[axis]
        }
        return line + columns
    }

    /// Where the largest element of window `o` lies; the first of equals, and NaN counts as the largest.
    private func largest<T: Scalar>(_ x: Region<T>, _ base: Int, _ o: Int) -> Int? {
        var best: Int?
        for e in table.bounds[o]..<table.bounds[o + 1] {
            let place = base + Int(table.positions[e]) * input.position
            if let known = best, !(x[place] > x[known] || x[place].isNaN) { continue }
            best = place
        }
        return best
    }

    @inline(__always)
    private func forEachWindow(_ body: (_ inputBase: Int, _ output: Int, _ window: Int) -> Void) {
        for n in 0..<items {
            for c in 0..<input.channels {
                for o in 0..<output.positions {
                    body(n * input.item + c * input.channel, n * output.item + c * output.channel + o * output.position, o)
                }
            }
        }
    }
}

let poolingOperators: [OperatorEntry] = [
    OperatorEntry("MaxPool") { try PoolOperator.maximum($0) },
    OperatorEntry("AveragePool") { try PoolOperator.average($0) },
    OperatorEntry("GlobalMaxPool") { _ in PoolOperator(.maximum, nil) },
    OperatorEntry("GlobalAveragePool") { _ in PoolOperator(.average, nil) },
]
