// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels
import Glibc
import Testing

@Suite("Normalisation")
struct NormalisationTests {
    /// The gradient of Σ upstream·f(x) by central differences.
    private static func differences(_ x: [Double], _ upstream: [Double], _ f: ([Double]) -> [Double]) -> [Double] {
        func loss(_ x: [Double]) -> Double { zip(f(x), upstream).reduce(0) { $0 + $1.0 * $1.1 } }
        return x.indices.map { i in
            var (low, high) = (x, x)
            low[i] -= 1e-5
            high[i] += 1e-5
            return (loss(high) - loss(low)) / 2e-5
        }
    }

    private static func normalised(_ x: [Double], _ epsilon: Double) -> [Double] {
        let mean = x.reduce(0, +) / Double(x.count)
        let variance = x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(x.count)
        return x.map { ($0 - mean) / (variance + epsilon).squareRoot() }
    }

    @Test("softmax and its logarithm, forward and reverse", arguments: InstructionSet.supported)
    func softmax(set: InstructionSet) {
        var g = SeededGenerator(12)
        for count in [1, 5, 16, 37] {
            for logarithm in [false, true] {
                let x = randomFloats(count, -5...5, using: &g)
                let upstream = randomFloats(count, using: &g)
                let output = Region<Float>(count: count)
                let gradient = Region<Float>(count: count)
                Normalisation.softmax(rows: 1, count: count, logarithm: logarithm, input: Region(x), output: output, instructionSet: set)
                Normalisation.softmaxGradient(
                    rows: 1, count: count, logarithm: logarithm, output: output, upstream: Region(upstream), gradient: gradient,
                    instructionSet: set)
                func f(_ x: [Double]) -> [Double] {
                    let total = x.reduce(0) { $0 + exp($1) }
                    return x.map { logarithm ? $0 - log(total) : exp($0) / total }
                }
                #expect(relativeError(output.elements, f(x.map(Double.init))) < 1e-6)
                #expect(relativeError(gradient.elements, Self.differences(x.map(Double.init), upstream.map(Double.init), f)) < 1e-5)
            }
        }
    }

    @Test("layer normalisation, forward and reverse", arguments: InstructionSet.supported)
    func layer(set: InstructionSet) {
        var g = SeededGenerator(13)
        for count in [2, 16, 33, 100] {
            let x = randomFloats(3 * count, 3...5, using: &g)
            let scale = randomFloats(count, using: &g)
            let shift = randomFloats(count, using: &g)
            let upstream = randomFloats(3 * count, using: &g)
            let output = Region<Float>(count: 3 * count)
            let gradient = Region<Float>(count: 3 * count)
            let statistics = Region<Float>(count: 6)
            Normalisation.layer(
                rows: 3, count: count, input: Region(x), scale: Region(scale), shift: Region(shift), epsilon: 1e-3, output: output,
                statistics: statistics, instructionSet: set)
            Normalisation.layerGradient(
                rows: 3, count: count, input: Region(x), scale: Region(scale), statistics: statistics, upstream: Region(upstream),
                gradient: gradient, instructionSet: set)
            func f(_ x: [Double]) -> [Double] {
                (0..<3).flatMap { row in
                    Self.normalised(Array(x[row * count..<(row + 1) * count]), 1e-3).enumerated().map {
                        $1 * Double(scale[$0]) + Double(shift[$0])
                    }
                }
            }
            #expect(relativeError(output.elements, f(x.map(Double.init))) < 1e-5)
            #expect(relativeError(gradient.elements, Self.differences(x.map(Double.init), upstream.map(Double.init), f)) < 1e-4)
        }
    }

    @Test("group and instance normalisation, forward and reverse", arguments: InstructionSet.supported)
    func group(set: InstructionSet) {
        var g = SeededGenerator(14)
        for (length, channels, groups) in [(7, 6, 3), (20, 5, 5), (9, 18, 1)] {
            let x = randomFloats(length * channels, 1...3, using: &g)
            let scale = randomFloats(channels, using: &g)
            let shift = randomFloats(channels, using: &g)
            let upstream = randomFloats(x.count, using: &g)
            let output = Region<Float>(count: x.count)
            let gradient = Region<Float>(count: x.count)
            let statistics = Region<Float>(count: 2 * groups)
            let scratch = Region<Float>(count: Normalisation.groupScratchCount(channels: channels))
            Normalisation.group(
                items: 1, length: length, channels: channels, groups: groups, input: Region(x), scale: Region(scale), shift: Region(shift),
                epsilon: 1e-4, output: output, statistics: statistics, scratch: scratch, instructionSet: set)
            Normalisation.groupGradient(
                items: 1, length: length, channels: channels, groups: groups, input: Region(x), scale: Region(scale),
                statistics: statistics, upstream: Region(upstream), gradient: gradient, scratch: scratch, instructionSet: set)
            func f(_ x: [Double]) -> [Double] {
                var y = x
                let width = channels / groups
                for group in 0..<groups {
                    let places = (0..<length).flatMap { row in (0..<width).map { row * channels + group * width + $0 } }
                    for (place, value) in zip(places, Self.normalised(places.map { x[$0] }, 1e-4)) {
                        y[place] = value * Double(scale[place % channels]) + Double(shift[place % channels])
                    }
                }
                return y
            }
            #expect(relativeError(output.elements, f(x.map(Double.init))) < 1e-5)
            #expect(relativeError(gradient.elements, Self.differences(x.map(Double.init), upstream.map(Double.init), f)) < 1e-4)
        }
    }
}
