// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels

/// A sum of products over strides: what MatMul and Einsum are.
///
/// Every index has an extent and a stride in each operand and in the output (0 where it does not occur there); the output is the sum over the
/// indices that it does not have of the product of the operands. Indices that the output has come first.
struct Contraction: Sendable {
    var extents: [Int]
    /// [operand][index]
    var operands: [[Int]]
    var output: [Int]

    /// Products of one contraction, which are only counted, not kept: an hour of one core and more.
    static let productLimit = 1 << 44

    /// Calls `body(output place, operand places)` for each combination of indices, the last index fastest.
    func forEach(_ body: (Int, [Int]) -> Void) {
        guard !extents.contains(0) else { return }
        var position = [Int](repeating: 0, count: extents.count)
        var places = [Int](repeating: 0, count: operands.count)
        var out = 0
        while true {
            body(out, places)
            var axis = extents.count - 1
            while axis >= 0 {
                position[axis] += 1
                out += output[axis]
                for k in places.indices { places[k] += operands[k][axis] }
                if position[axis] < extents[axis] { break }
                out -= output[axis] * extents[axis]
                for k in places.indices { places[k] -= operands[k][axis] * extents[axis] }
                position[axis] = 0
                axis -= 1
            }
            if axis < 0 { return }
        }
    }
}

/// A contraction of floats of either precision or of integers: by the kernel library in float32 where it is a matrix product, else by plain loops.
struct ContractionKernel: Kernel {
    let contraction: Contraction
    /// The products forward and, for each operand, of its gradient.
    private let product: MatrixContraction?
    private let gradients: [MatrixContraction?]

    init(_ contraction: Contraction, type: ElementType) {
        self.contraction = contraction
        let isFast = type == .float32
        product = isFast ? MatrixContraction(contraction) : nil
        gradients = contraction.operands.indices.map { index in
            guard isFast, contraction.operands.count == 2 else { return nil }
            // The gradient of an operand is the contraction of the output's gradient with the other operand.
            let (own, other) = (contraction.operands[index], contraction.operands[1 - index])
            return MatrixContraction(Contraction(extents: contraction.extents, operands: [contraction.output, other], output: own))
        }
    }

    func reverseReads(_ rule: Rule) -> ReverseReads { .inputs }

    /// Of two factors that change each takes the average of the other; of more there is no rule.
    func supports(_ rule: Rule) -> Bool { rule != .rescale || contraction.operands.count <= 2 }

    private func ownScratch(_ threads: Int) -> Int {
        ([product] + gradients).map { $0?.scratchCount(threads: threads) ?? 0 }.max() ?? 0
    }

    func scratchBytes(threads: Int) -> Int { ownScratch(threads) * 4 }

    func forward(_ run: ForwardRun) {
        guard let y = run.outputs[0] else { return }
        if let product, let scratch = run.scratch, let a = run.inputs[0], let b = run.inputs[1] {
            return product.run(
                a.region(), b.region(), into: y.region(), accumulate: false,
                scratch: scratch.floats(0..<ownScratch(run.workers?.count ?? 1)),
                workers: run.workers)
        }
        switch y.type {
        case .float32: forward(run, Float.self)
        case .float64: forward(run, Double.self)
        default:
            let operands = run.inputs.map { $0?.integers ?? [] }
            var sums = [Int](repeating: 0, count: y.count)
            contraction.forEach { out, places in
                sums[out] = sums[out] &+ operands.indices.reduce(1) { $0 &* operands[$1][places[$1]] }
            }
            y.setIntegers(sums)
        }
    }

    private func forward<T: Scalar>(_ run: ForwardRun, _: T.Type) {
        guard let y = run.outputs[0]?.region(T.self) else { return }
        let operands = run.inputs.compactMap { $0?.region(T.self) }
        y.fill(0)
        if operands.count == 2 {
            let (a, b) = (operands[0], operands[1])
            contraction.forEach { out, places in y[out] += a[places[0]] * b[places[1]] }
        } else {
            contraction.forEach { out, places in y[out] += operands.indices.reduce(1) { $0 * operands[$1][places[$1]] } }
        }
    }

    func reverse(_ run: ReverseRun) {
        guard let g = run.outputGradients[0] else { return }
        if g.type == .float32 { reverse(run, Float.self) } else { reverse(run, Double.self) }
    }

