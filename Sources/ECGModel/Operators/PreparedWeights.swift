// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels
import Synchronization

/// Weights in the form that kernels want them, made once a model and shared by its plans.
package final class PreparedWeights: Sendable {
    struct Key: Hashable {
        let node: [ValueIndex?]
        let shape: ConvolutionShape
        let affine: String?
        let activation: ECGKernels.Activation
    }

    private let convolutions = Mutex<[Key: Convolution]>([:])

    func convolution(_ key: Key, make: () -> Convolution) -> Convolution {
        if let found = convolutions.withLock({ $0[key] }) { return found }
        let made = make()
        return convolutions.withLock { known in
            if let found = known[key] { return found }
            known[key] = made
            return made
        }
    }
}
