// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels

extension PlanBuilder {
    /// Gelu as exporters write it out before opset 20, `x · (1 + erf(x / √2)) · ½`, becomes one step where its parts have no rule of their own.
    ///
    /// The step takes the place of the last of the five; the others have no users then and go.
    mutating func joinGelu() {
        guard request.reverse.map({ $0.passes.allSatisfy { $0.rules.rule == .gradient } }) ?? true else { return }
        let visible = visible
        for index in steps.indices {
            guard !steps[index].isRepeated, let erf = steps[index].kernel as? UnaryKernel, erf.library == .erf,
                let inner = steps[index].inputs[0],
                values[inner].fact.type == .float32, let outer = steps[index].outputs[0], let scaled = producer(of: values[inner].root),
                let x = factor(scaled, .divide, 2.0.squareRoot()) ?? factor(scaled, .multiply, 0.5.squareRoot()),
                let sum = onlyUser(of: outer), factor(sum, .add, 1) == outer, let shifted = steps[sum].outputs[0],
                let product = onlyUser(of: shifted), (steps[product].kernel as? BinaryKernel)?.library == .multiply,
                Set(steps[product].inputs) == [x, shifted], let whole = steps[product].outputs[0],
                let half = onlyUser(of: whole), factor(half, .multiply, 0.5) == whole,
                users(of: inner).count == 1, [inner, outer, shifted, whole].allSatisfy({ !visible.contains($0) && values[$0].root == $0 })
            else { continue }
            steps[half].kernel = Unary(Gelu(approximates: false)).kernel
            steps[half].inputs = [x]
        }
    }

    /// The other operand of a step that is this function of it and of one constant number; of quotients the dividend.
    private func factor(_ step: Int, _ function: BinaryFunction, _ number: Double) -> Int? {
        guard let kernel = steps[step].kernel as? BinaryKernel, kernel.library == function, steps[step].inputs.count == 2 else {
            return nil
        }
        for (place, input) in steps[step].inputs.enumerated() where place == 1 || function != .divide {
            guard let input, let constant = values[input].fact.constant, constant.count == 1 else { continue }
            if (constant.doubles[0] - number).magnitude < 1e-6 { return steps[step].inputs[1 - place] }
        }
        return nil
    }

    private func onlyUser(of value: Int) -> Int? {
        let users = users(of: value)
        return users.count == 1 ? users[0] : nil
    }
}