    private func reverse<T: Scalar>(_ run: ReverseRun, _: T.Type) {
        guard let g = run.outputGradients[0] else { return }
        // A constant factor is the same in item and reference.
        let averages = run.rule == .rescale && run.inputGradients.filter { $0 != nil }.count > 1
        let factors = run.inputs.indices.compactMap { index -> Region<T>? in
            guard let own = run.inputs[index]?.region(T.self) else { return nil }
            guard averages, let reference = run.referenceInputs[index]?.region(T.self) else { return own }
            let mean = Region<T>(count: own.count)
            mean.set(own, reference) { ($0 + $1) / 2 }
            return mean
        }
        for (index, into) in run.inputGradients.enumerated() {
            guard let into else { continue }
            if let product = gradients[index], let scratch = run.scratch, let other = factors[1 - index] as? Region<Float> {
                product.run(
                    g.region(), other, into: into.region(), accumulate: true,
                    scratch: scratch.floats(0..<ownScratch(run.workers?.count ?? 1)),
                    workers: run.workers)
            } else {
                accumulate(g.region(), factors, index, into.region())
            }
        }
    }

    private func accumulate<T: Scalar>(_ g: Region<T>, _ factors: [Region<T>], _ index: Int, _ into: Region<T>) {
        contraction.forEach { out, places in
            var factor = g[out]
            for k in factors.indices where k != index { factor *= factors[k][places[k]] }
            into[places[index]] += factor
        }
    }
}

/// Einsum in all its forms: repeated indices (diagonals), an ellipsis, an implied output.
struct EinsumOperator: Operator {
    private let equation: String

    init(_ node: NodeReader) throws {
        guard let equation = try node.string("equation") else { throw node.damaged("has no equation") }
        self.equation = equation
    }

    func specialise(_ inputs: [Fact?], layout: Layout, node: NodeReader) throws -> Specialised {
        let facts = try inputs.indices.map { try node.input($0, of: inputs) }
        guard let first = facts.first, facts.allSatisfy({ $0.type == first.type }) else { throw node.misfit("inputs of several types") }
        guard first.type != .bool else { throw node.unsupported("element type bool") }
        // Three dots become one character, so that every axis and every ellipsis is one.
        let compact = equation.reduce(into: "") { text, next in
            if next == "." { if text.last != "…" { text.append("…") } } else if next != " " { text.append(next) }
        }
        let sides = compact.split(separator: ">", omittingEmptySubsequences: false)
        let hasOutput = sides.count == 2 && sides[0].hasSuffix("-")
        guard sides.count == 1 || hasOutput else { throw node.damaged("equation '\(equation)'") }
        let left = hasOutput ? sides[0].dropLast() : sides[0][...]
        let terms = left.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        guard terms.count == facts.count else {
            throw node.damaged("equation '\(equation)' has \(terms.count) operands, the node \(facts.count)")
        }

        // An ellipsis stands for axes numbered from the right, so that operands of several ranks broadcast.
        func labels(_ term: String, rank: Int?) throws -> [String] {
            let parts = term.split(separator: "…", omittingEmptySubsequences: false)
            guard parts.count <= 2, parts.joined().allSatisfy({ $0.isASCII && $0.isLetter }) else {
                throw node.damaged("equation '\(equation)'")
            }
            let named = parts.map { $0.map(String.init) }
            guard parts.count == 2 else { return named[0] }
            let dots = rank.map { $0 - named[0].count - named[1].count } ?? broadcastRank
            guard dots >= 0 else { throw node.misfit("an operand has too few axes for '\(term)'") }
            return named[0] + (0..<dots).map { "…\(dots - 1 - $0)" } + named[1]
        }
        var broadcastRank = 0
        for (term, fact) in zip(terms, facts) where term.contains(Character("…")) {
            broadcastRank = max(broadcastRank, fact.shape.count - (term.count - 1))
        }
        let operandLabels = try zip(terms, facts).map { term, fact in
            let labels = try labels(term, rank: fact.shape.count)
            guard labels.count == fact.shape.count else {
                throw node.misfit("operand \(fact.shape.text) does not have the axes of '\(term)'")
            }
            return labels
        }
        let outputLabels: [String]
        if hasOutput {
            outputLabels = try labels(String(sides[1]), rank: nil)
        } else {
            let all = operandLabels.flatMap { $0 }
            let single = Set(all).filter { label in !label.hasPrefix("…") && all.filter { $0 == label }.count == 1 }.sorted()
            outputLabels = (0..<broadcastRank).map { "…\(broadcastRank - 1 - $0)" } + single
        }

        var extents: [String: Int] = [:]
        for (labels, fact) in zip(operandLabels, facts) {
            for (label, extent) in zip(labels, fact.shape) {
                let known = extents[label] ?? 1
                guard known == 1 || extent == 1 || known == extent else { throw node.misfit("index '\(label)' is \(known) and \(extent)") }
                extents[label] = extent == 1 ? known : extent
            }
        }
        guard Set(outputLabels).count == outputLabels.count, outputLabels.allSatisfy({ extents[$0] != nil }) else {
            throw node.damaged("equation '\(equation)'")
        }
        let order = outputLabels + extents.keys.filter { !outputLabels.contains($0) }.sorted()
        let shape = try node.checked(outputLabels.map { extents[$0] ?? 1 })
        let strides = shape.strides
        let contraction = Contraction(
            extents: order.map { extents[$0] ?? 1 },
            operands: zip(operandLabels, facts).map { labels, fact in
                let own = fact.shape.strides
                return order.map { index in labels.indices.reduce(0) { $0 + (labels[$1] == index && fact.shape[$1] != 1 ? own[$1] : 0) } }
            },
            output: order.indices.map { $0 < outputLabels.count ? strides[$0] : 0 })
        guard contraction.extents.checkedCount(limit: Contraction.productLimit) != nil else {
            throw node.misfit("would take too many products")
        }
        return .kernel([Fact(first.type, shape)], ContractionKernel(contraction, type: first.type))
    }
}

