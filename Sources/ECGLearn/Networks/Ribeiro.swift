// SPDX-License-Identifier: GPL-3.0-or-later

extension LayerGraph {
    /// Ribeiro et al. 2020 (spec 1.B.1): two streams through units of stride 4, padded as TensorFlow's SAME at any length.
    mutating func addRibeiro(_ options: Network.Options) throws {
        try addUnits(options, channels: Self.ribeiroChannels(options.depth ?? 4).map(options.channels), kernel: 16)
    }

    /// 64, 128, 196, 256, 320, and 64 more for each further unit.
    private static func ribeiroChannels(_ depth: Int) -> [Int] {
        let known = [64, 128, 196, 256, 320]
        return (0...depth).map { $0 < known.count ? known[$0] : 320 + 64 * ($0 - 4) }
    }

    private mutating func addUnits(_ options: Network.Options, channels: [Int], kernel: Int) throws {
        let rate = options.dropout ?? 0.2
        var x = try convolution(
            0, "stem.conv", outputs: channels[0], kernel: kernel, bias: false, weights: .he(inputs: input.channels * kernel))
        x = try batchNormalisation(x, "bn")
        x = try relu(x, "relu")
        var y = x
        for unit in 0..<channels.count - 1 {
            let name = "units.\(unit)"
            let (narrow, wide) = (channels[unit], channels[unit + 1])
            y = try add(name + ".pool", .maximumPool(Window(kernel: 4, stride: 4, ceilMode: true)), [y])
            y = try convolution(y, name + ".skip.conv", outputs: wide, kernel: 1, bias: false, weights: .he(inputs: narrow))
            x = try convolution(x, name + ".a.conv", outputs: wide, kernel: kernel, bias: false, weights: .he(inputs: narrow * kernel))
            x = try batchNormalisation(x, name + ".bna")
            x = try relu(x, name + ".ra")
            x = try dropout(x, name + ".da", rate: rate)
            x = try convolution(
                x, name + ".b.conv", outputs: wide, kernel: kernel, stride: 4, bias: false, weights: .he(inputs: wide * kernel))
            x = try sum(x, y, name + ".add")
            y = x
            x = try batchNormalisation(x, name + ".bnb")
            x = try relu(x, name + ".rb")
            x = try dropout(x, name + ".db", rate: rate)
        }
        x = try flatten(x, "flatten")
        _ = try dense(x, "dense", outputs: options.outputs, weights: .glorot(inputs: extents[x].count, outputs: options.outputs))
    }

    /// A small network after Ribeiro's for single beats: 17 taps, stride 4 a block, a ReLU behind each sum.
    mutating func addResidual(_ options: Network.Options) throws {
        let depth = options.depth ?? 4
        let rate = options.dropout ?? 0.2
        var x = try convolution(
            0, "stem", outputs: options.channels(16), kernel: 17, bias: false, weights: .he(inputs: input.channels * 17))
        x = try batchNormalisation(x, "stem.bn")
        x = try relu(x, "stem.relu")
        for block in 0..<depth {
            let name = "blocks.\(block)"
            let wide = options.channels(32 + 16 * block)
            let narrow = extents[x].channels
            // An item that is shorter than the window has one maximum.
            let window = Window(kernel: min(4, extents[x].length), stride: 4, ceilMode: true)
            var y = try add(name + ".pool", .maximumPool(window), [x])
            y = try convolution(y, name + ".skip", outputs: wide, kernel: 1, bias: false, weights: .he(inputs: narrow))
            x = try convolution(x, name + ".a", outputs: wide, kernel: 17, bias: false, weights: .he(inputs: narrow * 17))
            x = try batchNormalisation(x, name + ".a.bn")
            x = try relu(x, name + ".a.relu")
            x = try dropout(x, name + ".drop", rate: rate)
            x = try convolution(x, name + ".b", outputs: wide, kernel: 17, stride: 4, bias: false, weights: .he(inputs: wide * 17))
            x = try batchNormalisation(x, name + ".b.bn")
            x = try sum(x, y, name + ".add")
            x = try relu(x, name + ".relu")
        }
        x = try flatten(x, "flatten")
        _ = try dense(x, "dense", outputs: options.outputs, weights: .glorot(inputs: extents[x].count, outputs: options.outputs))
    }
}
