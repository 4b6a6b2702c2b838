// SPDX-License-Identifier: GPL-3.0-or-later

/// Writes records as an Arrow IPC file (Arrow columnar format 1.5), which pyarrow, R's arrow, DuckDB and Polars read.
///
/// A row a record. The members of the meta that fit a cell are columns of text, numbers or booleans; a tensor is a list column of its name with
/// the elements in C order, beside a column `NAME.shape`, its axes in the field's metadata. What a record does not have is null. The columns are
/// known only when all records were seen, so they wait in a spool file.
public final class ArrowWriter {
    private let output: ByteOutput
    private let spool: FrameSpool
    private var columns: [ArrowColumn] = []
    private var index: [String: Int] = [:]

    public init(_ output: ByteOutput) throws(StreamError) {
        self.output = output
        spool = try FrameSpool()
    }

    /// Takes in a record.
    ///
    /// - Throws: `damaged` where a tensor changes its dtype, since a column has one.
    public func append(_ frame: Frame) throws(StreamError) {
        let record = try Record(frame)
        for (name, value) in record.meta.scalars {
            let kind: ArrowColumn.Kind? =
                switch value {
                case .bool: .bool
                case .number: .number
                case .string: .text
                default: nil
                }
            guard let kind else { continue }
            if let known = index["meta " + name] {
                // What is a number here and text there is text.
                if columns[known].kind != kind { columns[known].kind = .text }
            } else {
                index["meta " + name] = columns.count
                columns.append(ArrowColumn(source: .meta(name), kind: kind, name: name))
            }
        }
        for tensor in record.tensors {
            if let known = index["tensor " + tensor.name] {
                guard columns[known].kind == .list(tensor.dtype) else {
                    throw StreamError(.damaged, "the tensor '\(tensor.name)' changes its dtype, a column cannot", record: record.key)
                }
                continue
            }
            index["tensor " + tensor.name] = columns.count
            columns.append(
                ArrowColumn(
                    source: .tensor(tensor.name), kind: .list(tensor.dtype), name: tensor.name, axes: tensor.axes.joined(separator: ",")))
            columns.append(ArrowColumn(source: .shape(tensor.name), kind: .list(.int64), name: tensor.name + ".shape"))
        }
        try spool.append(frame)
    }

    /// Writes the file.
    public func finish() throws(StreamError) {
        // A tensor and a member of one name: the member gives way.
        let tensorNames = Set(columns.filter { if case .meta = $0.source { false } else { true } }.map(\.name))
        for place in columns.indices {
            if case .meta(let name) = columns[place].source, tensorNames.contains(name) { columns[place].name = "meta." + name }
        }
        let origin = output.count
        try output.write(Array("ARROW1\0\0".utf8))
        var builder = FlatBuffer()
        let schema = ArrowSchema.schema(&builder, columns)
        try write(message: ArrowSchema.message(&builder, headerType: 1, header: schema, bodyLength: 0))
        var blocks: [[Int64]] = []
        var batch: [Record] = []
        var bytes = 0
        try spool.rewind()
        while let frame = try spool.next() {
            batch.append(try Record(frame))
            bytes += frame.payload.count
            if batch.count == 1024 || bytes > 16 << 20 {
                blocks.append(try write(batch, origin: origin))
                batch = []
                bytes = 0
            }
        }
        if !batch.isEmpty { blocks.append(try write(batch, origin: origin)) }
        try output.write([0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0])
        let footer = ArrowSchema.footer(columns, blocks)
        try output.write(footer)
        try output.write(withUnsafeBytes(of: UInt32(footer.count).littleEndian) { [UInt8]($0) })
        try output.write("ARROW1")
        try output.flush()
    }

    /// An encapsulated message's metadata; returns its length with prefix and padding.
    @discardableResult
    private func write(message: [UInt8]) throws(StreamError) -> Int {
        let padded = (message.count + 7) & ~7
        try output.write([0xFF, 0xFF, 0xFF, 0xFF])
        try output.write(withUnsafeBytes(of: UInt32(padded).littleEndian) { [UInt8]($0) })
        try output.write(message + [UInt8](repeating: 0, count: padded - message.count))
        return padded + 8
    }

    /// A record batch; returns its block for the footer: offset, length of the metadata, length of the body.
    private func write(_ records: [Record], origin: UInt64) throws(StreamError) -> [Int64] {
        var nodes: [[Int64]] = []
        var buffers: [[UInt8]] = []
        for column in columns { try column.append(records, &nodes, &buffers) }
        var places: [[Int64]] = []
        var length = 0
        for buffer in buffers {
            places.append([Int64(length), Int64(buffer.count)])
            length += FrameHeader.padded(buffer.count)
        }
        var builder = FlatBuffer()
        let bufferVector = builder.vector(structs: places)
        let nodeVector = builder.vector(structs: nodes)
        let header = builder.table([.long(Int64(records.count)), .offset(nodeVector), .offset(bufferVector)])
        let offset = output.count - origin
        let metaLength = try write(message: ArrowSchema.message(&builder, headerType: 3, header: header, bodyLength: Int64(length)))
        for buffer in buffers {
            try output.write(buffer)
            try output.write([UInt8](repeating: 0, count: FrameHeader.padded(buffer.count) - buffer.count))
        }
        return [Int64(offset), Int64(metaLength), Int64(length)]
    }
}
