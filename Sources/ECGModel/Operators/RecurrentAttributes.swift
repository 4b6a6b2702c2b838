// SPDX-License-Identifier: GPL-3.0-or-later

/// A gate's function in a recurrent operator.
package enum GateFunction: Sendable, Equatable {
    case sigmoid, tanh, relu, softsign, softplus
    case hardSigmoid(alpha: Float, beta: Float)
    case elu(alpha: Float)
    case leakyRelu(alpha: Float)
    case thresholdedRelu(alpha: Float)
    case affine(alpha: Float, beta: Float)
    case scaledTanh(alpha: Float, beta: Float)

    /// By ONNX's name; ONNX compares names without regard to case. nil: unknown.
    init?(_ name: String, alpha: Float?, beta: Float?) {
        switch name.lowercased() {
        case "sigmoid": self = .sigmoid
        case "tanh": self = .tanh
        case "relu": self = .relu
        case "softsign": self = .softsign
        case "softplus": self = .softplus
        case "hardsigmoid": self = .hardSigmoid(alpha: alpha ?? 0.2, beta: beta ?? 0.5)
        case "elu": self = .elu(alpha: alpha ?? 1)
        case "leakyrelu": self = .leakyRelu(alpha: alpha ?? 0.01)
        case "thresholdedrelu": self = .thresholdedRelu(alpha: alpha ?? 1)
        case "affine": self = .affine(alpha: alpha ?? 1, beta: beta ?? 0)
        case "scaledtanh": self = .scaledTanh(alpha: alpha ?? 1, beta: beta ?? 1)
        default: return nil
        }
    }

    @inline(__always)
    package func value<T: Scalar>(_ x: T) -> T {
        switch self {
        case .sigmoid: T.sigmoid(x)
        case .tanh: T.tanh(x)
        case .relu: x < 0 ? 0 : x
        case .softsign: x / (1 + abs(x))
        case .softplus: x > 0 ? x + T.log1p(T.exp(-x)) : T.log1p(T.exp(x))
        case .hardSigmoid(let alpha, let beta): min(max(T(alpha) * x + T(beta), 0), 1)
        case .elu(let alpha): x < 0 ? T(alpha) * T.expm1(x) : x
        case .leakyRelu(let alpha): x < 0 ? T(alpha) * x : x
        case .thresholdedRelu(let alpha): x > T(alpha) ? x : 0
        case .affine(let alpha, let beta): T(alpha) * x + T(beta)
        case .scaledTanh(let alpha, let beta): T(alpha) * T.tanh(T(beta) * x)
        }
    }

    @inline(__always)
    package func slope<T: Scalar>(_ x: T, _ y: T) -> T {
        switch self {
        case .sigmoid: return y * (1 - y)
        case .tanh: return 1 - y * y
        case .relu: return x > 0 ? 1 : 0
        case .softsign:
            let d = 1 + abs(x)
            return 1 / (d * d)
        case .softplus: return T.sigmoid(x)
        case .hardSigmoid(let alpha, let beta):
            let z = T(alpha) * x + T(beta)
            return z > 0 && z < 1 ? T(alpha) : 0
        case .elu(let alpha): return x < 0 ? y + T(alpha) : 1
        case .leakyRelu(let alpha): return x < 0 ? T(alpha) : 1
        case .thresholdedRelu(let alpha): return x > T(alpha) ? 1 : 0
        case .affine(let alpha, _): return T(alpha)
        case .scaledTanh(let alpha, let beta): return T(beta) * (T(alpha) - y * y / T(alpha))
        }
    }
}

/// A gate: its function, of a sum that is first held within ±clip where there is one.
package struct Gate: Sendable {
    let function: GateFunction
    let clip: Float?

    @inline(__always)
    package func value<T: Scalar>(_ x: T) -> T {
        guard let clip else { return function.value(x) }
        return function.value(x > T(clip) ? T(clip) : x < -T(clip) ? -T(clip) : x)
    }

    @inline(__always)
    package func slope<T: Scalar>(_ x: T, _ y: T) -> T {
        if let clip, x.magnitude > T(clip) { return 0 }
        return function.slope(x, y)
    }
}

