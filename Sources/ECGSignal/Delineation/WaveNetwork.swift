// SPDX-License-Identifier: GPL-3.0-or-later

/// The network that tells P, QRS and T from the rest, sample by sample, on a grid of 250 Hz.
///
/// A small U-Net over each lead, after Moskalenko, Zolotykh and Osipov (Deep learning for ECG segmentation, 2019), whose feature
/// maps are joined at every level by their mean over the leads: what one lead shows helps the others, and any number of leads will
/// do. It was trained on the first 80 records of the LUDB alone; pipelines/delineation/train.py makes its weights.
struct WaveNetwork: Sendable {
    static let gridFrequency = 250.0
    /// The grid samples of an input are a multiple of this.
    static let granularity = 16

    enum Wave: Int, CaseIterable { case none, p, qrs, t }

    private let stem: ConvolutionLayer
    private let encode1: ConvolutionLayer
    private let down2: ConvolutionLayer
    private let encode2: ConvolutionLayer
    private let down3: ConvolutionLayer
    private let encode3: ConvolutionLayer
    private let down4: ConvolutionLayer
    private let encode4: ConvolutionLayer
    private let middle: ConvolutionLayer
    private let decode3: ConvolutionLayer
    private let decode2: ConvolutionLayer
    private let decode1: ConvolutionLayer
    private let output: ConvolutionLayer

    /// The trained network, decoded once.
    static let trained = WaveNetwork()

    private init() {
        var weights = WeightReader(WaveNetworkWeights.text)
        stem = weights.layer(kernel: 9, stride: 2, inputs: [2], outputs: 12)
        encode1 = weights.layer(kernel: 5, stride: 1, inputs: [12], outputs: 12)
        down2 = weights.layer(kernel: 5, stride: 2, inputs: [12], outputs: 16)
        encode2 = weights.layer(kernel: 5, stride: 1, inputs: [16], outputs: 16)
        down3 = weights.layer(kernel: 5, stride: 2, inputs: [16], outputs: 24)
        encode3 = weights.layer(kernel: 5, stride: 1, inputs: [24], outputs: 24)
        down4 = weights.layer(kernel: 5, stride: 2, inputs: [24], outputs: 24)
        encode4 = weights.layer(kernel: 9, stride: 1, inputs: [24], outputs: 24)
        middle = weights.layer(kernel: 9, stride: 1, inputs: [24, 24], outputs: 24)
        decode3 = weights.layer(kernel: 3, stride: 1, inputs: [24, 24, 24], outputs: 24)
        decode2 = weights.layer(kernel: 3, stride: 1, inputs: [24, 16, 16], outputs: 16)
        decode1 = weights.layer(kernel: 5, stride: 1, inputs: [16, 12, 12], outputs: 16)
        output = weights.layer(kernel: 3, stride: 1, inputs: [16], outputs: 8, isRectified: false)
    }

    /// The probability of each kind of sample in each lead.
    ///
    /// - Parameters:
    ///   - leads: grid samples of each lead, scaled so that its QRS complex is about 1 from top to bottom; equal lengths, a
    ///     multiple of `granularity`.
    ///   - beats: 1 at the R peaks, falling to 0 within eight grid samples.
    /// - Returns: for each lead four values a sample, in the order of `Wave`.
    func probabilities(leads: [[Float]], beats: [Float]) -> [[SIMD4<Float>]] {
        guard !leads.isEmpty else { return [] }
        let level1 = leads.map { lead in
            var input = FeatureMap(time: lead.count, channels: 8)
            for i in lead.indices {
                input.values[i * 8] = lead[i]
                input.values[i * 8 + 1] = beats[i]
            }
            return encode1(stem(input))
        }
        let level2 = level1.map { encode2(down2($0)) }
        let level3 = level2.map { encode3(down3($0)) }
        let level4 = level3.map { encode4(down4($0)) }
        let mean4 = FeatureMap.mean(level4)
        let mean3 = FeatureMap.mean(level3)
        let mean2 = FeatureMap.mean(level2)
        let mean1 = FeatureMap.mean(level1)
        return leads.indices.map { l in
            let from4 = middle(level4[l], mean4).upsampled()
            let from3 = decode3(from4, level3[l], mean3).upsampled()
            let from2 = decode2(from3, level2[l], mean2).upsampled()
            let scores = output(decode1(from2, level1[l], mean1))
            return (0..<leads[l].count).map { i in
                // Each step of the output holds two grid samples, four scores each.
                let at = i / 2 * 8 + i % 2 * 4
                return Self.softmax(SIMD4(scores.values[at], scores.values[at + 1], scores.values[at + 2], scores.values[at + 3]))
            }
        }
    }

    private static func softmax(_ scores: SIMD4<Float>) -> SIMD4<Float> {
        let shifted = scores - SIMD4(repeating: scores.max())
        var powers = SIMD4<Float>()
        for i in 0..<4 { powers[i] = exponential(shifted[i]) }
        return powers / powers.sum()
    }

    /// e to the power of a number that is not above 0, the same on every machine.
    private static func exponential(_ x: Float) -> Float {
        guard x > -80 else { return 0 }
        // e^x = 2^k · e^f with |f| ≤ ln 2 / 2.
        let k = (x * 1.442_695).rounded()
        let f = x - k * 0.693_147_2
        let series = 1 + f * (1 + f * (0.5 + f * (1.0 / 6 + f * (1.0 / 24 + f * (1.0 / 120)))))
        return Float(sign: .plus, exponent: Int(k), significand: series)
    }
}
