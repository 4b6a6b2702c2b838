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

    let radices: Radices
    /// Slot groups: frequencies that share a weight count once.
    let groups: Int
    private let floats: Region<Float>
    private let words: Region<Int32>
    private let waves: Region<Double>

    init(_ radices: Radices) {
        self.radices = radices
        let points = radices.points
        let block = points / radices.outer
        groups = points / 2 + 1

        // Angles are rounded once, from double precision.
        let outerCount = 2 * (radices.outer - 1) * block
        floats = Region(count: outerCount + 2 * (radices.middle - 1) * radices.inner + 16)
        words = Region(count: 2 * points)
        waves = Region(count: 2 * points)
        Self.twiddles(radices.outer, blocks: block, points: points, into: floats.pointer)
        Self.twiddles(radices.middle, blocks: radices.inner, points: block, into: floats.pointer + outerCount)
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

    private static func twiddles(_ radix: Int, blocks: Int, points: Int, into table: UnsafeMutablePointer<Float>) {
        var next = table
        for block in 0..<blocks {
            for point in 1..<max(radix, 1) {
                let angle = 2 * Double.pi * Double(block * point % points) / Double(points)
                next[0] = Float(cos(angle))
                next[1] = Float(sin(angle))
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
        return frequency_transform(
            points: Int32(points), radices: (Int32(radices.outer), Int32(radices.middle), Int32(radices.inner)),
            outer_twiddles: UnsafePointer(floats.pointer), middle_twiddles: UnsafePointer(floats.pointer + outerCount),
            slots: UnsafePointer(words.pointer),
            conjugations: UnsafeRawPointer(words.pointer + points).assumingMemoryBound(to: UInt32.self))
    }
}
