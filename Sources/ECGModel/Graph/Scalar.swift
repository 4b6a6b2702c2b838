// SPDX-License-Identifier: GPL-3.0-or-later
import Glibc

/// Float and Double: what the differentiable operators are written for, once for both.
///
/// A network runs in float32; the same loops in float64 are the yardstick (finite differences, error of the fast kernels) and what double models run in.
package protocol Scalar: Element, BinaryFloatingPoint {
    static func exp(_ x: Self) -> Self
    static func log(_ x: Self) -> Self
    static func log1p(_ x: Self) -> Self
    static func expm1(_ x: Self) -> Self
    static func pow(_ x: Self, _ y: Self) -> Self
    static func tanh(_ x: Self) -> Self
    static func erf(_ x: Self) -> Self
}

extension Float: Scalar {
    package static func exp(_ x: Float) -> Float { Glibc.expf(x) }
    package static func log(_ x: Float) -> Float { Glibc.logf(x) }
    package static func log1p(_ x: Float) -> Float { Glibc.log1pf(x) }
    package static func expm1(_ x: Float) -> Float { Glibc.expm1f(x) }
    package static func pow(_ x: Float, _ y: Float) -> Float { Glibc.powf(x, y) }
    package static func tanh(_ x: Float) -> Float { Glibc.tanhf(x) }
    package static func erf(_ x: Float) -> Float { Glibc.erff(x) }
}

extension Double: Scalar {
    package static func exp(_ x: Double) -> Double { Glibc.exp(x) }
    package static func log(_ x: Double) -> Double { Glibc.log(x) }
    package static func log1p(_ x: Double) -> Double { Glibc.log1p(x) }
    package static func expm1(_ x: Double) -> Double { Glibc.expm1(x) }
    package static func pow(_ x: Double, _ y: Double) -> Double { Glibc.pow(x, y) }
    package static func tanh(_ x: Double) -> Double { Glibc.tanh(x) }
    package static func erf(_ x: Double) -> Double { Glibc.erf(x) }
}

extension Scalar {
    /// 1 / (1 + e⁻ˣ), without overflow on either side.
    package static func sigmoid(_ x: Self) -> Self {
        if x >= 0 { return 1 / (1 + exp(-x)) }
        let e = exp(x)
        return e / (1 + e)
    }
}
