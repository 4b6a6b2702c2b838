// SPDX-License-Identifier: GPL-3.0-or-later

extension LayerGraph {
    /// Paper 003's network as reconstructed (spec 3.B) for median beats [8, 600]: pre-activation blocks of 7 taps whose channels double every other
    /// block; the shortcut is padded with channels of zeros and pooled.
    mutating func addArends(_ options: Network.Options) throws {
        let rate = options.dropout ?? 0.1
        var x = 0
        for block in 0..<(options.depth ?? 11) {
            let name = "blocks.\(block)"
            let narrow = extents[x].channels
            guard block < 60 else { throw LearnError(.misfit, "a depth of \(options.depth ?? 0): the channels double every other block") }
            // At the paper's width 8 channels, those of its input, and twice as many every other block.
            let wide = max(narrow, options.channels(8 << ((block + 1) / 2)))
            let stride = block > 0 && block % 2 == 0 ? 2 : 1
            var short = x
            if wide > narrow { short = try add(name + ".grow", .padChannels(wide - narrow), [short]) }
            if stride > 1 { short = try add(name + ".pool", .maximumPool(Window(kernel: stride, stride: stride)), [short]) }
            var y = try batchNormalisation(x, name + ".bn")
            y = try relu(y, name + ".ra")
            var start = Initialiser.torch(inputs: narrow * 7)
            y = try convolution(
                y, name + ".a.conv", outputs: wide, kernel: 7, stride: stride, padding: .explicit(3, 3), weights: start, biases: start)
            y = try batchNormalisation(y, name + ".bna")
            y = try relu(y, name + ".rb")
            y = try dropout(y, name + ".drop", rate: rate)
            start = .torch(inputs: wide * 7)
            y = try convolution(y, name + ".b.conv", outputs: wide, kernel: 7, padding: .explicit(3, 3), weights: start, biases: start)
            y = try batchNormalisation(y, name + ".bnb")
            // Of an odd length the convolution keeps the half sample that the pool drops.
            let extra = extents[y].length - extents[short].length
            if extra > 0 { y = try add(name + ".trim", .padTime(left: 0, right: -extra), [y]) }
            x = try sum(y, short, name + ".add")
        }
        x = try flatten(x, "flatten")
        let start = Initialiser.torch(inputs: extents[x].count)
        _ = try dense(x, "dense", outputs: options.outputs, weights: start, biases: start)
    }
}
