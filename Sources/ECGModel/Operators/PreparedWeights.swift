// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels
import Synchronization

/// Weights in the form that kernels want them, made once a model and shared by its plans.
package final class PreparedWeights: Sendable {
    struct Key: Hashable {
        let node: [ValueIndex?]
        let rounds: [ObjectIdentifier]
        let shape: ConvolutionShape
        let affine: String?
    }

    struct ProductKey: Hashable {
        let node: [ValueIndex?]
        let rounds: [ObjectIdentifier]
        let bias: [Float]?
        let added: [ValueIndex?]
        let inner: Int
        let channelsLast: Shape?
        let links: [String]
        let activation: ECGKernels.Activation
    }

    struct LayerKey: Hashable {
        let node: [ValueIndex?]
        let rounds: [ObjectIdentifier]
    }

    private let convolutions = Once<Key, Convolution>()
    private let products = Once<ProductKey, MatrixProduct>()
    private let layers = Once<LayerKey, Recurrent>()
    let isOfRounds: Bool

    /// - Parameter isOfRounds: for the rounds of a loop, in which one node may have other weights each time: then they are told apart by their memory, and
    ///   may serve one plan only.
    init(isOfRounds: Bool = false) { self.isOfRounds = isOfRounds }

    /// What tells the rounds of a node apart.
    func rounds(_ weights: Tensor?...) -> [ObjectIdentifier] {
        isOfRounds ? weights.compactMap { $0.map { ObjectIdentifier($0.storage) } } : []
    }

    func convolution(_ key: Key, make: () -> Convolution) -> Convolution { convolutions.value(key, make) }

    func product(_ key: ProductKey, make: () -> MatrixProduct) -> MatrixProduct { products.value(key, make) }

    /// A recurrent layer, by its node's outputs.
    func recurrent(_ key: LayerKey, make: () -> Recurrent) -> Recurrent { layers.value(key, make) }
}

/// Values by key, each made the first time it is asked for, outside of the lock: others are made at the same time.
private final class Once<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private let known = Mutex<[Key: Value]>([:])

    func value(_ key: Key, _ make: () -> Value) -> Value {
        if let found = known.withLock({ $0[key] }) { return found }
        let made = make()
        return known.withLock { table in
            if let found = table[key] { return found }
            table[key] = made
            return made
        }
    }
}

/// A kernel whose weights are packed once a model.
protocol PreparedKernel: Kernel {
    func prepared(_ cache: PreparedWeights) -> Self
}

extension ConvolutionKernel: PreparedKernel {}
extension LinearKernel: PreparedKernel {}
extension RecurrentKernel: PreparedKernel {}
