// SPDX-License-Identifier: GPL-3.0-or-later

extension LayerGraph {
    /// Paper 002's network (spec 2.B) for median beats [12, 600]: modules of 50 taps with a residual sum and no ReLU behind it.
    mutating func addStoras(_ options: Network.Options) throws {
        func module(_ graph: inout LayerGraph, _ x: Value, _ name: String, _ first: Int, _ second: Int, residual: Bool) throws -> Value {
            func convolved(_ graph: inout LayerGraph, _ x: Value, _ part: String, _ outputs: Int, _ kernel: Int) throws -> Value {
                let start = Initialiser.torch(inputs: graph.extents[x].channels * kernel)
                var y = try graph.convolution(x, "\(name).\(part).conv", outputs: outputs, kernel: kernel, weights: start, biases: start)
                y = try graph.batchNormalisation(y, "\(name).bn\(part)")
                return try graph.relu(y, "\(name).r\(part)")
            }
            var y = try convolved(&graph, x, "a", options.channels(64), first)
            y = try convolved(&graph, y, "b", options.channels(32), second)
            return residual ? try graph.sum(x, y, name + ".add") : y
        }
        var x = try module(&self, 0, "init", 8, 3, residual: false)
        x = try add("halve", .averagePool(Window(kernel: 2, stride: 2), countPadding: false), [x])
        for block in 0..<(options.depth ?? 8) {
            x = try module(&self, x, "blocks.\(block)", 50, 50, residual: true)
            if let rate = options.dropout { x = try dropout(x, "blocks.\(block).drop", rate: rate) }
        }
        x = try add("pool", .globalAverage, [x])
        let start = Initialiser.torch(inputs: extents[x].count)
        _ = try dense(x, "dense", outputs: options.outputs, weights: start, biases: start)
    }
}
