// SPDX-License-Identifier: GPL-3.0-or-later

/// Where the tensors of a record lie in its payload, as its meta says, checked against the payload.
struct TensorTable {
    struct Entry {
        var name: String
        var dtype: DType
        var shape: [Int]
        var axes: [String]
        var start: Int
        var byteCount: Int
        var extras: [Meta.Member]
    }

    /// What a fast check needs of an entry: which bytes it takes, and where in the text its name stands.
    private struct Extent {
        var start = 0
        var byteCount = 0
        var name: Range<Int> = 0..<0
        var nameIsEscaped = false
    }

    private var extents: [Extent] = []

    /// Checks the tensors that the text of a `tensors` member names: known dtypes, as many axes as lengths, starts at multiples of 64,
    /// inside the payload, nothing overlapping, nothing in the payload that belongs to no tensor, zeros between them.
    ///
    /// It makes nothing that stays, so a record that is only passed on costs no allocation.
    mutating func check(_ text: UnsafeRawBufferPointer, payload: UnsafeRawBufferPointer) throws(JSONError) {
        extents.removeAll(keepingCapacity: true)
        var scanner = JSONScanner(text)
        var found: [Extent] = []
        swap(&found, &extents)
        defer { swap(&found, &extents) }
        try scanner.eachElement { scanner throws(JSONError) in found.append(try Self.extent(&scanner)) }
        try Self.checkPlaces(&found, payload: payload, scanner)
        try Self.checkNames(found, scanner)
    }

    private static func checkPlaces(_ extents: inout [Extent], payload: UnsafeRawBufferPointer, _ scanner: JSONScanner) throws(JSONError) {
        for index in extents.indices.dropFirst() where extents[index].start < extents[index - 1].start {
            extents.sort { ($0.start, $0.byteCount) < ($1.start, $1.byteCount) }
            break
        }
        var end = 0
        for extent in extents {
            let (extentEnd, overflow) = extent.start.addingReportingOverflow(extent.byteCount)
            guard !overflow, extentEnd <= payload.count else { throw scanner.fail("a tensor leaves the payload") }
            if extent.byteCount == 0 { continue }
            guard extent.start >= end else { throw scanner.fail("two tensors overlap") }
            try checkGap(end..<extent.start, payload, scanner)
            end = extentEnd
        }
        try checkGap(end..<payload.count, payload, scanner)
    }

    private static func checkGap(_ gap: Range<Int>, _ payload: UnsafeRawBufferPointer, _ scanner: JSONScanner) throws(JSONError) {
        guard gap.count < 64 else { throw scanner.fail("\(gap.count) bytes of the payload belong to no tensor") }
        for index in gap where payload[index] != 0 { throw scanner.fail("the padding between tensors is not zero") }
    }

    private static func checkNames(_ extents: [Extent], _ scanner: JSONScanner) throws(JSONError) {
        if extents.count > 16 || extents.contains(where: \.nameIsEscaped) {
            var names = NameSet()
            for extent in extents {
                guard names.insert(scanner.unescaped(from: extent.name.lowerBound, to: extent.name.upperBound)) else {
                    throw scanner.fail("two tensors of one name")
                }
            }
            return
        }
        for index in extents.indices {
            for other in 0..<index where extents[index].name.count == extents[other].name.count {
                let same = (0..<extents[index].name.count).allSatisfy {
                    scanner.base[extents[index].name.lowerBound + $0] == scanner.base[extents[other].name.lowerBound + $0]
                }
                if same { throw scanner.fail("two tensors of one name") }
            }
        }
    }

