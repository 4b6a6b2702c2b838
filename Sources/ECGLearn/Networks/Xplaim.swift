// SPDX-License-Identifier: GPL-3.0-or-later

extension LayerGraph {
    /// Paper 000's likely network (spec 4): twice three parallel convolutions of 2, 10 and 40 taps a block, behind a shortcut of one tap.
    mutating func addXplaim(_ options: Network.Options) throws {
        var x = 0
        for block in 0..<(options.depth ?? 3) {
            let name = "blocks.\(block)"
            let filters = options.channels(block < 3 ? [16, 32, 128][block] : 128)
            func branches(_ graph: inout LayerGraph, _ x: Value, _ part: String) throws -> Value {
                let channels = graph.extents[x].channels
                let parts = try [2, 10, 40].enumerated().map { index, kernel in
                    let y = try graph.convolution(
                        x, "\(name).\(part).\(index).conv", outputs: filters, kernel: kernel, bias: false,
                        weights: .glorot(inputs: channels * kernel, outputs: filters * kernel))
                    return try graph.relu(y, "\(name).\(part).\(index).relu")
                }
                var y = try graph.add("\(name).\(part).join", .concatenate, parts)
                y = try graph.batchNormalisation(y, "\(name).bn\(part)", epsilon: 1e-3, momentum: 0.01)
                return try graph.relu(y, "\(name).r\(part)")
            }
            var y = try branches(&self, x, "a")
            y = try branches(&self, y, "b")
            var short = try convolution(
                x, name + ".skip.conv", outputs: 3 * filters, kernel: 1, bias: false,
                weights: .glorot(inputs: extents[x].channels, outputs: 3 * filters))
            short = try batchNormalisation(short, name + ".bns", epsilon: 1e-3, momentum: 0.01)
            x = try sum(y, short, name + ".add")
            x = try relu(x, name + ".rc")
            if let rate = options.dropout { x = try dropout(x, name + ".drop", rate: rate) }
            x = try add(name + ".pool", .maximumPool(Window(kernel: 2, stride: 2, ceilMode: true)), [x])
        }
        x = try add("pool", .globalAverage, [x])
        _ = try dense(x, "dense", outputs: options.outputs, weights: .glorot(inputs: extents[x].count, outputs: options.outputs))
    }
}
