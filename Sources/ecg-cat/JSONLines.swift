// SPDX-License-Identifier: GPL-3.0-or-later
import ECGStream
import ECGTool

/// A line a record: its meta as it stands, with the tensors' values if asked for.
enum JSONLines {
    static func run(_ stage: Stage, values: Bool) throws {
        let output = try stage.text
        while let frame = try stage.nextFrame() {
            let meta = try frame.meta()
            guard values else {
                try output.write(meta.text.replacingLineEnds + "\n")
                continue
            }
            var object = meta.json.object ?? [:]
            let record = try Record(frame)
            let entries = object["tensors"]?.array ?? []
            object["tensors"] = .array(
                zip(entries, record.tensors).map { entry, tensor in
                    var entry = entry.object ?? [:]
                    entry["at"] = nil
                    entry["values"] = tensor.nestedValues
                    return .object(entry)
                })
            try output.write(JSON.object(object).text + "\n")
        }
    }
}

extension String {
    /// JSON may have line ends between its tokens, never within strings; a line a record must not.
    fileprivate var replacingLineEnds: String {
        utf8.contains(0x0A) || utf8.contains(0x0D)
            ? String(decoding: utf8.map { $0 == 0x0A || $0 == 0x0D ? 0x20 : $0 }, as: UTF8.self) : self
    }
}

extension Tensor {
    /// The values as nested arrays, one level an axis; what is not finite is null.
    var nestedValues: JSON {
        let flat: [JSON] =
            switch dtype {
            case .float32: floats().map { JSON($0) }
            case .float64: doubles().map { JSON($0) }
            default: (ints() ?? []).map { JSON($0) }
            }
        // An empty tensor may claim any lengths on its other axes.
        return flat.isEmpty ? .array([]) : Self.nested(flat[...], shape[...])
    }

    private static func nested(_ flat: ArraySlice<JSON>, _ shape: ArraySlice<Int>) -> JSON {
        guard let length = shape.first else { return flat.first ?? .null }
        guard shape.count > 1 else { return .array(Array(flat)) }
        let step = flat.count / length
        return .array((0..<length).map { nested(flat[flat.startIndex + $0 * step..<flat.startIndex + ($0 + 1) * step], shape.dropFirst()) })
    }
}
