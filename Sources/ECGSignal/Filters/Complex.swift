// SPDX-License-Identifier: GPL-3.0-or-later

import Glibc

/// The little complex arithmetic that filter design needs.
struct Complex: Equatable, Sendable {
    var re: Double
    var im: Double

    init(_ re: Double, _ im: Double = 0) {
        self.re = re
        self.im = im
    }

    init(angle: Double) { self.init(cos(angle), sin(angle)) }

    var squaredLength: Double { re * re + im * im }

    var squareRoot: Complex {
        let length = hypot(re, im)
        let real = ((length + abs(re)) / 2).squareRoot()
        guard real > 0 else { return Complex(0) }
        let other = abs(im) / (2 * real)
        let (a, b) = re >= 0 ? (real, other) : (other, real)
        return Complex(a, im < 0 ? -b : b)
    }

    static func + (a: Complex, b: Complex) -> Complex { Complex(a.re + b.re, a.im + b.im) }
    static func - (a: Complex, b: Complex) -> Complex { Complex(a.re - b.re, a.im - b.im) }
    static func * (a: Complex, b: Complex) -> Complex { Complex(a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re) }
    static func / (a: Complex, b: Complex) -> Complex {
        let length = b.squaredLength
        return Complex((a.re * b.re + a.im * b.im) / length, (a.im * b.re - a.re * b.im) / length)
    }
}
