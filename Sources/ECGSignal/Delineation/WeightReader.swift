// SPDX-License-Identifier: GPL-3.0-or-later

/// Reads a network's layers from base64 text: for each layer a scale and a bias (float32) an output, then its weights as int8,
/// [output][tap][channel].
struct WeightReader {
    private let bytes: [UInt8]
    private var position = 0

    init(_ text: String) {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count * 3 / 4)
        var buffer: UInt32 = 0
        var bits: UInt32 = 0
        for character in text.utf8 {
            guard let value = Self.value(character) else { continue }
            buffer = buffer << 6 | UInt32(value)
            bits += 6
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: buffer >> bits))
            }
        }
        self.bytes = bytes
    }

    private static func value(_ character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): character - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): character - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0") + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }

    /// The bytes that are left; 0 when all layers have been read.
    var remaining: Int { bytes.count - position }

    mutating func layer(kernel: Int, stride: Int, inputs: [Int], outputs: Int, isRectified: Bool = true) -> ConvolutionLayer {
        let scales = (0..<outputs).map { _ in float() }
        let biases = (0..<outputs).map { _ in float() }
        let perOutput = kernel * inputs.reduce(0, +)
        var weights: [Float] = []
        weights.reserveCapacity(outputs * perOutput)
        for output in 0..<outputs { for _ in 0..<perOutput { weights.append(scales[output] * Float(Int8(bitPattern: byte()))) } }
        return ConvolutionLayer(
            kernel: kernel, stride: stride, inputs: inputs, outputs: outputs, weights: weights, biases: biases, isRectified: isRectified)
    }

    private mutating func byte() -> UInt8 {
        guard position < bytes.count else { return 0 }
        defer { position += 1 }
        return bytes[position]
    }

    private mutating func float() -> Float {
        var bits: UInt32 = 0
        for shift in 0..<4 { bits |= UInt32(byte()) << UInt32(8 * shift) }
        return Float(bitPattern: bits)
    }
}
