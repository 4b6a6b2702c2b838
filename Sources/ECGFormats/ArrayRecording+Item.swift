// SPDX-License-Identifier: GPL-3.0-or-later

/// One item of an array of recordings.
public final class ArrayItem: Recording {
    public let leads: [String]
    public let units: [String]
    public let frequency: Double
    public var length: Int? { array.length }
    private let array: ArrayRecording
    private let item: Int
    private let chosen: [Int]
    private let multipliers: [(Double, Double)]

    /// - Parameters:
    ///   - names: names of the array's leads, as many as it has.
    ///   - selection: leads by name or number from 0, nil for all.
    /// - Throws: `.request` if the names don't fit the array or a lead isn't there.
    public init(
        _ array: ArrayRecording, item: Int, frequency: Double, names: [String], units: [String], selection: [String]?, place: String
    ) throws(FormatError) {
        guard names.count == array.leads else {
            throw FormatError(.request, at: place, "\(names.count) lead names for \(array.leads) leads")
        }
        self.array = array
        self.item = item
        self.frequency = frequency
        chosen = try WFDBRecord.choose(selection, among: names, place: place)
        leads = chosen.map { names[$0] }
        let conversions = chosen.map { PhysicalScale.conversion(from: units[$0 % units.count]) }
        self.units = conversions.map(\.units)
        multipliers = conversions.map { ($0.multiplier, $0.divisor) }
    }

    public func check(_ samples: Range<Int>) {}

    public func part(from start: Int, count: Int) throws(FormatError) -> [Float] {
        var values = try array.read(item: item, leads: chosen, samples: start..<min(start + count, array.length))
        PhysicalScale.convert(&values, multipliers)
        return values
    }
}

/// A CSV file as a recording, whose length its end tells.
public final class CSVSignal: Recording {
    public let leads: [String]
    public let units: [String]
    public let frequency: Double
    public var length: Int? { nil }
    private let file: CSVRecording
    private let chosen: [Int]
    private let multipliers: [(Double, Double)]
    private var at = 0

    public init(_ file: CSVRecording, frequency: Double, units: [String], selection: [String]?) throws(FormatError) {
        self.file = file
        self.frequency = frequency
        chosen = try WFDBRecord.choose(selection, among: file.leads, place: file.path)
        leads = chosen.map { file.leads[$0] }
        let conversions = chosen.map { PhysicalScale.conversion(from: units[$0 % units.count]) }
        self.units = conversions.map(\.units)
        multipliers = conversions.map { ($0.multiplier, $0.divisor) }
    }

    public func check(_ samples: Range<Int>) {}

    public func part(from start: Int, count: Int) throws(FormatError) -> [Float] {
        while at < start {
            let skipped = try file.next(min(start - at, 4096), leads: [0]).count
            guard skipped > 0 else {
                throw FormatError(.request, at: file.path, "sample \(start) is after the end: there are \(at) samples")
            }
            at += skipped
        }
        var values = try file.next(count, leads: chosen)
        at += values.count / max(chosen.count, 1)
        PhysicalScale.convert(&values, multipliers)
        return values
    }
}

extension PhysicalScale {
    /// Brings the rows of [lead, time] to the units of this project.
    static func convert(_ values: inout [Float], _ multipliers: [(Double, Double)]) {
        guard !multipliers.isEmpty, multipliers.contains(where: { $0 != (1, 1) }) else { return }
        let count = values.count / multipliers.count
        for (row, (multiplier, divisor)) in multipliers.enumerated() where (multiplier, divisor) != (1, 1) {
            for index in (row * count)..<((row + 1) * count) { values[index] = Float(Double(values[index]) * multiplier / divisor) }
        }
    }
}