/// The attributes that LSTM, GRU and RNN share.
package struct RecurrentAttributes: Sendable {
    package let hidden: Int
    /// For each direction whether it runs backwards in time.
    package let backwards: [Bool]
    /// The gates' functions, those of the second direction behind those of the first.
    package let functions: [GateFunction]
    /// What the gates' sums are held within.
    package let clip: Float?
    /// Whether the items come first: X is [item, time, input].
    package let itemsFirst: Bool

    /// - Parameter standard: the functions of a direction where none are named.
    package init(_ node: NodeReader, standard: [GateFunction]) throws {
        guard let hidden = try node.int("hidden_size"), hidden > 0, hidden < 1 << 24 else { throw node.damaged("has no hidden_size") }
        self.hidden = hidden
        switch try node.string("direction", default: "forward") {
        case "forward": backwards = [false]
        case "reverse": backwards = [true]
        case "bidirectional": backwards = [false, true]
        case let other: throw node.unsupported("direction \(other)")
        }
        // Parameters are listed in the order of the activations that take any.
        var alphas = (try node.floats("activation_alpha") ?? [])[...]
        var betas = (try node.floats("activation_beta") ?? [])[...]
        let named: [GateFunction]? = try node.strings("activations")?.map { name in
            let takesAlpha = ["affine", "leakyrelu", "thresholdedrelu", "scaledtanh", "hardsigmoid", "elu"].contains(name.lowercased())
            let takesBeta = ["affine", "scaledtanh", "hardsigmoid"].contains(name.lowercased())
            guard let function = GateFunction(name, alpha: takesAlpha ? alphas.popFirst() : nil, beta: takesBeta ? betas.popFirst() : nil)
            else {
                throw node.unsupported("activation \(name)")
            }
            return function
        }
        functions = named ?? backwards.flatMap { _ in standard }
        guard functions.count == standard.count * backwards.count else { throw node.damaged("has \(functions.count) activations") }
        clip = try node.float("clip")
        guard clip.map({ $0 > 0 }) ?? true else { throw node.damaged("clip is not positive") }
        itemsFirst = try node.flag("layout")
        node.ignore("output_sequence")
    }

    /// The gates of a direction, of which the operator has `count`.
    package func gates(_ direction: Int, count: Int) -> [Gate] {
        functions[direction * count..<(direction + 1) * count].map { Gate(function: $0, clip: clip) }
    }

    /// Whether every direction has these functions, and no clip.
    package func isPlain(_ standard: [GateFunction]) -> Bool {
        clip == nil && functions.indices.allSatisfy { functions[$0] == standard[$0 % standard.count] }
    }
}

/// The extents of a recurrent operator's tensors, and where elements lie.
package struct RecurrentShape: Sendable {
    package let steps: Int
    package let items: Int
    package let input: Int
    package let hidden: Int
    package let directions: Int
    package let itemsFirst: Bool

    package func x(_ t: Int, _ n: Int) -> Int { (itemsFirst ? n * steps + t : t * items + n) * input }
    package func y(_ t: Int, _ d: Int, _ n: Int) -> Int {
        (itemsFirst ? (n * steps + t) * directions + d : (t * directions + d) * items + n) * hidden
    }
    package func state(_ d: Int, _ n: Int) -> Int { (itemsFirst ? n * directions + d : d * items + n) * hidden }

    /// The shapes of all states in time and of a last state.
    package var sequenceShape: Shape { itemsFirst ? [items, steps, directions, hidden] : [steps, directions, items, hidden] }
    package var stateShape: Shape { itemsFirst ? [items, directions, hidden] : [directions, items, hidden] }

    /// Checks the inputs that all three operators have: X, W, R, B, sequence lengths and first state, for `gates` gates.
    package init(_ inputs: [Fact?], _ attributes: RecurrentAttributes, gates: Int, node: NodeReader) throws {
        let (x, w, r) = (try node.input(0, of: inputs), try node.input(1, of: inputs), try node.input(2, of: inputs))
        guard x.shape.count == 3, x.type.isFloat, w.type == x.type, r.type == x.type else {
            throw node.misfit("input \(x.shape.text) is no sequence")
        }
        hidden = attributes.hidden
        directions = attributes.backwards.count
        itemsFirst = attributes.itemsFirst
        (steps, items) = itemsFirst ? (x.shape[1], x.shape[0]) : (x.shape[0], x.shape[1])
        input = x.shape[2]
        guard w.shape == [directions, gates * hidden, input], r.shape == [directions, gates * hidden, hidden] else {
            throw node.misfit("weights \(w.shape.text) and \(r.shape.text) don't go with input \(x.shape.text) and \(hidden) hidden units")
        }
        func check(_ index: Int, _ shape: Shape) throws {
            guard index < inputs.count, let fact = inputs[index] else { return }
            guard fact.shape == shape else { throw node.misfit("input \(index) has shape \(fact.shape.text), not \(shape.text)") }
        }
        try check(3, [directions, 2 * gates * hidden])
        try check(4, [items])
        try check(5, stateShape)
        _ = try node.checked(sequenceShape)
        _ = try node.checked([directions, steps, items, 3 * gates * hidden])
        // The rescale rule would need the products' averages for the weights too.
        let weights = [1, 2, 3, 7].contains { $0 < inputs.count && inputs[$0].map { $0.constant == nil } ?? false }
        guard !weights || node.rule != .rescale else { throw node.unsupported("the rescale rule for weights that depend on the items") }
    }

    /// The items' sequence lengths, where they are given.
    package func lengths(_ inputs: [Fact?], node: NodeReader) throws -> [Int]? {
        let lengths = try node.constantIntegers(4, of: inputs)
        guard lengths?.allSatisfy({ (0...steps).contains($0) }) ?? true else { throw node.misfit("sequence lengths are out of range") }
        return lengths
    }
}
