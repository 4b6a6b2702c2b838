// SPDX-License-Identifier: GPL-3.0-or-later
import CMicrokernels
import Glibc

/// Softmax and normalisation. Statistics are always of one row or one item, so an item's result does not depend on its batch.
public enum Normalisation {
    /// Softmax of each row of [rows, count], or its logarithm.
    public static func softmax(
        rows: Int, count: Int, logarithm: Bool = false, input: Region<Float>, output: Region<Float>,
        instructionSet: InstructionSet = .current, workers: Workers? = nil
    ) {
        precondition(rows * count <= input.count && rows * count <= output.count)
        guard count > 0 else { return }
        Elementwise.split(rows, workers, fewest: max(1, 4096 / count)) { range in
            let at = range.lowerBound * count
            instructionSet.kernels.pointee.softmax(range.count, count, input.pointer + at, output.pointer + at, logarithm ? 1 : 0)
        }
    }

    /// - Parameter output: what `softmax` gave.
    public static func softmaxGradient(
        rows: Int, count: Int, logarithm: Bool = false, output: Region<Float>, upstream: Region<Float>, gradient: Region<Float>,
        accumulate: Bool = false, instructionSet: InstructionSet = .current, workers: Workers? = nil
    ) {
        precondition(rows * count <= output.count && rows * count <= upstream.count && rows * count <= gradient.count)
        guard count > 0 else { return }
        Elementwise.split(rows, workers, fewest: max(1, 4096 / count)) { range in
            let at = range.lowerBound * count
            instructionSet.kernels.pointee.softmaxGradient(
                range.count, count, output.pointer + at, upstream.pointer + at, gradient.pointer + at, accumulate ? 1 : 0,
                logarithm ? 1 : 0)
        }
    }

    /// Layer normalisation of each row of [rows, count]: (x − mean) / √(variance + ε) · scale + shift.
    /// - Parameter statistics: if given, 2·rows floats for the reverse: mean and 1/√(variance + ε) of each row.
    public static func layer(
        rows: Int, count: Int, input: Region<Float>, scale: Region<Float>?, shift: Region<Float>?, epsilon: Float, output: Region<Float>,
        statistics: Region<Float>? = nil, instructionSet: InstructionSet = .current, workers: Workers? = nil
    ) {
        precondition(rows * count <= input.count && rows * count <= output.count && statistics?.count ?? 2 * rows >= 2 * rows)
        precondition(scale?.count ?? count >= count && shift?.count ?? count >= count)
        guard count > 0 else { return }
        Elementwise.split(rows, workers, fewest: max(1, 4096 / count)) { range in
            let at = range.lowerBound * count
            instructionSet.kernels.pointee.layerNorm(
                range.count, count, input.pointer + at, scale.map { UnsafePointer($0.pointer) }, shift.map { UnsafePointer($0.pointer) },
                epsilon, output.pointer + at, statistics.map { $0.pointer + 2 * range.lowerBound })
        }
    }

    public static func layerGradient(
        rows: Int, count: Int, input: Region<Float>, scale: Region<Float>?, statistics: Region<Float>, upstream: Region<Float>,
        gradient: Region<Float>, accumulate: Bool = false, instructionSet: InstructionSet = .current, workers: Workers? = nil
    ) {
        precondition(rows * count <= input.count && rows * count <= upstream.count && rows * count <= gradient.count)
        precondition(scale?.count ?? count >= count && statistics.count >= 2 * rows)
        guard count > 0 else { return }
        Elementwise.split(rows, workers, fewest: max(1, 4096 / count)) { range in
            let at = range.lowerBound * count
            instructionSet.kernels.pointee.layerNormGradient(
                range.count, count, input.pointer + at, scale.map { UnsafePointer($0.pointer) },
                UnsafePointer(statistics.pointer + 2 * range.lowerBound), upstream.pointer + at, gradient.pointer + at, accumulate ? 1 : 0)
        }
    }

    /// Floats of scratch a thread needs for `group` and `groupGradient`.
    public static func groupScratchCount(channels: Int) -> Int { 4 * channels }

