// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels

/// A convolution of one of the papers' networks, and how often it occurs there.
struct Layer {
    let network: String
    let name: String
    let times: Int
    let shape: ConvolutionShape
}

/// The convolutions of the papers' networks: shared/bench/nets.py as shapes.
enum Networks {
    static let all: [Layer] = jonesCNN + mitbihCNN + ribeiro + storas + arends + xplaim

    private static func layer(
        _ network: String, _ name: String, _ inputs: Int, _ outputs: Int, _ kernel: Int, _ length: Int, stride: Int = 1,
        valid: Bool = false,
        times: Int = 1
    ) -> Layer {
        // Padded as 'same': ceil(length / stride) outputs, the odd zero on the right.
        let total = valid ? 0 : max(0, ((length + stride - 1) / stride - 1) * stride + kernel - length)
        return Layer(
            network: network, name: name, times: times,
            shape: ConvolutionShape(
                inputChannels: inputs, outputChannels: outputs, kernel: kernel, stride: stride, padLeft: total / 2,
                padRight: total - total / 2, inputLength: length))
    }

    private static let jonesCNN = [
        layer("jones-cnn", "stem a", 1, 32, 16, 860, valid: true), layer("jones-cnn", "stem b", 32, 32, 16, 845, valid: true),
        layer("jones-cnn", "block 64 a", 32, 64, 16, 830, times: 2), layer("jones-cnn", "block 64 b", 64, 32, 16, 830, times: 2),
        layer("jones-cnn", "block 128 a", 32, 128, 16, 830, times: 2), layer("jones-cnn", "block 128 b", 128, 32, 16, 830, times: 2),
        layer("jones-cnn", "last", 32, 32, 16, 830, valid: true),
    ]

    private static let mitbihCNN: [Layer] = {
        var layers = [layer("mitbih-cnn", "stem", 2, 16, 17, 430)]
        for (inputs, outputs, length) in [(16, 32, 430), (32, 48, 108), (48, 64, 27), (64, 80, 7)] {
            layers.append(layer("mitbih-cnn", "skip \(outputs)", inputs, outputs, 1, length / 4))
            layers.append(layer("mitbih-cnn", "unit \(outputs) a", inputs, outputs, 17, length))
            layers.append(layer("mitbih-cnn", "unit \(outputs) b", outputs, outputs, 17, length, stride: 4))
        }
        return layers
    }()

    private static let ribeiro: [Layer] = {
        var layers = [layer("ribeiro", "stem", 12, 64, 16, 4096)]
        for (inputs, outputs, length) in [(64, 128, 4096), (128, 196, 1024), (196, 256, 256), (256, 320, 64)] {
            layers.append(layer("ribeiro", "unit \(outputs) a", inputs, outputs, 16, length))
            layers.append(layer("ribeiro", "unit \(outputs) b", outputs, outputs, 16, length, stride: 4))
            layers.append(layer("ribeiro", "skip \(outputs)", inputs, outputs, 1, length / 4))
        }
        return layers
    }()

    private static let storas = [
        layer("storas", "stem a", 12, 64, 8, 600), layer("storas", "stem b", 64, 32, 3, 600),
        layer("storas", "block a", 32, 64, 50, 300, times: 8), layer("storas", "block b", 64, 32, 50, 300, times: 8),
    ]

    private static let arends: [Layer] = {
        var layers: [Layer] = []
        var inputs = 8
        var length = 600
        for block in 0..<11 {
            let outputs = 8 << ((block + 1) / 2)
            let stride = block > 0 && block % 2 == 0 ? 2 : 1
            layers.append(layer("arends", "block \(block) a", inputs, outputs, 7, length, stride: stride))
            length = (length + stride - 1) / stride
            layers.append(layer("arends", "block \(block) b", outputs, outputs, 7, length))
            inputs = outputs
        }
        return layers
    }()

    private static let xplaim: [Layer] = {
        var layers: [Layer] = []
        for (inputs, filters, length) in [(12, 16, 5000), (48, 32, 2500), (96, 128, 1250)] {
            for kernel in [2, 10, 40] { layers.append(layer("xplaim", "block \(filters) a k\(kernel)", inputs, filters, kernel, length)) }
            for kernel in [2, 10, 40] {
                layers.append(layer("xplaim", "block \(filters) b k\(kernel)", 3 * filters, filters, kernel, length))
            }
            layers.append(layer("xplaim", "block \(filters) skip", inputs, 3 * filters, 1, length))
        }
        return layers
    }()
}
