// SPDX-License-Identifier: GPL-3.0-or-later
import CMicrokernels
import Glibc

/// The tables of a complex transform of `points` = outer · middle · inner points, as microkernels of CMicrokernels/frequency.h read them.
package final class FrequencyTransform: Sendable {
    /// How a number of points is cut into passes; a middle radix of 1 makes two of three passes.
    package struct Radices: Sendable, Hashable, CustomStringConvertible {
        package let outer: Int
        package let middle: Int
        package let inner: Int

        package init(_ outer: Int, _ middle: Int, _ inner: Int) {
            (self.outer, self.middle, self.inner) = (outer, middle, inner)
        }

        package var points: Int { outer * middle * inner }
        package var description: String { "\(points) = \(outer)·\(middle)·\(inner)" }

        /// Every radix that CMicrokernels has passes for.
        static let radices = (3...16).filter { frequency_has_radix(0, Int32($0)) != 0 }
        /// Up to 512 points: beyond, work and tables leave the first-level cache.
        package static let all: [Radices] = radices.flatMap { outer in
            ([1] + radices).flatMap { middle in
                radices.compactMap { outer * middle * $0 <= 512 ? Radices(outer, middle, $0) : nil }
            }
        }
    }

    /// What the passes of a transform calculate in, and how long the chains are in which products are summed over the channels.
    ///
    /// About half of a layer's error arises in the sums, a quarter in the transforms of each direction (root mean squares, by doing one of them in double
    /// precision at a time). In a forward run they stay below the error of direct summation. In a reverse run they don't always: of a gradient that
    /// comes through closed gates half the terms are zero, which costs a direct sum no rounding and a transform as many as ever. So `double` is for gradients
    /// that are results: their transforms take twice the time, which is a tenth to a quarter of a network's, and sums of chains half as long up to a
    /// tenth where the registers don't hold them.
    package enum Precision: Sendable {
        case single, double

        var chain: Int32 { self == .double ? 11 : 22 }
    }

    let radices: Radices
    let precision: Precision
    /// Slot groups: frequencies that share a weight count once.
    let groups: Int
    private let floats: Region<Float>
    private let doubles: Region<Double>
    private let words: Region<Int32>
    private let waves: Region<Double>

    init(_ radices: Radices, _ precision: Precision = .single) {
        self.radices = radices
        self.precision = precision
        let points = radices.points
        let block = points / radices.outer
        groups = points / 2 + 1

        // Angles are rounded once, from double precision.
        let outerCount = 2 * (radices.outer - 1) * block
        let count = outerCount + 2 * (radices.middle - 1) * radices.inner + 16
        floats = Region(count: precision == .single ? count : 0)
        doubles = Region(count: precision == .double ? count : 0)
        words = Region(count: 2 * points)
        waves = Region(count: 2 * points)
        switch precision {
        case .single:
            Self.twiddles(radices.outer, blocks: block, points: points, into: floats.pointer)
            Self.twiddles(radices.middle, blocks: radices.inner, points: block, into: floats.pointer + outerCount)
        case .double:
            Self.twiddles(radices.outer, blocks: block, points: points, into: doubles.pointer)
            Self.twiddles(radices.middle, blocks: radices.inner, points: block, into: doubles.pointer + outerCount)
        }
        for n in 0..<points {
            waves[n] = cos(2 * Double.pi * Double(n) / Double(points))
            waves[points + n] = sin(2 * Double.pi * Double(n) / Double(points))
        }
        for outer in 0..<radices.outer {
            for middle in 0..<radices.middle {
                for inner in 0..<radices.inner {
                    let position = (outer * radices.middle + middle) * radices.inner + inner
                    let frequency = outer + radices.outer * (middle + radices.middle * inner)
                    let mirrored = 2 * frequency > points
                    words[position] = Int32(2 * frequency == points ? 1 : mirrored ? 2 * (points - frequency) + 1 : 2 * frequency)
                    words[points + position] = mirrored ? Int32.min : 0
                }
            }
        }
    }

    private static func twiddles<Real: BinaryFloatingPoint>(_ radix: Int, blocks: Int, points: Int, into table: UnsafeMutablePointer<Real>)
    {
        var next = table
        for block in 0..<blocks {
            for point in 1..<max(radix, 1) {
                let angle = 2 * Double.pi * Double(block * point % points) / Double(points)
                next[0] = Real(cos(angle))
                next[1] = Real(sin(angle))
                next += 2
            }
        }
    }

    var points: Int { radices.points }
    var cosines: UnsafePointer<Double> { UnsafePointer(waves.pointer) }
    var sines: UnsafePointer<Double> { UnsafePointer(waves.pointer + points) }

    /// The form that the kernels take; valid while this object lives.
    var table: frequency_transform {
        let outerCount = 2 * (radices.outer - 1) * (points / radices.outer)
        let isDouble = precision == .double
        return frequency_transform(
            points: Int32(points), radices: (Int32(radices.outer), Int32(radices.middle), Int32(radices.inner)),
            outer_twiddles: isDouble ? nil : UnsafePointer(floats.pointer),
            middle_twiddles: isDouble ? nil : UnsafePointer(floats.pointer + outerCount),
            is_precise: isDouble ? 1 : 0,
            precise_outer_twiddles: isDouble ? UnsafePointer(doubles.pointer) : nil,
            precise_middle_twiddles: isDouble ? UnsafePointer(doubles.pointer + outerCount) : nil,
            chain: precision.chain,
            slots: UnsafePointer(words.pointer),
            conjugations: UnsafeRawPointer(words.pointer + points).assumingMemoryBound(to: UInt32.self))
    }
}
