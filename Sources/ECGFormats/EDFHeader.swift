// SPDX-License-Identifier: GPL-3.0-or-later

/// The header of an EDF, EDF+ or BDF file, brought to the form of a WFDB header.
///
/// A data record of the file is a frame of several samples a signal, of 16 (BDF: 24) bits; scaling follows from the physical and digital extremes.
/// The texts and times of EDF+ and BDF+ are signals to the file; records that aren't contiguous are refused.
enum EDFHeader {
    static func read(path: String) throws(FormatError) -> WFDBHeader {
        let file = try ByteFile(path: path)
        var bytes: [UInt8] = []
        guard try file.read(at: 0, count: 256, into: &bytes) == 256 else { throw .damaged(path, "is shorter than an EDF header") }
        var fields = Fields(bytes: bytes, path: path)
        let isBDF = bytes[0] == 0xFF && bytes[1..<8].elementsEqual("BIOSEMI".utf8)
        guard isBDF || bytes[..<8].elementsEqual("0       ".utf8) else { throw .damaged(path, "is not EDF or BDF") }
        fields.skip(168)
        let date = fields.text(8)
        let time = fields.text(8)
        let headerSize = try fields.integer(8, "a header size")
        let kind = fields.text(44)
        guard kind != "EDF+D" && kind != "BDF+D" else {
            throw .damaged(path, "is \(kind): recordings with gaps between their data records are not supported")
        }
        let records = try fields.integer(8, "a number of data records")
        let duration = try fields.number(8, "a record duration")
        let count = try fields.integer(4, "a number of signals")
        guard count >= 1, count <= 4096, headerSize == (count + 1) * 256 else {
            throw .damaged(path, "\(count) signals don't fit a header of \(headerSize) bytes")
        }
        var all: [UInt8] = []
        guard try file.read(at: 256, count: count * 256, into: &all) == count * 256 else { throw .damaged(path, "ends inside its header") }
        var header = WFDBHeader()
        header.name = WFDBPath.base(path)
        header.frequency = 1 / (duration > 0 ? duration : 1)
        header.length = records > 0 ? records : nil
        header.baseTime = time.replacing(".", with: ":")
        header.baseDate = EDFHeader.date(date)
        header.signalCount = count
        header.signals = try signals(Fields(bytes: all, path: path), count: count, format: isBDF ? .signed24 : .signed16, start: headerSize)
        return header
    }

    /// Day, month and a year of two digits, which 85 and later put into the last century.
    private static func date(_ text: String) -> String? {
        let parts = text.split(separator: ".").compactMap { Int($0) }
        guard parts.count == 3 else { return nil }
        return "\(parts[0])/\(parts[1])/\(parts[2] < 85 ? parts[2] + 2000 : parts[2] + 1900)"
    }

    private static func signals(_ fields: Fields, count: Int, format: SignalFormat, start: Int) throws(FormatError) -> [WFDBHeader.Signal] {
        var fields = fields
        var signals = [WFDBHeader.Signal](repeating: WFDBHeader.Signal(), count: count)
        for index in 0..<count {
            signals[index].name = fields.text(16)
            signals[index].isAnnotations = ["EDF Annotations", "BDF Annotations"].contains(signals[index].name)
        }
        fields.skip(80 * count)
        for index in 0..<count { signals[index].units = fields.text(8) }
        var extremes: [[Double]] = []
        for meaning in ["a physical minimum", "a physical maximum", "a digital minimum", "a digital maximum"] {
            var values: [Double] = []
            for _ in 0..<count { values.append(try fields.number(8, meaning)) }
            extremes.append(values)
        }
        fields.skip(80 * count)
        for index in 0..<count {
            let samples = try fields.integer(8, "a number of samples")
            guard samples >= 1 else { throw .damaged(fields.path, "signal \(index) has no samples in a data record") }
            signals[index].samplesPerFrame = samples
            signals[index].fileName = WFDBPath.base(fields.path)
            signals[index].format = format
            signals[index].byteOffset = start
            let (low, high) = (extremes[2][index], extremes[3][index])
            let span = extremes[1][index] - extremes[0][index]
            if span != 0, high != low, abs(high) < 1e12, abs(low) < 1e12 {
                signals[index].gain = (high - low) / span
                let baseline = high - extremes[1][index] * signals[index].gain
                guard abs(baseline) < 1e15 else { continue }
                signals[index].baseline = Int(baseline.rounded(.toNearestOrAwayFromZero))
                signals[index].baselineFraction = baseline - Double(signals[index].baseline)
            }
        }
        return signals
    }

    /// Fields of fixed width.
    private struct Fields {
        let bytes: [UInt8]
        let path: String
        private var at = 0

        init(bytes: [UInt8], path: String) {
            self.bytes = bytes
            self.path = path
        }

        mutating func skip(_ width: Int) { at += width }

        mutating func field(_ width: Int) -> ArraySlice<UInt8> {
            defer { at += width }
            return ByteText.trimmed(bytes[at..<(at + width)].prefix { $0 != 0 })
        }

        mutating func text(_ width: Int) -> String { ByteText.string(field(width)) }

        mutating func integer(_ width: Int, _ meaning: String) throws(FormatError) -> Int {
            let field = field(width)
            guard let value = ByteText.integer(field) else { throw .damaged(path, "\(WFDBHeader.quoted(field)) is not \(meaning)") }
            return value
        }

        mutating func number(_ width: Int, _ meaning: String) throws(FormatError) -> Double {
            let field = field(width)
            guard let value = ByteText.number(field) else { throw .damaged(path, "\(WFDBHeader.quoted(field)) is not \(meaning)") }
            return value
        }
    }
}