/// MatMul as NumPy has it: matrices along the last two axes, broadcast over the others; vectors get an axis that is taken away again.
struct MatMulOperator: Operator {
    func specialise(_ inputs: [Fact?], layout: Layout, node: NodeReader) throws -> Specialised {
        let (a, b) = (try node.input(0, of: inputs), try node.input(1, of: inputs))
        guard a.type == b.type, a.type != .bool else { throw node.misfit("inputs of types \(a.type.rawValue) and \(b.type.rawValue)") }
        guard !a.shape.isEmpty, !b.shape.isEmpty else { throw node.misfit("inputs \(a.shape.text) and \(b.shape.text) are no matrices") }
        let left = a.shape.count == 1 ? [1] + a.shape : a.shape
        let right = b.shape.count == 1 ? b.shape + [1] : b.shape
        let (m, k, n) = (left[left.count - 2], left[left.count - 1], right[right.count - 1])
        guard right[right.count - 2] == k, let batch = Shape(left.dropLast(2)).broadcast(with: Shape(right.dropLast(2))) else {
            throw node.misfit("matrices \(a.shape.text) and \(b.shape.text) don't go together")
        }
        let full = try node.checked(batch + [m, n])
        guard (full + [k]).checkedCount(limit: Contraction.productLimit) != nil else { throw node.misfit("would take too many products") }
        let shape = batch + (a.shape.count == 1 ? [] : [m]) + (b.shape.count == 1 ? [] : [n])
        // A constant right matrix is a dense layer; the left one's rows of all batches follow each other.
        if a.type == .float32, a.constant == nil, let weights = b.constant, b.shape.count == 2, full.elementCount > 0, k > 0 {
            return .kernel(
                [Fact(a.type, shape)],
                LinearKernel(
                    node: node.node, rows: full.elementCount / n, inner: k, columns: n, weights: weights, isTransposed: false, bias: nil))
        }
        let (stepsA, stepsB) = (Shape(left.dropLast(2)), Shape(right.dropLast(2)))
        func outer(_ own: Shape, _ matrix: Int) -> [Int] { own.strides(broadcastTo: batch).map { $0 * matrix } }
        // The last index runs along rows of both the right matrix and the output.
        let contraction = Contraction(
            extents: batch + [m, k, n], operands: [outer(stepsA, m * k) + [k, 1, 0], outer(stepsB, k * n) + [0, n, 1]],
            output: Array(full.strides.dropLast(2)) + [n, 0, 1])
        return .kernel([Fact(a.type, shape)], ContractionKernel(contraction, type: a.type))
    }
}

let contractionOperators: [OperatorEntry] = [
    OperatorEntry("MatMul") { _ in MatMulOperator() },
    OperatorEntry("Einsum", since: 12) { try EinsumOperator($0) },
]
