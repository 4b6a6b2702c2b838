// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels

/// LpPool and GlobalLpPool: the p-norm of each window.
struct LpPoolOperator: Operator {
    private let window: WindowAttributes?
    private let power: Int

    init(_ node: NodeReader, global: Bool) throws {
        power = try node.int("p", default: 2)
        guard power >= 1, power <= 64 else { throw node.unsupported("p \(power)") }
        if global {
            window = nil
        } else {
            var window = try WindowAttributes(node)
            window.ceil = try node.flag("ceil_mode")
            self.window = window
        }
    }

    func specialise(_ inputs: [Fact?], layout: Layout, node: NodeReader) throws -> Specialised {
        let input = try node.input(0, of: inputs)
        guard input.type.isFloat else { throw node.unsupported("element type \(input.type.rawValue)") }
        guard input.shape.count >= 3 else { throw node.misfit("input \(input.shape.text) has no spatial axis") }
        let extents = Array(input.shape[2...])
        var geometry = WindowTable.Geometry(
            kernel: extents, strides: extents.map { _ in 1 }, dilations: extents.map { _ in 1 }, padsBegin: extents.map { _ in 0 },
            padsEnd: extents.map { _ in 0 })
        var spatial = extents.map { _ in 1 }
        if let window {
            guard let kernel = window.kernel else { throw node.damaged("has no kernel_shape") }
            (geometry, spatial) = try window.geometry(kernel: kernel, input: extents, node: node)
        }
        let output = Fact(input.type, try node.checked(Array(input.shape[..<2]) + spatial))
        let table = try WindowTable.checked(geometry, input: extents, output: spatial, node: node)
        return .kernel([output], LpPoolKernel(lines: input.shape[0] * input.shape[1], table: table, power: power))
    }
}

private struct LpPoolKernel: Kernel {
    /// Items times channels.
    let lines: Int
    let table: WindowTable
    let power: Int

    func forward(_ run: ForwardRun) {
        guard let y = run.outputs[0] else { return }
        if y.type == .float32 { forward(run, Float.self) } else { forward(run, Double.self) }
    }

    func reverse(_ run: ReverseRun) {
        guard let g = run.outputGradients[0] else { return }
        if g.type == .float32 { reverse(run, Float.self) } else { reverse(run, Double.self) }
    }

    private func forward<T: Scalar>(_ run: ForwardRun, _: T.Type) {
        guard let x = run.inputs[0]?.region(T.self), let y = run.outputs[0]?.region(T.self) else { return }
        let (positions, windows) = (table.input.elementCount, table.output.elementCount)
        for line in 0..<lines {
            for o in 0..<windows {
                var sum: T = 0
                for e in table.bounds[o]..<table.bounds[o + 1] {
                    sum += T.pow(x[line * positions + Int(table.positions[e])].magnitude, T(power))
                }
                y[line * windows + o] = power == 1 ? sum : power == 2 ? sum.squareRoot() : T.pow(sum, 1 / T(power))
            }
        }
    }

    private func reverse<T: Scalar>(_ run: ReverseRun, _: T.Type) {
        guard let x = run.inputs[0]?.region(T.self), let y = run.outputs[0]?.region(T.self), let g = run.outputGradients[0]?.region(T.self),
            let into = run.inputGradients[0]?.region(T.self)
        else { return }
        let (positions, windows) = (table.input.elementCount, table.output.elementCount)
        for line in 0..<lines {
            for o in 0..<windows where y[line * windows + o] != 0 {
                let (norm, gradient) = (y[line * windows + o], g[line * windows + o])
                for e in table.bounds[o]..<table.bounds[o + 1] {
                    let i = line * positions + Int(table.positions[e])
                    let sign: T = x[i] > 0 ? 1 : x[i] < 0 ? -1 : 0
                    into[i] += gradient * sign * T.pow(x[i].magnitude / norm, T(power - 1))
                }
            }
        }
    }
}

let lpPoolingOperators: [OperatorEntry] = [
    OperatorEntry("LpPool", since: 2) { try LpPoolOperator($0, global: false) },
    OperatorEntry("GlobalLpPool", since: 2) { try LpPoolOperator($0, global: true) },
]
