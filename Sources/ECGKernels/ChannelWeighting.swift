// SPDX-License-Identifier: GPL-3.0-or-later

/// Sums over the channels of a layer, each weighted by the mean of its gradient: what Grad-CAM makes of it (Selvaraju et al. 2017).
public enum ChannelWeighting {
    /// How a value [channel, time] lies in memory: elements from one to the next.
    public struct Strides: Sendable {
        public let channel: Int
        public let time: Int

        public init(channel: Int, time: Int) { (self.channel, self.time) = (channel, time) }
    }

    /// One value a place of the layer: Σ over channels of the mean gradient times the outputs, in double precision.
    ///
    /// - Parameters: outputs and gradients of one item, `channels` times `length` elements each.
    public static func row(
        channels: Int, length: Int, _ strides: Strides, outputs: Region<Float>, gradients: Region<Float>
    ) -> [Double] {
        guard channels > 0, length > 0 else { return [] }
        let last = (channels - 1) * strides.channel + (length - 1) * strides.time
        precondition(strides.channel >= 0 && strides.time >= 0 && last < outputs.count && last < gradients.count)
        let (outputs, gradients) = (outputs.pointer, gradients.pointer)
        var weights = [Double](repeating: 0, count: channels)
        var row = [Double](repeating: 0, count: length)
        weights.withUnsafeMutableBufferPointer { weights in
            for t in 0..<length {
                let at = gradients + t * strides.time
                if strides.channel == 1 {
                    // side by side, several go at a time
                    for c in 0..<channels { weights[c] += Double(at[c]) }
                } else {
                    for c in 0..<channels { weights[c] += Double(at[c * strides.channel]) }
                }
            }
            for c in 0..<channels { weights[c] /= Double(length) }
            row.withUnsafeMutableBufferPointer { row in
                // eight places at a time, whose sums don't wait for each other
                var t = 0
                while t + 8 <= length {
                    var sums = SIMD8<Double>()
                    for c in 0..<channels {
                        let at = outputs + t * strides.time + c * strides.channel
                        var values = SIMD8<Double>()
                        for k in 0..<8 { values[k] = Double(at[k * strides.time]) }
                        sums += weights[c] * values
                    }
                    for k in 0..<8 { row[t + k] = sums[k] }
                    t += 8
                }
                while t < length {
                    for c in 0..<channels { row[t] += weights[c] * Double(outputs[t * strides.time + c * strides.channel]) }
                    t += 1
                }
            }
        }
        return row
    }
}