    private static func extent(_ scanner: inout JSONScanner) throws(JSONError) -> Extent {
        var extent = Extent()
        var seen = 0
        var dtypeSize = 0
        var axes = 0
        var dimensions = 0
        var elements = 1
        try scanner.eachMember { scanner throws(JSONError) in
            let start = scanner.offset + 1
            _ = try scanner.string()
            let field = Field(scanner, start..<scanner.offset - 1)
            try scanner.expect(UInt8(ascii: ":"), "':'")
            scanner.skipSpace()
            guard let field else {
                try scanner.value(depth: 3)
                return
            }
            guard seen & field.bit == 0 else { throw scanner.fail("a tensor's entry has a member twice") }
            seen |= field.bit
            switch field {
            case .name:
                guard scanner.peek() == UInt8(ascii: "\"") else { throw scanner.fail("a tensor's name is not a string") }
                let start = scanner.offset + 1
                extent.nameIsEscaped = try scanner.string()
                extent.name = start..<scanner.offset - 1
            case .dtype:
                dtypeSize = try scanner.dtype().size
            case .shape:
                var empty = false
                try scanner.eachElement { scanner throws(JSONError) in
                    let length = try scanner.count()
                    dimensions += 1
                    if length == 0 {
                        empty = true
                        return
                    }
                    let (product, overflow) = elements.multipliedReportingOverflow(by: length)
                    guard !overflow else { throw scanner.fail("a tensor's shape is too large") }
                    elements = product
                }
                if empty { elements = 0 }
            case .axes:
                try scanner.eachElement { scanner throws(JSONError) in
                    guard scanner.peek() == UInt8(ascii: "\"") else { throw scanner.fail("the name of an axis is not a string") }
                    _ = try scanner.string()
                    axes += 1
                }
            case .at:
                extent.start = try scanner.count()
                guard extent.start & 63 == 0 else { throw scanner.fail("a tensor does not start at a multiple of 64") }
            }
        }
        guard seen == Field.all else { throw scanner.fail("a tensor without one of name, dtype, shape, axes, at") }
        guard axes == dimensions else { throw scanner.fail("a tensor with \(dimensions) lengths but \(axes) axes") }
        let (bytes, overflow) = elements.multipliedReportingOverflow(by: dtypeSize)
        guard !overflow else { throw scanner.fail("a tensor's shape is too large") }
        extent.byteCount = bytes
        return extent
    }

    /// The members of an entry that the reader knows.
    private enum Field: Int {
        case name, dtype, shape, axes, at

        static let all = 0b11111
        var bit: Int { 1 << rawValue }

        init?(_ scanner: JSONScanner, _ range: Range<Int>) {
            if scanner.holds("name", at: range) {
                self = .name
            } else if scanner.holds("dtype", at: range) {
                self = .dtype
            } else if scanner.holds("shape", at: range) {
                self = .shape
            } else if scanner.holds("axes", at: range) {
                self = .axes
            } else if scanner.holds("at", at: range) {
                self = .at
            } else {
                return nil
            }
        }
    }
}

extension JSONScanner {
    /// Whether these bytes of the text are this word.
    func holds(_ word: StaticString, at range: Range<Int>) -> Bool {
        guard range.count == word.utf8CodeUnitCount else { return false }
        for index in 0..<range.count where base[range.lowerBound + index] != word.utf8Start[index] { return false }
        return true
    }

    /// A dtype's name that starts here.
    mutating func dtype() throws(JSONError) -> DType {
        guard peek() == UInt8(ascii: "\"") else { throw fail("a tensor's dtype is not a string") }
        let start = offset + 1
        _ = try string()
        if offset - 1 - start == 3 {
            switch (base[start], base[start + 1], base[start + 2]) {
            case (UInt8(ascii: "<"), UInt8(ascii: "f"), UInt8(ascii: "4")): return .float32
            case (UInt8(ascii: "<"), UInt8(ascii: "f"), UInt8(ascii: "8")): return .float64
            case (UInt8(ascii: "<"), UInt8(ascii: "i"), UInt8(ascii: "2")): return .int16
            case (UInt8(ascii: "<"), UInt8(ascii: "i"), UInt8(ascii: "4")): return .int32
            case (UInt8(ascii: "<"), UInt8(ascii: "i"), UInt8(ascii: "8")): return .int64
            case (UInt8(ascii: "|"), UInt8(ascii: "u"), UInt8(ascii: "1")): return .uint8
            default: break
            }
        }
        throw fail("a tensor of the unknown dtype '\(text(from: start, to: offset - 1))'")
    }

    /// A count that starts here: digits alone, no sign, no fraction, no exponent.
    mutating func count() throws(JSONError) -> Int {
        let first = peek()
        guard first >= UInt8(ascii: "0"), first <= UInt8(ascii: "9") else { throw fail("a count expected") }
        let start = offset
        try number()
        var value = 0
        for index in start..<offset {
            let digit = base[index] &- UInt8(ascii: "0")
            guard digit <= 9 else { throw fail("a whole number expected") }
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(Int(digit))
            guard !overflow, !carry else { throw fail("a count that is too large") }
            value = sum
        }
        return value
    }
}
