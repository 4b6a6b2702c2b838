// SPDX-License-Identifier: GPL-3.0-or-later

extension LayerGraph.Parameter {
    /// Elements in ONNX's order, from the order in which training has them (see `LayerGraph`).
    public func exported(_ elements: [Float]) -> [Float] { reordered(elements, toONNX: true) }

    /// Elements in training's order, from ONNX's.
    public func imported(_ elements: [Float]) -> [Float] { reordered(elements, toONNX: false) }

    private func reordered(_ elements: [Float], toONNX: Bool) -> [Float] {
        guard let extent = flattened else { return elements }
        var result = elements
        let columns = extent.count
        for row in 0..<elements.count / columns {
            for time in 0..<extent.length {
                for channel in 0..<extent.channels {
                    let here = row * columns + time * extent.channels + channel
                    let onnx = row * columns + channel * extent.length + time
                    if toONNX { result[onnx] = elements[here] } else { result[here] = elements[onnx] }
                }
            }
        }
        return result
    }
}
