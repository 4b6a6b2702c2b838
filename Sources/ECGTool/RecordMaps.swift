// SPDX-License-Identifier: GPL-3.0-or-later
import ECGStream

/// Attribution maps in a record, the tensors `attr/METHOD`.
extension Record {
    private static let mapPrefix = "attr/"

    /// The methods whose maps the record has, in order.
    public var mapNames: [String] {
        tensors.lazy.map(\.name).filter { $0.hasPrefix(Self.mapPrefix) }.map { String($0.dropFirst(Self.mapPrefix.count)) }
    }

    /// The map of a method. - Throws: `ToolError` if the record has none.
    public func map(_ method: String) throws -> Tensor {
        guard let tensor = self[Self.mapPrefix + method] else { throw ToolError(.data, "has no map '\(method)'", record: key) }
        return tensor
    }

    /// The leads of an item, stacked ones too, and how many samples each has.
    ///
    /// - Throws: `ToolError` for a tensor that is not [lead, time].
    public func layout(of tensor: Tensor) throws -> (leads: Int, length: Int) {
        guard tensor.shape.count == 2, tensor.count > 0 else {
            throw ToolError(.data, "'\(tensor.name)' has the shape \(tensor.shape), not [lead,time]", record: key)
        }
        if tensor.shape[0] == 1, let names = leads, names.count > 1, tensor.count % names.count == 0 {
            return (names.count, tensor.count / names.count)
        }
        return (tensor.shape[0], tensor.shape[1])
    }

    /// The samples of a window of this length that are signal, not padding.
    public func signalSamples(of window: Int) -> Range<Int> {
        let before = min(max(meta["pad_before"]?.int ?? 0, 0), window)
        return before..<before + min(max(length ?? window - before, 0), window - before)
    }
}
