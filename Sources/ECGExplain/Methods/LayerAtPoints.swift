// SPDX-License-Identifier: GPL-3.0-or-later

/// A layer's outputs and the score's gradients there, [point, channel, time], flat.
struct LayerAtPoints: Sendable {
    let channels: Int
    let length: Int
    let outputs: [Float]
    let gradients: [Float]

    /// Grad-CAM's row at a point, one value a place of the layer: Σ over channels of the mean gradient times the outputs (Selvaraju et al. 2017).
    func row(_ point: Int) -> [Double] {
        var row = [Double](repeating: 0, count: length)
        for channel in 0..<channels {
            let from = (point * channels + channel) * length
            var weight = 0.0
            for t in from..<from + length { weight += Double(gradients[t]) }
            weight /= Double(length)
            for t in 0..<length { row[t] += weight * Double(outputs[from + t]) }
        }
        return row
    }
}
