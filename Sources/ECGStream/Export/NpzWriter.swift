// SPDX-License-Identifier: GPL-3.0-or-later
import ECGDeflate

/// Writes records as a .npz archive, which `numpy.load` reads.
///
/// Every tensor name gives one array [record, …] where all records have it with one shape, and `NAME.0`, `NAME.1`, … by number of the record
/// where they don't. Parts of a recording are joined along time. `key`, `label` and `predicted` are arrays of strings, the last two only where
/// a record has them. Memory does not grow with the tensors: they wait in spool files.
public final class NpzWriter {
    private let output: ByteOutput
    private var arrays: [ArraySpool] = []
    private var strings: [StringSpool]
    private var joiner = PartJoiner()
    private var records = 0

    public init(_ output: ByteOutput) throws(StreamError) {
        self.output = output
        strings = []
        for name in ["key", "label", "predicted"] { strings.append(try StringSpool(name)) }
    }

    /// Takes in a record.
    ///
    /// - Throws: `damaged` where parts do not fit together, `inputOutput` where there is no room for the spool files.
    public func append(_ record: Record) throws(StreamError) {
        if try joiner.isContinuation(record) {
            for tensor in record.tensors {
                guard let array = arrays.first(where: { $0.name == tensor.name }) else {
                    throw StreamError(.damaged, "the tensor '\(tensor.name)' is in some parts of the recording only", record: record.key)
                }
                try array.join(tensor, record: records - 1, key: record.key)
            }
            return
        }
        for tensor in record.tensors {
            if let array = arrays.first(where: { $0.name == tensor.name }) {
                try array.append(tensor, record: records)
            } else {
                if strings.contains(where: { $0.name == tensor.name }) {
                    throw StreamError(
                        .misuse, "a tensor of the name '\(tensor.name)' has no place beside the strings of that name", record: record.key)
                }
                let array = try ArraySpool(tensor.name)
                arrays.append(array)
                try array.append(tensor, record: records)
            }
        }
        for string in strings { try string.append(record.meta[string.name]) }
        records += 1
    }

    /// Writes the archive.
    public func finish() throws(StreamError) {
        try joiner.finish()
        var zip = ZipWriter(output)
        for array in arrays { try array.write(to: &zip, output, records: records) }
        for string in strings where string.name == "key" || string.isPresent { try string.write(to: &zip, output, records: records) }
        try zip.finish()
        try output.flush()
    }
}

/// A string for each record, on the way into an array of NumPy's fixed-width UTF-32.
private final class StringSpool {
    let name: String
    private(set) var isPresent = false
    private let file: SpoolFile
    /// Characters of the longest string.
    private var width = 1

    init(_ name: String) throws(StreamError) {
        self.name = name
        file = try SpoolFile()
    }

    /// The value's text; nothing for a member that is missing or null.
    func append(_ value: JSON?) throws(StreamError) {
        var text = ""
        if let value, !value.isNull {
            isPresent = true
            text = value.string ?? value.text
        }
        let utf8 = Array(text.utf8)
        width = max(width, text.unicodeScalars.count)
        try file.append(withUnsafeBytes(of: UInt32(utf8.count).littleEndian) { Array($0) } + utf8)
    }

    func write(to zip: inout ZipWriter, _ output: ByteOutput, records: Int) throws(StreamError) {
        try file.finishWriting()
        let header = npyHeader(descriptor: "<U\(width)", shape: [records])
        var crc = CRC32()
        crc.update(header)
        try eachPadded(records) { crc.update($0) }
        let size = UInt64(header.count) + UInt64(records) * UInt64(width) * 4
        try zip.begin(name + ".npy", size: size, crc: crc.value)
        try output.write(header)
        try eachPadded(records) { bytes throws(StreamError) in try output.write(bytes) }
    }

    private func eachPadded(_ records: Int, _ body: ([UInt8]) throws(StreamError) -> Void) throws(StreamError) {
        let input = try file.input()
        for _ in 0..<records {
            guard try input.need(4) else { throw StreamError(.inputOutput, "a spool file is short") }
            let length = Int(UInt32(littleEndian: input.pointer.loadUnaligned(as: UInt32.self)))
            input.skip(4)
            guard try input.need(length) else { throw StreamError(.inputOutput, "a spool file is short") }
            var padded: [UInt8] = []
            padded.reserveCapacity(width * 4)
            for scalar in input.take(length).text.unicodeScalars { withUnsafeBytes(of: scalar.value.littleEndian) { padded += $0 } }
            padded += [UInt8](repeating: 0, count: width * 4 - padded.count)
            try body(padded)
        }
    }
}
