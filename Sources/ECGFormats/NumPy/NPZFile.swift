// SPDX-License-Identifier: GPL-3.0-or-later

/// An archive of NumPy arrays (`numpy.savez`, `numpy.savez_compressed`), held in memory.
public struct NPZFile: Sendable {
    /// An array of numbers, last index fastest.
    public struct Array: Sendable {
        public let shape: [Int]
        public let values: [Double]
    }

    private let archive: ZipArchive
    private let path: String

    /// The largest archive that is read.
    public static let limit = 1 << 32

    /// - Throws: `FormatError` if the file can't be opened or is no archive.
    public init(path: String) throws(FormatError) { try self.init(ByteFile.contents(of: path, limit: Self.limit), path: path) }

    /// The archive that these bytes of the file are.
    public init(_ bytes: [UInt8], path: String) throws(FormatError) {
        self.path = path
        archive = try ZipArchive(bytes, path: path)
    }

    /// The arrays' names, sorted.
    public var names: [String] { archive.names.filter { $0.hasSuffix(".npy") }.map { String($0.dropLast(4)) } }

    /// The array of a name; nil if the archive has none.
    /// - Throws: `FormatError` if it is damaged, in Fortran order, or holds no numbers.
    public func array(_ name: String) throws(FormatError) -> Array? {
        guard let file = try archive.contents(name + ".npy") else { return nil }
        let place = "\(path), array '\(name)'"
        guard file.count >= 12, file[..<6].elementsEqual([0x93] + "NUMPY".utf8), (1...3).contains(file[6]) else {
            throw .damaged(place, "is not a NumPy array")
        }
        let short = Int(file[8]) | Int(file[9]) << 8
        let start = file[6] == 1 ? 10 : 12
        let length = file[6] == 1 ? short : short | Int(file[10]) << 16 | Int(file[11]) << 24
        guard length <= file.count - start else { throw .damaged(place, "ends inside its header") }
        let header = try NPYHeader(Swift.Array(file[start..<start + length]), path: place)
        guard !header.isFortranOrder || header.shape.count < 2 else {
            throw .damaged(place, "is in Fortran order; save numpy.ascontiguousarray of it")
        }
        var count = 1
        for extent in header.shape {
            let (product, overflow) = count.multipliedReportingOverflow(by: extent)
            guard !overflow, product <= file.count else { throw .damaged(place, "the shape \(header.shape) is larger than the array") }
            count = product
        }
        let (size, overflow) = count.multipliedReportingOverflow(by: header.element.size)
        guard !overflow, size <= file.count - start - length else {
            throw .damaged(place, "the shape \(header.shape) is larger than the array")
        }
        var values: [Double] = []
        values.reserveCapacity(count)
        for i in 0..<count {
            guard let value = header.element.number(file, at: start + length + i * header.element.size) else {
                throw .damaged(place, "has text where numbers are needed")
            }
            values.append(value)
        }
        return Array(shape: header.shape, values: values)
    }
}
