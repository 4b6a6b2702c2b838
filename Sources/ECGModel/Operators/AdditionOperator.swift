// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels

/// Add: of two float32 tensors of one shape a kernel that fusion knows, else the general form.
struct AdditionOperator: Operator {
    private let general = Binary(Addition(), integers: { $0 &+ $1 })

    func wish(_ inputs: [Fact?]) -> LayoutWish { .broadcast }

    func specialise(_ inputs: [Fact?], layout: Layout, node: NodeReader) throws -> Specialised {
        let (a, b) = (try node.input(0, of: inputs), try node.input(1, of: inputs))
        guard a.type == .float32, b.type == .float32, a.shape == b.shape, a.constant == nil, b.constant == nil else {
            return try general.specialise(inputs, layout: layout, node: node)
        }
        return .kernel([Fact(.float32, a.shape, layout: layout)], AdditionKernel())
    }
}

/// The sum of two tensors of one shape, with the activation behind it.
struct AdditionKernel: Kernel {
    var activation: ECGKernels.Activation = .identity

    func reverseReads(_ rule: Rule) -> ReverseReads { activation == .identity ? .none : .outputs }
    var canSetGradients: Bool { true }
    func supports(_ rule: Rule) -> Bool { true }

    func forward(_ run: ForwardRun) {
        guard let a = run.inputs[0]?.region(Float.self), let b = run.inputs[1]?.region(Float.self),
            let y = run.outputs[0]?.region(Float.self)
        else { return }
        let slope = activation.slope
        switch activation {
        case .identity: y.set(a, b) { $0 + $1 }
        case .relu:
            y.set(a, b) {
                let sum = $0 + $1
                return sum < 0 ? 0 : sum
            }
        case .leakyRelu:
            y.set(a, b) {
                let sum = $0 + $1
                return sum < 0 ? slope * sum : sum
            }
        }
    }

    func reverse(_ run: ReverseRun) {
        guard let g = run.outputGradients[0]?.region(Float.self) else { return }
        for (index, into) in run.inputGradients.enumerated() {
            guard let into = into?.region(Float.self) else { continue }
            if activation != .identity, let y = run.outputs[0]?.region(Float.self) {
                activation.reverse(g, y, into: into, rule: run.rule, accumulate: run.accumulates[index], workers: run.workers)
            } else if run.accumulates[index] {
                into.add(g)
            } else {
                into.copy(from: g)
            }
        }
    }
}
