// SPDX-License-Identifier: GPL-3.0-or-later
import ECGFormats
import ECGStream
import ECGTool
import Glibc

/// Writes recordings, or beats as short recordings of their own, as WFDB records into a folder: NAME.hea, NAME.dat and, with annotations,
/// NAME.atr.
struct WFDBExport {
    let folder: String

    /// A recording whose parts are coming.
    private struct Open {
        let key: String
        let writer: WFDBWriter
        let name: String
        /// First sample of the first part: positions in the files count from there.
        let start: Int
        let leads: Int
        var annotations: [Annotation] = []
    }

    func run(_ stage: Stage) throws {
        if mkdir(folder, 0o777) != 0, errno != EEXIST {
            throw ToolError(.noInput, "cannot make the folder: \(systemMessage(errno))", place: folder)
        }
        var open: Open?
        var names: Set<String> = []
        while let record = try stage.next() {
            do {
                if let current = open, current.key != record.key {
                    throw ToolError(.data, "the parts of \(current.key) stop before the last one", record: record.key)
                }
                var current = try open ?? begin(record, &names)
                guard let signal = record["signal"], signal.shape.count == 2, signal.shape[0] == current.leads else {
                    throw ToolError(.data, "no tensor 'signal' [lead,time] with \(current.leads) leads", record: record.key)
                }
                try current.writer.append(signal.floats())
                current.annotations += try annotations(of: record, from: current.start)
                open = record.more ? current : nil
                if !record.more { try finish(current) }
            } catch let error as FormatError {
                throw ToolError(error.kind == .inputOutput ? .inputOutput : .data, error.message, place: error.place, record: record.key)
            }
        }
        if let open { throw ToolError(.data, "the parts stop before the last one", record: open.key) }
    }

    private func begin(_ record: Record, _ names: inout Set<String>) throws -> Open {
        // A record's name in WFDB knows letters, digits, - and _ alone.
        let allowed = record.key.unicodeScalars.map { scalar -> Character in
            scalar.isASCII && (scalar.properties.isAlphabetic || (0x30...0x39).contains(scalar.value) || scalar == "-")
                ? Character(scalar) : "_"
        }
        let name = allowed.isEmpty ? "_" : String(allowed)
        guard names.insert(name).inserted else { throw ToolError(.data, "two records would be written as \(name)", record: record.key) }
        guard let signal = record["signal"], signal.shape.count == 2 else {
            throw ToolError(.data, "no tensor 'signal' [lead,time]", record: record.key)
        }
        guard let fs = record.fs, fs > 0 else { throw ToolError(.data, "no sampling frequency 'fs'", record: record.key) }
        let count = signal.shape[0]
        let length = signal.shape[1]
        let leads = record.leads ?? []
        let units = record.units ?? []
        let values = signal.floats()
        let described = (0..<count).map { lead -> WFDBWriter.Lead in
            let largest = values[lead * length..<(lead + 1) * length].reduce(Float(0)) { $1.isFinite ? max($0, abs($1)) : $0 }
            // A microvolt a step holds ±32 mV; what is larger gets coarser steps, by tens.
            var gain = 1000.0
            while Double(largest) * gain > 32000, gain > 1e-9 { gain /= 10 }
            return WFDBWriter.Lead(
                name: lead < leads.count ? leads[lead] : "lead \(lead + 1)", units: lead < units.count ? units[lead] : "NU", gain: gain)
        }
        let writer = try WFDBWriter(folder: folder + "/", name: name, frequency: fs, leads: described)
        return Open(key: record.key, writer: writer, name: name, start: record.start, leads: count)
    }

    /// The annotations of a recording's part; of a beat its label at the R peak.
    private func annotations(of record: Record, from start: Int) throws -> [Annotation] {
        if let samples = record["ann.sample"]?.ints() {
            func column(_ name: String) throws -> [Int]? {
                guard let values = record[name]?.ints() else { return nil }
                guard values.count == samples.count else {
                    throw ToolError(.data, "'\(name)' and 'ann.sample' differ in length", record: record.key)
                }
                return values
            }
            let symbols = try column("ann.symbol")
            let subtypes = try column("ann.sub")
            let channels = try column("ann.chan")
            let numbers = try column("ann.num")
            let texts = texts(of: record, samples, symbols)
            return samples.indices.map { index in
                let symbol = UInt8(truncatingIfNeeded: symbols?[index] ?? 0x4E)
                // Subtype and number are signed in WFDB and travel as bytes.
                return Annotation(
                    sample: samples[index] - start, code: AnnotationCode(symbol: symbol) ?? AnnotationCode(0),
                    subtype: Int8(truncatingIfNeeded: subtypes?[index] ?? 0), channel: UInt8(truncatingIfNeeded: channels?[index] ?? 0),
                    number: Int8(truncatingIfNeeded: numbers?[index] ?? 0), aux: texts[index])
            }
        }
        guard let r = record.r, let label = record.label?.utf8, label.count == 1, let symbol = label.first,
            let code = AnnotationCode(symbol: symbol)
        else { return [] }
        return [Annotation(sample: max(0, r), code: code)]
    }

    /// The text that belongs to each annotation, as ecg-read keeps them: `aux` [{sample, text}] in the meta.
    private func texts(of record: Record, _ samples: [Int], _ symbols: [Int]?) -> [Int: String] {
        var texts: [Int: String] = [:]
        for entry in record.meta["aux"]?.array ?? [] {
            guard let sample = entry["sample"]?.int, let text = entry["text"]?.string else { continue }
            let here = samples.indices.filter { samples[$0] == sample && texts[$0] == nil }
            // Where several annotations share a sample, rhythm changes and notes are those that carry text.
            let carriers = here.filter { symbols?[$0] == 0x2B || symbols?[$0] == 0x22 }
            if let index = carriers.first ?? here.first { texts[index] = text }
        }
        return texts
    }

    private func finish(_ open: Open) throws {
        try open.writer.finish()
        guard !open.annotations.isEmpty else { return }
        let ordered = open.annotations.enumerated().sorted { ($0.element.sample, $0.offset) < ($1.element.sample, $1.offset) }.map(
            \.element)
        guard ordered[0].sample >= 0 else { throw ToolError(.data, "an annotation before the first sample", record: open.key) }
        try AnnotationList(ordered).write(to: folder + "/" + open.name + ".atr")
    }
}
