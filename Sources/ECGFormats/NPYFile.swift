// SPDX-License-Identifier: GPL-3.0-or-later

/// A NumPy array file, versions 1 to 3, opened for reading in parts.
public final class NPYFile {
    public let shape: [Int]
    /// Whether the first index runs fastest (Fortran order) instead of the last.
    public let isFortranOrder: Bool
    public let element: NPYElement
    public var path: String { file.path }
    /// Elements in all.
    public let count: Int

    private let file: ByteFile
    private let dataStart: Int
    private var bytes: [UInt8] = []

    /// - Throws: `FormatError` if the file is no array file, of a type that holds no numbers or text, or shorter than its shape says.
    public init(path: String) throws(FormatError) {
        file = try ByteFile(path: path)
        var start: [UInt8] = []
        let got = try file.read(at: 0, count: 12, into: &start)
        guard got >= 10, Array(start[..<6]) == [0x93] + Array("NUMPY".utf8) else { throw .damaged(path, "is not a NumPy array file") }
        let version = start[6]
        guard (1...3).contains(version), version == 1 || got == 12 else {
            throw .damaged(path, "NumPy format version \(version) is unknown")
        }
        let short = Int(start[8]) | Int(start[9]) << 8
        let headerLength = version == 1 ? short : short | Int(start[10]) << 16 | Int(start[11]) << 24
        let headerStart = version == 1 ? 10 : 12
        guard headerLength <= 1 << 20 else { throw .damaged(path, "a header of \(headerLength) bytes") }
        var text: [UInt8] = []
        guard try file.read(at: headerStart, count: headerLength, into: &text) == headerLength else {
            throw .damaged(path, "ends inside its header")
        }
        let header = try NPYHeader(Array(text.prefix(headerLength)), path: path)
        shape = header.shape
        isFortranOrder = header.isFortranOrder && header.shape.count > 1
        element = header.element
        dataStart = headerStart + headerLength
        var total = 1
        for extent in header.shape {
            let (product, overflow) = total.multipliedReportingOverflow(by: extent)
            guard !overflow else { throw .damaged(path, "a shape of \(header.shape) is more than can be counted") }
            total = product
        }
        count = total
        let (size, overflow) = total.multipliedReportingOverflow(by: header.element.size)
        guard !overflow, size <= file.size - dataStart else {
            throw .damaged(
                path,
                "shape \(header.shape) needs \(overflow ? "more bytes than can be counted" : "\(size) bytes"), the file has \(file.size - dataStart)"
            )
        }
    }

    /// `count` elements that follow each other in the file, from element `start` on, as numbers.
    public func numbers(from start: Int, count: Int) throws(FormatError) -> [Double] {
        try load(start, count)
        return try (0..<count).map { index throws(FormatError) in
            guard let number = element.number(bytes, at: index * element.size) else {
                throw .damaged(path, "has text where numbers are needed")
            }
            return number
        }
    }

    /// The same as single-precision numbers.
    public func floats(from start: Int, count: Int) throws(FormatError) -> [Float] {
        if element.kind == .float, element.size == 4, !element.isBigEndian {
            try load(start, count)
            return (0..<count).map { index in
                let at = index * 4
                let low = UInt32(bytes[at]) | UInt32(bytes[at + 1]) << 8
                return Float(bitPattern: low | UInt32(bytes[at + 2]) << 16 | UInt32(bytes[at + 3]) << 24)
            }
        }
        return try numbers(from: start, count: count).map { Float($0) }
    }

    /// All elements as text: strings as they are, whole numbers without a fraction.
    public func texts() throws(FormatError) -> [String] {
        try load(0, count)
        return (0..<count).map { element.text(bytes, at: $0 * element.size) }
    }

    private func load(_ start: Int, _ count: Int) throws(FormatError) {
        let needed = count * element.size
        guard try file.read(at: dataStart + start * element.size, count: needed, into: &bytes) == needed else {
            throw .damaged(path, "became shorter while it was read")
        }
    }
}
