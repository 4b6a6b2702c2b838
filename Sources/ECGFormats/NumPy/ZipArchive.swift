// SPDX-License-Identifier: GPL-3.0-or-later
import ECGDeflate

/// The members of a ZIP file, as NumPy's savez and savez_compressed write them: stored or deflated, one disk, ZIP64 included.
public struct ZipArchive: Sendable {
    private struct Member: Sendable {
        let method: Int
        let data: Range<Int>
        let size: Int
        let checksum: UInt32
    }

    private let path: String
    private let bytes: [UInt8]
    private var members: [String: Member] = [:]

    /// The members' names, sorted.
    public var names: [String] { members.keys.sorted() }

    /// - Parameters:
    ///   - bytes: the whole file.
    ///   - path: its name, for messages.
    /// - Throws: `FormatError` if the directory is damaged or points outside the file.
    public init(_ bytes: [UInt8], path: String) throws(FormatError) {
        self.bytes = bytes
        self.path = path
        // the directory's end stands in the last 22 bytes, before a comment of at most 65,535
        let from = max(bytes.count - 22 - 65_535, 0)
        guard bytes.count >= 22,
            let end = stride(from: bytes.count - 22, through: from, by: -1).first(where: { number($0, 4) == 0x0605_4b50 })
        else { throw damaged("is no ZIP archive") }
        var count = number(end + 10, 2)
        var at = number(end + 16, 4)
        if count == 0xffff || at == 0xffff_ffff, end >= 20, number(end - 20, 4) == 0x0706_4b50 {
            let wide = number(end - 12, 8)
            guard wide >= 0, wide <= bytes.count - 56, number(wide, 4) == 0x0606_4b50 else {
                throw damaged("its ZIP64 directory is damaged")
            }
            count = number(wide + 32, 8)
            at = number(wide + 48, 8)
        }
        for _ in 0..<max(count, 0) {
            guard at >= 0, at <= bytes.count - 46, number(at, 4) == 0x0201_4b50 else { throw damaged("its directory is damaged") }
            let (nameLength, extraLength, commentLength) = (number(at + 28, 2), number(at + 30, 2), number(at + 32, 2))
            guard at + 46 + nameLength + extraLength + commentLength <= bytes.count else { throw damaged("its directory is cut short") }
            let name = String(decoding: bytes[at + 46..<at + 46 + nameLength], as: UTF8.self)
            var (packed, size, header) = (number(at + 20, 4), number(at + 24, 4), number(at + 42, 4))
            var extra = at + 46 + nameLength
            let extraEnd = extra + extraLength
            while extra + 4 <= extraEnd {
                let length = number(extra + 2, 2)
                if number(extra, 2) == 1 {
                    var field = extra + 4
                    func wide(_ value: Int) -> Int {
                        guard value == 0xffff_ffff, field + 8 <= extraEnd else { return value }
                        defer { field += 8 }
                        return number(field, 8)
                    }
                    size = wide(size)
                    packed = wide(packed)
                    header = wide(header)
                }
                extra += 4 + length
            }
            guard header >= 0, header <= bytes.count - 30, number(header, 4) == 0x0403_4b50 else {
                throw damaged("'\(name)' is not where the directory says")
            }
            let start = header + 30 + number(header + 26, 2) + number(header + 28, 2)
            guard packed >= 0, size >= 0, start <= bytes.count, packed <= bytes.count - start else {
                throw damaged("'\(name)' is cut short")
            }
            members[name] = Member(
                method: number(at + 10, 2), data: start..<start + packed, size: size,
                checksum: UInt32(truncatingIfNeeded: number(at + 16, 4)))
            at += 46 + nameLength + extraLength + commentLength
        }
    }

    /// The bytes of a member, decompressed; nil if there is none of that name.
    ///
    /// - Throws: `FormatError` if they can't be decompressed, or don't agree with the archive's checksum.
    public func contents(_ name: String) throws(FormatError) -> [UInt8]? {
        guard let member = members[name] else { return nil }
        let whole: [UInt8]
        switch member.method {
        case 0:
            guard member.size == member.data.count else { throw damaged("'\(name)' has two sizes") }
            whole = Array(bytes[member.data])
        case 8:
            guard let unpacked = Inflate.bytes(bytes[member.data], size: member.size) else {
                throw damaged("'\(name)' cannot be decompressed")
            }
            whole = unpacked
        default: throw damaged("'\(name)' is compressed by method \(member.method), which is not known here")
        }
        guard CRC32.of(whole) == member.checksum else { throw damaged("'\(name)' doesn't agree with its checksum") }
        return whole
    }

    private func number(_ at: Int, _ count: Int) -> Int {
        guard at >= 0, at <= bytes.count - count else { return -1 }
        return Int(truncatingIfNeeded: (0..<count).reduce(UInt64(0)) { $0 | UInt64(bytes[at + $1]) << UInt64(8 * $1) })
    }

    private func damaged(_ cause: String) -> FormatError { .damaged(path, cause) }
}