    /// Group normalisation of [item, length, channels]: statistics over time and the channels of a group, for each item.
    /// With as many groups as channels it is instance normalisation. `scale` and `shift` are per channel.
    /// - Parameters:
    ///   - statistics: if given, 2·items·groups floats for the reverse: mean and 1/√(variance + ε).
    ///   - scratch: `groupScratchCount` for each thread.
    public static func group(
        items: Int, length: Int, channels: Int, groups: Int, input: Region<Float>, scale: Region<Float>?, shift: Region<Float>?,
        epsilon: Float, output: Region<Float>, statistics: Region<Float>? = nil, scratch: Region<Float>,
        instructionSet: InstructionSet = .current, workers: Workers? = nil
    ) {
        precondition(groups > 0 && channels % groups == 0 && items * length * channels <= min(input.count, output.count))
        precondition(scale?.count ?? channels >= channels && shift?.count ?? channels >= channels)
        precondition(statistics?.count ?? 2 * items * groups >= 2 * items * groups)
        precondition(scratch.count >= groupScratchCount(channels: channels) * (workers?.count ?? 1))
        let width = channels / groups
        let population = Float(length * width)
        forEach(items, workers) { item, worker in
            let kernels = instructionSet.kernels
            let x = input.pointer + item * length * channels
            let sums = scratch.pointer + worker * groupScratchCount(channels: channels)
            let centers = sums + channels
            let gains = centers + channels
            let offsets = gains + channels
            kernels.pointee.channelSums(length, channels, x, nil, nil, sums, nil, nil)
            for group in 0..<groups {
                var sum: Float = 0
                for channel in group * width..<(group + 1) * width { sum += sums[channel] }
                for channel in group * width..<(group + 1) * width { centers[channel] = sum / population }
            }
            kernels.pointee.channelSums(length, channels, x, centers, nil, nil, sums, nil)
            for group in 0..<groups {
                var squares: Float = 0
                for channel in group * width..<(group + 1) * width { squares += sums[channel] }
                let inverse = 1 / (squares / population + epsilon).squareRoot()
                if let statistics {
                    statistics.pointer[2 * (item * groups + group)] = centers[group * width]
                    statistics.pointer[2 * (item * groups + group) + 1] = inverse
                }
                for channel in group * width..<(group + 1) * width {
                    gains[channel] = inverse * (scale?.pointer[channel] ?? 1)
                    offsets[channel] = (shift?.pointer[channel] ?? 0) - centers[channel] * gains[channel]
                }
            }
            kernels.pointee.channelAffine(
                length, channels, x, channels, gains, offsets, output.pointer + item * length * channels, channels,
                Activation.identity.code, 0)
        }
    }

    public static func groupGradient(
        items: Int, length: Int, channels: Int, groups: Int, input: Region<Float>, scale: Region<Float>?, statistics: Region<Float>,
        upstream: Region<Float>, gradient: Region<Float>, accumulate: Bool = false, scratch: Region<Float>,
        instructionSet: InstructionSet = .current, workers: Workers? = nil
    ) {
        precondition(groups > 0 && channels % groups == 0)
        precondition(items * length * channels <= min(input.count, min(upstream.count, gradient.count)))
        precondition(scale?.count ?? channels >= channels && statistics.count >= 2 * items * groups)
        precondition(scratch.count >= groupScratchCount(channels: channels) * (workers?.count ?? 1))
        let width = channels / groups
        let population = Float(length * width)
        forEach(items, workers) { item, worker in
            let kernels = instructionSet.kernels
            let x = input.pointer + item * length * channels
            let g = upstream.pointer + item * length * channels
            let sums = scratch.pointer + worker * groupScratchCount(channels: channels)
            let products = sums + channels
            let centers = products + channels
            for channel in 0..<channels { centers[channel] = statistics.pointer[2 * (item * groups + channel / width)] }
            kernels.pointee.channelSums(length, channels, g, nil, nil, sums, nil, nil)
            kernels.pointee.channelSums(length, channels, x, centers, g, nil, nil, products)
            for group in 0..<groups {
                let inverse = statistics.pointer[2 * (item * groups + group) + 1]
                var sum: Float = 0
                var product: Float = 0
                for channel in group * width..<(group + 1) * width {
                    let gain = scale?.pointer[channel] ?? 1
                    sum += sums[channel] * gain
                    product += products[channel] * gain
                }
                let mean = sum / population
                let slope = product * inverse * inverse / population
                for channel in group * width..<(group + 1) * width {
                    sums[channel] = mean
                    products[channel] = slope
                }
            }
            let target = gradient.pointer + item * length * channels
            for row in 0..<length {
                for channel in 0..<channels {
                    let at = row * channels + channel
                    let inverse = statistics.pointer[2 * (item * groups + channel / width) + 1]
                    let gain = scale?.pointer[channel] ?? 1
                    let d = (g[at] * gain - sums[channel] - (x[at] - centers[channel]) * products[channel]) * inverse
                    target[at] = accumulate ? target[at] + d : d
                }
            }
        }
    }

    private static func forEach(_ items: Int, _ workers: Workers?, _ body: @Sendable (_ item: Int, _ worker: Int) -> Void) {
        guard let workers else {
            for item in 0..<items { body(item, 0) }
            return
        }
        workers.run(items, body)
    }
}
