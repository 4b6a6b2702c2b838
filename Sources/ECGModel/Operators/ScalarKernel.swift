// SPDX-License-Identifier: GPL-3.0-or-later

/// A kernel whose reverse run is written once for both precisions; each call goes to the one of its gradients' type.
package protocol ScalarReverse: Kernel {
    func reverse<T: Scalar>(_ run: ReverseRun, as _: T.Type)
}

extension ScalarReverse {
    // Inlined, as below, so that the loops are compiled for each kernel and precision by themselves.
    @inline(__always)
    package func reverse(_ run: ReverseRun) {
        switch run.type {
        case .float32: reverse(run, as: Float.self)
        case .float64: reverse(run, as: Double.self)
        default: break
        }
    }
}

/// A kernel whose loops are written once for both precisions, forward too.
package protocol ScalarKernel: ScalarReverse {
    func forward<T: Scalar>(_ run: ForwardRun, as _: T.Type)
}

extension ScalarKernel {
    @inline(__always)
    package func forward(_ run: ForwardRun) {
        switch run.type {
        case .float32: forward(run, as: Float.self)
        case .float64: forward(run, as: Double.self)
        default: break
        }
    }
}

/// A kernel that moves elements of any type without looking at them, by their width alone; gradients go the other way and add up.
package protocol MovingKernel: ScalarReverse {
    func forward<T: FixedWidthInteger & BitwiseCopyable>(_ run: ForwardRun, as _: T.Type)
}

extension MovingKernel {
    @inline(__always)
    package func forward(_ run: ForwardRun) {
        switch run.type?.byteCount {
        case 1: forward(run, as: UInt8.self)
        case 2: forward(run, as: UInt16.self)
        case 4: forward(run, as: UInt32.self)
        case 8: forward(run, as: UInt64.self)
        default: break
        }
    }
}

extension ForwardRun {
    /// The type of what is computed.
    package var type: ElementType? { outputs.lazy.compactMap { $0?.type }.first }
}

extension ReverseRun {
    /// The type of the gradients that come in.
    package var type: ElementType? { outputGradients.lazy.compactMap { $0?.type }.first }
}
