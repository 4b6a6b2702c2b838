// SPDX-License-Identifier: GPL-3.0-or-later
import Glibc

/// A float array of a .npy file (version 1, little-endian), for the oracles.
package struct Npy {
    package let shape: [Int]
    package private(set) var values: [Double]

    package var floats: [Float] { values.map { Float($0) } }

    /// nil if there is no such file, or one of another kind.
    package init?(_ path: String) {
        guard let bytes = Self.bytes(path), bytes.count > 10, bytes[0] == 0x93 else { return nil }
        let length = Int(bytes[8]) | Int(bytes[9]) << 8
        let header = String(decoding: bytes[10..<10 + length], as: UTF8.self)
        guard let open = header.firstIndex(of: "("), let close = header.firstIndex(of: ")") else { return nil }
        shape = header[header.index(after: open)..<close].split(separator: ",").compactMap { Int($0.filter { $0 != " " }) }
        let data = Array(bytes[(10 + length)...])
        func little<T: FixedWidthInteger>(_ at: Int, _: T.Type) -> T {
            (0..<T.bitWidth / 8).reduce(0) { $0 | T(truncatingIfNeeded: data[at + $1]) << (8 * T($1)) }
        }
        if header.contains("<f4") {
            values = stride(from: 0, to: data.count, by: 4).map { Double(Float(bitPattern: little($0, UInt32.self))) }
        } else if header.contains("<f8") {
            values = stride(from: 0, to: data.count, by: 8).map { Double(bitPattern: little($0, UInt64.self)) }
        } else if header.contains("<i8") {
            values = stride(from: 0, to: data.count, by: 8).map { Double(little($0, Int64.self)) }
        } else {
            return nil
        }
        if header.contains("'fortran_order': True") { values = Self.rowMajor(values, shape) }
    }

    /// Elements that lie first axis fastest, in row-major order.
    private static func rowMajor(_ values: [Double], _ shape: [Int]) -> [Double] {
        var result = values
        for (index, value) in values.enumerated() {
            var rest = index
            var place = 0
            var stride = values.count
            for extent in shape {
                stride /= extent
                place += rest % extent * stride
                rest /= extent
            }
            result[place] = value
        }
        return result
    }

    package static func bytes(_ path: String) -> [UInt8]? {
        guard let file = fopen(path, "rb") else { return nil }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let got = fread(&buffer, 1, buffer.count, file)
            if got == 0 { break }
            bytes += buffer[..<got]
        }
        return bytes
    }
}

/// The folder of models and oracles beside the repository; nil where it is absent.
package let sharedFolder: String? = {
    let here = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    for folder in ["/\(here)/../shared", "../shared"] where access(folder + "/models", R_OK) == 0 { return folder }
    return nil
}()

/// The largest difference as a share of the reference's range.
package func shareOfRange(_ found: [Float], _ reference: [Double]) -> Double {
    guard let low = reference.min(), let high = reference.max(), found.count == reference.count else { return .infinity }
    let range = max(high - low, high == low ? max(abs(high), 1e-12) : 0)
    return zip(found, reference).map { abs(Double($0) - $1) }.reduce(0) { $1.isNaN ? .infinity : max($0, $1) } / range
}
