// SPDX-License-Identifier: GPL-3.0-or-later

/// A feature map of the wave network: [time, channel], the channels padded to a multiple of eight.
struct FeatureMap {
    let channels: Int
    var time: Int { values.count / channels }
    var values: [Float]

    init(time: Int, channels: Int) {
        self.channels = channels
        values = [Float](repeating: 0, count: time * channels)
    }

    /// Each step twice.
    func upsampled() -> FeatureMap {
        var map = FeatureMap(time: 0, channels: channels)
        map.values.reserveCapacity(values.count * 2)
        for t in 0..<time {
            map.values += values[(t * channels)..<((t + 1) * channels)]
            map.values += values[(t * channels)..<((t + 1) * channels)]
        }
        return map
    }

    /// The mean of the maps of all leads.
    static func mean(_ maps: [FeatureMap]) -> FeatureMap {
        var mean = maps[0]
        guard maps.count > 1 else { return mean }
        for map in maps.dropFirst() { for i in mean.values.indices { mean.values[i] += map.values[i] } }
        let share = 1 / Float(maps.count)
        for i in mean.values.indices { mean.values[i] *= share }
        return mean
    }
}

/// A one-dimensional convolution, with a rectifier or without, over maps that lie side by side as one.
struct ConvolutionLayer: Sendable {
    let kernel: Int
    let stride: Int
    let padding: Int
    let outputs: Int
    let isRectified: Bool
    /// The channels of each input map, padded.
    let inputs: [Int]
    /// [group of 8 outputs][map][tap][channel]
    private let weights: [SIMD8<Float>]
    private let biases: [SIMD8<Float>]

    /// - Parameters:
    ///   - weights: [output][tap][channel], the channels of all maps one after the other.
    ///   - inputs: the channels of each map.
    init(kernel: Int, stride: Int, inputs: [Int], outputs: Int, weights: [Float], biases: [Float], isRectified: Bool) {
        self.kernel = kernel
        self.stride = stride
        padding = kernel / 2
        self.outputs = Self.padded(outputs)
        self.inputs = inputs.map(Self.padded)
        self.isRectified = isRectified
        let total = inputs.reduce(0, +)
        var packed: [SIMD8<Float>] = []
        var offsets: [SIMD8<Float>] = []
        for group in 0..<(self.outputs / 8) {
            var offset = SIMD8<Float>(repeating: 0)
            for lane in 0..<8 where group * 8 + lane < outputs { offset[lane] = biases[group * 8 + lane] }
            offsets.append(offset)
            var first = 0
            for count in inputs {
                for tap in 0..<kernel {
                    for channel in 0..<Self.padded(count) {
                        var weight = SIMD8<Float>(repeating: 0)
                        if channel < count {
                            for lane in 0..<8 where group * 8 + lane < outputs {
                                weight[lane] = weights[((group * 8 + lane) * kernel + tap) * total + first + channel]
                            }
                        }
                        packed.append(weight)
                    }
                }
                first += count
            }
        }
        self.weights = packed
        self.biases = offsets
    }

    private static func padded(_ channels: Int) -> Int { (channels + 7) / 8 * 8 }

    /// The convolution of `maps`, all of one length, zero beyond their ends.
    func callAsFunction(_ maps: FeatureMap...) -> FeatureMap {
        let length = maps[0].time
        let steps = (length + 2 * padding - kernel) / stride + 1
        var result = FeatureMap(time: steps, channels: outputs)
        // Four steps at a time share the loads of the weights; the zeros around the maps spare the tests for their ends.
        let blocks = (steps + 3) / 4
        let rows = (blocks * 4 - 1) * stride + kernel
        let padded = zip(maps, inputs).map { map, channels in
            var values = [Float](repeating: 0, count: rows * channels)
            let count = min(map.values.count, (rows - padding) * channels)
            values.replaceSubrange((padding * channels)..<(padding * channels + count), with: map.values[0..<count])
            return values
        }
        let perGroup = weights.count / biases.count
        for group in 0..<biases.count {
            for block in 0..<blocks {
                var sums = (biases[group], biases[group], biases[group], biases[group])
                var weight = group * perGroup
                for (values, channels) in zip(padded, inputs) {
                    let count = kernel * channels
                    let from = block * 4 * stride * channels
                    let step = stride * channels
                    for i in 0..<count {
                        let w = weights[weight + i]
                        sums.0 += w * values[from + i]
                        sums.1 += w * values[from + step + i]
                        sums.2 += w * values[from + 2 * step + i]
                        sums.3 += w * values[from + 3 * step + i]
                    }
                    weight += count
                }
                store(sums.0, block * 4, group, &result)
                store(sums.1, block * 4 + 1, group, &result)
                store(sums.2, block * 4 + 2, group, &result)
                store(sums.3, block * 4 + 3, group, &result)
            }
        }
        return result
    }

    private func store(_ sum: SIMD8<Float>, _ step: Int, _ group: Int, _ result: inout FeatureMap) {
        guard step < result.time else { return }
        let value = isRectified ? sum.replacing(with: 0, where: sum .< 0) : sum
        let at = step * outputs + group * 8
        for lane in 0..<8 { result.values[at + lane] = value[lane] }
    }
}
