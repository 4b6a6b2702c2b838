// SPDX-License-Identifier: GPL-3.0-or-later
import ECGRandom
import Glibc

/// How a parameter starts. Every number is a function of seed, parameter name and place.
public enum Initialiser: Sendable, Hashable {
    case zeros
    case ones
    /// Uniform in ±bound.
    case uniform(bound: Float)
    case normal(deviation: Float)
    /// Normal, cut off at two deviations, as Keras draws it: `deviation` is that before the cut.
    case truncatedNormal(deviation: Float)
    /// One orthogonal matrix a gate, for an LSTM's recurrent weights [1, 4 · hidden, hidden].
    case orthogonal
    /// An LSTM's biases [1, 8 · hidden]: 1 for the forget gate's input bias, 0 elsewhere (Keras's unit_forget_bias).
    case forgetBias
    /// An LSTM's biases [1, 8 · hidden] that let units remember for 1 to `steps` steps from the start: the forget gate's is the logarithm of that time,
    /// drawn evenly, and the input gate's its opposite (Tallec and Ollivier 2018, chrono initialisation).
    case chrono(steps: Int)
    /// What an ONNX file had.
    case given([Float])

    // MARK: The usual ones; `inputs` and `outputs` are fan-in and fan-out

    /// Keras's VarianceScaling(1, fan_in, truncated normal).
    public static func lecun(inputs: Int) -> Initialiser { .truncatedNormal(deviation: (1 / Float(inputs)).squareRoot() / 0.879_625_66) }
    /// Keras's he_normal.
    public static func he(inputs: Int) -> Initialiser { .truncatedNormal(deviation: (2 / Float(inputs)).squareRoot() / 0.879_625_66) }
    /// Glorot and Bengio 2010, Keras's default.
    public static func glorot(inputs: Int, outputs: Int) -> Initialiser { .uniform(bound: (6 / Float(inputs + outputs)).squareRoot()) }
    /// PyTorch's default for weights and biases of Conv1d, Linear and (with `inputs` the hidden size) LSTM.
    public static func torch(inputs: Int) -> Initialiser { .uniform(bound: 1 / Float(inputs).squareRoot()) }

    func values(shape: [Int], name: String, seed: UInt64) -> [Float] {
        let count = shape.reduce(1, *)
        let random = RandomSource(seed: seed, key: name, purpose: "weights")
        switch self {
        case .zeros: return [Float](repeating: 0, count: count)
        case .ones: return [Float](repeating: 1, count: count)
        case .uniform(let bound): return (0..<count).map { Float(2 * random.uniform(UInt64($0)) - 1) * bound }
        case .normal(let deviation): return random.normals(from: 0, count: count).map { $0 * deviation }
        case .truncatedNormal(let deviation):
            return (0..<count).map { place in
                // Draws beyond two deviations are drawn again; after 64 misses (0.05 to the 64th) zero would do as well.
                for attempt in 0..<64 {
                    let value = random.normal(UInt64(place) << 8 | UInt64(attempt))
                    if abs(value) <= 2 { return Float(value) * deviation }
                }
                return 0
            }
        case .orthogonal:
            let size = shape[2]
            return (0..<shape[1] / size).flatMap { gate in
                Self.orthogonal(random.normals(from: gate * size * size, count: size * size).map { Double($0) }, size: size)
            }
        case .forgetBias:
            let hidden = count / 8
            // Gates stand in the order i, o, f, c.
            return (0..<count).map { $0 / hidden == 2 ? 1 : 0 }
        case .chrono(let steps):
            let hidden = count / 8
            let bias = (0..<hidden).map { Float(log(1 + Double(max(steps, 2) - 2) * random.uniform(UInt64($0)))) }
            return (0..<count).map { $0 / hidden == 0 ? -bias[$0] : $0 / hidden == 2 ? bias[$0 - 2 * hidden] : 0 }
        case .given(let values): return values
        }
    }

    /// The rows of a square matrix, made orthonormal one after the other (Gram and Schmidt, twice for accuracy).
    private static func orthogonal(_ matrix: [Double], size: Int) -> [Float] {
        var rows = matrix
        for row in 0..<size {
            for _ in 0..<2 {
                for before in 0..<row {
                    var product = 0.0
                    for column in 0..<size { product += rows[row * size + column] * rows[before * size + column] }
                    for column in 0..<size { rows[row * size + column] -= product * rows[before * size + column] }
                }
            }
            var square = 0.0
            for column in 0..<size { square += rows[row * size + column] * rows[row * size + column] }
            let scale = 1 / square.squareRoot()
            for column in 0..<size { rows[row * size + column] *= scale }
        }
        return rows.map { Float($0) }
    }
}
