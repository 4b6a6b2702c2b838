// SPDX-License-Identifier: GPL-3.0-or-later

/// Writes a record, NAME.hea and NAME.dat, part by part with flat memory.
///
/// Values are rounded to the nearest ADC unit; NaN becomes the format's invalid sample. Both files appear when `finish` has
/// written everything, the header last.
public final class WFDBWriter {
    /// A lead and how its values are stored.
    public struct Lead: Sendable {
        public var name: String
        public var units: String
        /// ADC units in a physical unit.
        public var gain: Double
        public var baseline: Int

        /// The gain of 1000 stores mV in steps of a microvolt, up to ±32 mV in format 16.
        public init(name: String, units: String = "mV", gain: Double = 1000, baseline: Int = 0) {
            self.name = name
            self.units = units
            self.gain = gain
            self.baseline = baseline
        }
    }

    /// The formats that can be written.
    public enum Format: Sendable {
        case signed16, packed12

        var signalFormat: SignalFormat { self == .signed16 ? .signed16 : .packed12 }
    }

    private let name: String
    private let path: String
    private let frequency: Double
    private let leads: [Lead]
    private let format: Format
    private let file: OutputFile
    private var sums: [Int]
    private var initial: [Int]
    private var length = 0
    /// The first of two samples that share three bytes in format 212.
    private var pending: Int?

    /// - Parameters:
    ///   - folder: where the files go; empty or ending in `/`.
    ///   - name: the record's name: letters, digits, `-` and `_`.
    public init(folder: String, name: String, frequency: Double, leads: [Lead], format: Format = .signed16) throws(FormatError) {
        guard WFDBWriter.isRecordName(name) else {
            throw FormatError(.request, at: name, "is not a record name: letters, digits, - and _ only")
        }
        guard frequency > 0, frequency.isFinite, leads.allSatisfy({ $0.gain > 0 && $0.gain.isFinite }) else {
            throw FormatError(.request, at: name, "the frequency and all gains must be positive")
        }
        self.name = name
        self.frequency = frequency
        self.leads = leads
        self.format = format
        path = WFDBPath.join(folder, name)
        file = try OutputFile(path: path + ".dat")
        sums = [Int](repeating: 0, count: leads.count)
        initial = sums
    }

    public static func isRecordName(_ name: String) -> Bool {
        !name.isEmpty
            && name.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == 0x2D || byte == 0x5F
            }
    }

    /// Appends `values`, [lead, time] with the leads in the writer's order.
    /// - Throws: `.request` for a value that the format can't hold with the lead's gain.
    public func append(_ values: [Float]) throws(FormatError) {
        guard !leads.isEmpty else { return }
        let count = values.count / leads.count
        let signalFormat = format.signalFormat
        let highest = (1 << (signalFormat.bits - 1)) - 1
        var bytes: [UInt8] = []
        bytes.reserveCapacity(values.count * 2)
        for frame in 0..<count {
            for (index, lead) in leads.enumerated() {
                let value = values[index * count + frame]
                var sample = Int(signalFormat.invalidSample ?? 0)
                if !value.isNaN {
                    let scaled = (Double(value) * lead.gain + Double(lead.baseline)).rounded(.toNearestOrAwayFromZero)
                    guard scaled >= Double(-highest), scaled <= Double(highest) else {
                        throw FormatError(
                            .request, at: "\(path).dat",
                            "\(value) \(lead.units) in lead \(lead.name), sample \(length + frame), is out of the range of format \(signalFormat.rawValue) at \(AnnotationList.text(lead.gain)) a \(lead.units)"
                        )
                    }
                    sample = Int(scaled)
                }
                if length + frame == 0 { initial[index] = sample }
                sums[index] &+= sample
                store(sample, in: &bytes)
            }
        }
        length += count
        try file.write(bytes)
    }

    private func store(_ sample: Int, in bytes: inout [UInt8]) {
        guard format == .packed12 else {
            bytes.append(UInt8(truncatingIfNeeded: sample))
            bytes.append(UInt8(truncatingIfNeeded: sample >> 8))
            return
        }
        guard let first = pending else {
            pending = sample
            return
        }
        pending = nil
        bytes.append(UInt8(truncatingIfNeeded: first))
        bytes.append(UInt8(truncatingIfNeeded: first >> 8 & 0x0F | sample >> 4 & 0xF0))
        bytes.append(UInt8(truncatingIfNeeded: sample))
    }

    /// Writes what is left and the header.
    public func finish(comments: [String] = []) throws(FormatError) {
        if let first = pending {
            // A last sample alone takes two bytes.
            try file.write([UInt8(truncatingIfNeeded: first), UInt8(truncatingIfNeeded: first >> 8 & 0x0F)])
            pending = nil
        }
        try file.commit()
        let header = try OutputFile(path: path + ".hea")
        try header.write(Array(headerText(comments: comments).utf8))
        try header.commit()
    }

    private func headerText(comments: [String]) -> String {
        let signalFormat = format.signalFormat
        var text = "\(name) \(leads.count) \(AnnotationList.text(frequency)) \(length)\n"
        for (index, lead) in leads.enumerated() {
            let sum = sums[index] & 0xFFFF
            // Blanks would end the field, line ends the line.
            let units = String(lead.units.map { $0.isWhitespace ? "_" : $0 })
            let description = String(lead.name.map { $0.isNewline ? " " : $0 })
            text +=
                "\(name).dat \(signalFormat.rawValue) \(AnnotationList.text(lead.gain))(\(lead.baseline))/\(units.isEmpty ? "NU" : units) "
            text += "\(signalFormat.bits) 0 \(initial[index]) \(sum > 32767 ? sum - 65536 : sum) 0 \(description)\n"
        }
        for comment in comments { text += "# \(String(comment.map { $0.isNewline ? " " : $0 }))\n" }
        return text
    }
}
