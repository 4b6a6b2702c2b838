// SPDX-License-Identifier: GPL-3.0-or-later

/// A column of an Arrow file and how a record fills it.
struct ArrowColumn {
    enum Source {
        case meta(String)
        case tensor(String)
        case shape(String)
    }

    enum Kind: Equatable {
        case text
        case number
        case bool
        case list(DType)
    }

    let source: Source
    var kind: Kind
    var name: String
    var axes: String?

    /// Appends this column's nodes (length, nulls) and buffers for a batch, in the order the format wants.
    func append(_ records: [Record], _ nodes: inout [[Int64]], _ buffers: inout [[UInt8]]) throws(StreamError) {
        switch kind {
        case .bool, .number, .text: appendCells(records.map(cell), &nodes, &buffers)
        case .list(let dtype): try appendLists(records, dtype, &nodes, &buffers)
        }
    }

    private func cell(_ record: Record) -> JSON? {
        guard case .meta(let name) = source else { return nil }
        return record.meta.scalars.first { $0.name == name }.flatMap { $0.value.isNull ? nil : $0.value }
    }

    private static func bits(_ values: [Bool]) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: (values.count + 7) / 8)
        for (index, value) in values.enumerated() where value { bytes[index / 8] |= 1 << UInt8(index % 8) }
        return bytes
    }

    private static func little<Value>(_ values: [Value]) -> [UInt8] { values.withUnsafeBytes { Array($0) } }

    private func appendCells(_ cells: [JSON?], _ nodes: inout [[Int64]], _ buffers: inout [[UInt8]]) {
        nodes.append([Int64(cells.count), Int64(cells.count { $0 == nil })])
        buffers.append(Self.bits(cells.map { $0 != nil }))
        switch kind {
        case .bool: buffers.append(Self.bits(cells.map { $0?.bool ?? false }))
        case .number: buffers.append(Self.little(cells.map { $0?.double ?? .nan }))
        default:
            var ends: [Int32] = [0]
            var text: [UInt8] = []
            for cell in cells {
                if let cell { text += Array((cell.string ?? cell.text).utf8) }
                ends.append(Int32(text.count))
            }
            buffers.append(Self.little(ends))
            buffers.append(text)
        }
    }

    private func appendLists(_ records: [Record], _ dtype: DType, _ nodes: inout [[Int64]], _ buffers: inout [[UInt8]]) throws(StreamError)
    {
        var ends: [Int32] = [0]
        var isThere: [Bool] = []
        var values: [UInt8] = []
        for record in records {
            switch source {
            case .tensor(let name):
                isThere.append(record[name] != nil)
                if let tensor = record[name] { values += tensor.payload.elements(UInt8.self) }
            case .shape(let name):
                isThere.append(record[name] != nil)
                if let tensor = record[name] { values += Self.little(tensor.shape.map { Int64($0) }) }
            case .meta: isThere.append(false)
            }
            guard values.count / dtype.size <= Int(Int32.max) else {
                throw StreamError(.tooLarge, "'\(name)' has more elements than an Arrow list can hold", record: record.key)
            }
            ends.append(Int32(values.count / dtype.size))
        }
        nodes.append([Int64(records.count), Int64(isThere.count { !$0 })])
        buffers.append(Self.bits(isThere))
        buffers.append(Self.little(ends))
        // The list's child: its elements, none of them null.
        nodes.append([Int64(values.count / dtype.size), 0])
        buffers.append([])
        buffers.append(values)
    }
}

/// Arrow's metadata (format/Schema.fbs, Message.fbs, File.fbs of Arrow 1.5): tables by the number of their fields.
enum ArrowSchema {
    private static let version: Int16 = 4  // V5

    static func schema(_ builder: inout FlatBuffer, _ columns: [ArrowColumn]) -> FlatBuffer.Offset {
        var fields: [FlatBuffer.Offset] = []
        for column in columns { fields.append(field(&builder, column)) }
        let vector = builder.vector(fields)
        return builder.table([.short(0), .offset(vector)])
    }

    private static func field(_ builder: inout FlatBuffer, _ column: ArrowColumn) -> FlatBuffer.Offset {
        var metadata: FlatBuffer.Field?
        if let axes = column.axes {
            let key = builder.string("axes")
            let value = builder.string(axes)
            let pair = builder.table([.offset(key), .offset(value)])
            metadata = .offset(builder.vector([pair]))
        }
        var children: [FlatBuffer.Offset] = []
        let type: (number: UInt8, table: FlatBuffer.Offset)
        switch column.kind {
        case .text: type = (5, builder.table([]))
        case .bool: type = (6, builder.table([]))
        case .number: type = (3, builder.table([.short(2)]))
        case .list(let dtype):
            let item = element(&builder, dtype)
            let name = builder.string("item")
            let none = builder.vector([])
            children.append(builder.table([.offset(name), .bool(true), .byte(item.number), .offset(item.table), nil, .offset(none)]))
            type = (12, builder.table([]))
        }
        let name = builder.string(column.name)
        let childVector = builder.vector(children)
        return builder.table([.offset(name), .bool(true), .byte(type.number), .offset(type.table), nil, .offset(childVector), metadata])
    }

    private static func element(_ builder: inout FlatBuffer, _ dtype: DType) -> (number: UInt8, table: FlatBuffer.Offset) {
        switch dtype {
        case .float32: (3, builder.table([.short(1)]))
        case .float64: (3, builder.table([.short(2)]))
        case .int16, .int32, .int64: (2, builder.table([.int(Int32(8 * dtype.size)), .bool(true)]))
        case .uint8: (2, builder.table([.int(8), .bool(false)]))
        }
    }

    static func message(_ builder: inout FlatBuffer, headerType: UInt8, header: FlatBuffer.Offset, bodyLength: Int64) -> [UInt8] {
        let root = builder.table([.short(version), .byte(headerType), .offset(header), .long(bodyLength)])
        return builder.finish(root)
    }

    /// - Parameter blocks: offset, length of the metadata and length of the body of each batch; the middle one is 32 bits wide and padded.
    static func footer(_ columns: [ArrowColumn], _ blocks: [[Int64]]) -> [UInt8] {
        var builder = FlatBuffer()
        let schema = schema(&builder, columns)
        let batches = builder.vector(structs: blocks)
        let dictionaries = builder.vector(structs: [])
        let root = builder.table([.short(version), .offset(schema), .offset(dictionaries), .offset(batches)])
        return builder.finish(root)
    }
}
