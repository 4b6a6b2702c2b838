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
        let windows = try PoolWindows(window, input, node: node)
        let output = Fact(input.type, try node.checked(Array(input.shape[..<2]) + windows.spatial))
        return .kernel([output], LpPoolKernel(lines: input.shape[0] * input.shape[1], table: windows.table, power: power))
    }
}

private struct LpPoolKernel: ScalarKernel {
    /// Items times channels.
    let lines: Int
    let table: WindowTable
    let power: Int

    func forward<T: Scalar>(_ run: ForwardRun, as _: T.Type) {
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

    func reverse<T: Scalar>(_ run: ReverseRun, as _: T.Type) {
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
