// SPDX-License-Identifier: GPL-3.0-or-later
import ECGDeflate

/// The arrays of one tensor name over all records, on their way into one stacked array or several.
///
/// The bytes lie in a spool file; in memory there is only where each item lies, and as long as all items are alike not even that.
final class ArraySpool {
    /// One record's array, in one part or several that are joined along an axis.
    private struct Item {
        let record: Int
        let shape: [Int]
        let dtype: DType
        let offset: Int
        /// Length of each part along the joined axis; empty for a single part.
        var parts: [Int] = []
        var axis = 0
    }

    let name: String
    private let file: SpoolFile
    /// As long as every record from the first on had one array of one shape: that item, and how many there are.
    private var alike: (item: Item, count: Int)?
    private var items: [Item] = []

    init(_ name: String) throws(StreamError) {
        self.name = name
        file = try SpoolFile()
    }

    /// The array of a new record. Records are numbered from 0.
    func append(_ tensor: Tensor, record: Int) throws(StreamError) {
        let item = Item(record: record, shape: tensor.shape, dtype: tensor.dtype, offset: file.count)
        if record == 0 {
            alike = (item, 1)
        } else if let (first, count) = alike, count == record, first.shape == item.shape, first.dtype == item.dtype {
            alike = (first, count + 1)
        } else {
            spread()
            items.append(item)
        }
        try file.append(tensor.payload)
    }

    /// A further part of the array of the record before.
    func join(_ tensor: Tensor, record: Int, key: String) throws(StreamError) {
        spread()
        guard var item = items.last, item.record == record else {
            throw StreamError(.damaged, "the tensor '\(name)' is in some parts of the recording only", record: key)
        }
        let axis = Self.joinedAxis(tensor)
        var expected = item.shape
        if let axis, expected.count == tensor.shape.count { expected[axis] = tensor.shape[axis] }
        guard expected == tensor.shape, item.dtype == tensor.dtype else {
            throw StreamError(.damaged, "the parts of the tensor '\(name)' do not fit together", record: key)
        }
        guard let axis else {
            // Without an axis to join along, every part must say the same.
            var isSame = true
            var position = 0
            try file.finishWriting()
            try tensor.payload.withUnsafeBytes { bytes throws(StreamError) in
                try file.copy(from: item.offset, count: bytes.count) { old in
                    if !old.elementsEqual(bytes[position..<position + old.count]) { isSame = false }
                    position += old.count
                }
            }
            guard isSame else {
                throw StreamError(.damaged, "the tensor '\(name)' has no time, but differs between the parts", record: key)
            }
            return
        }
        if item.parts.isEmpty { item.parts = [item.shape[axis]] }
        item.parts.append(tensor.shape[axis])
        var shape = item.shape
        let (length, overflow) = shape[axis].addingReportingOverflow(tensor.shape[axis])
        guard !overflow else { throw StreamError(.tooLarge, "the joined tensor '\(name)' is too long", record: key) }
        shape[axis] = length
        items[items.count - 1] = Item(record: record, shape: shape, dtype: item.dtype, offset: item.offset, parts: item.parts, axis: axis)
        try file.append(tensor.payload)
    }

    /// Parts are joined along time; what belongs to events along their number.
    private static func joinedAxis(_ tensor: Tensor) -> Int? { tensor.axes.firstIndex(of: "time") ?? (tensor.axes == ["n"] ? 0 : nil) }

    /// One item for each of those that were alike so far.
    private func spread() {
        guard let (first, count) = alike else { return }
        alike = nil
        let bytes = Tensor.byteCount(dtype: first.dtype, shape: first.shape) ?? 0
        items = (0..<count).map { Item(record: $0, shape: first.shape, dtype: first.dtype, offset: $0 * bytes) }
    }

    /// Writes the arrays as entries of a zip archive: one stacked array if all `records` have one of the same shape, else one for each.
    func write(to zip: inout ZipWriter, _ output: ByteOutput, records: Int) throws(StreamError) {
        try file.finishWriting()
        if let (first, count) = alike, count == records {
            try Self.entry(&zip, output, name, first.dtype, [records] + first.shape) { body throws(StreamError) in
                try file.copy(from: 0, count: file.count, to: body)
            }
            return
        }
        spread()
        if items.count == records, let first = items.first, items.allSatisfy({ $0.shape == first.shape && $0.dtype == first.dtype }) {
            try Self.entry(&zip, output, name, first.dtype, [records] + first.shape) { body throws(StreamError) in
                for item in items { try copy(item, to: body) }
            }
            return
        }
        for item in items {
            try Self.entry(&zip, output, "\(name).\(item.record)", item.dtype, item.shape) { body throws(StreamError) in
                try copy(item, to: body)
            }
        }
    }

    private typealias Body = (UnsafeRawBufferPointer) throws(StreamError) -> Void

    private static func entry(
        _ zip: inout ZipWriter, _ output: ByteOutput, _ name: String, _ dtype: DType, _ shape: [Int],
        _ copy: (Body) throws(StreamError) -> Void
    ) throws(StreamError) {
        let header = npyHeader(descriptor: dtype.rawValue, shape: shape)
        var crc = CRC32()
        var size = UInt64(header.count)
        crc.update(header)
        // Once for the sum and the size, once for the archive; the second time the bytes come from the page cache.
        try copy { bytes in
            crc.update(bytes)
            size += UInt64(bytes.count)
        }
        try zip.begin(name + ".npy", size: size, crc: crc.value)
        try output.write(header)
        try copy { bytes throws(StreamError) in try output.write(bytes) }
    }

    /// The item's elements in C order, its parts woven together along their axis.
    private func copy(_ item: Item, to body: Body) throws(StreamError) {
        let bytes = Tensor.byteCount(dtype: item.dtype, shape: item.shape) ?? 0
        guard item.parts.count > 1, bytes > 0 else { return try file.copy(from: item.offset, count: bytes, to: body) }
        let outer = item.shape[..<item.axis].reduce(1, *)
        let inner = item.shape[(item.axis + 1)...].reduce(item.dtype.size, *)
        for row in 0..<outer {
            var start = item.offset
            for part in item.parts {
                try file.copy(from: start + row * part * inner, count: part * inner, to: body)
                start += outer * part * inner
            }
        }
    }
}
