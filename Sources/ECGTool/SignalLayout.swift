// SPDX-License-Identifier: GPL-3.0-or-later
import ECGStream

/// What all parts of a recording have in common, and the check that they have.
public struct SignalLayout: Sendable {
    /// Samples a second, positive.
    public let fs: Double
    public let leads: [String]
    public let units: [String]

    /// - Throws: `ToolError` if the record has no signal [lead,time], no sampling frequency, or other numbers of lead names and of leads.
    ///
    /// - Parameter isBeat: whether leads may stand one after the other in a single row (`ecg-beats --stack`).
    public init(_ record: Record, isBeat: Bool = false) throws {
        guard let signal = record["signal"] else { throw ToolError(.data, "the record has no tensor 'signal'") }
        guard signal.shape.count == 2 else { throw ToolError(.data, "the signal has the shape \(signal.shape), not [lead, time]") }
        guard let fs = record.fs, fs > 0 else { throw ToolError(.data, "the record has no sampling frequency 'fs'") }
        self.fs = fs
        var count = signal.shape[0]
        if isBeat, count == 1, let names = record.leads, !names.isEmpty, signal.shape[1] % names.count == 0 { count = names.count }
        leads = record.leads ?? (1...max(1, count)).prefix(count).map { "lead \($0)" }
        units = record.units ?? leads.map { _ in "" }
        guard count > 0 else { throw ToolError(.data, "the signal has no leads") }
        guard leads.count == count else { throw ToolError(.data, "the signal has \(count) leads, and \(leads.count) names of leads") }
        guard units.count == count else { throw ToolError(.data, "the signal has \(count) leads, and \(units.count) units") }
    }

    /// The samples of a beat, [lead, time] row by row, and how many a lead has.
    public func beat(_ record: Record) throws -> (values: [Float], time: Int) {
        guard let signal = record["signal"], record.fs == fs, record.leads ?? leads == leads, signal.count % leads.count == 0 else {
            throw ToolError(.data, "the beats of a recording have different leads or sampling frequencies", record: record.key)
        }
        return (signal.floats(), signal.count / leads.count)
    }

    /// The samples of a part, [lead, time] row by row.
    ///
    /// - Parameter expectedStart: where the part before ended; nil for the first part.
    /// - Throws: `ToolError` if the part does not belong to the ones before.
    public func values(of part: Record, expectedStart: Int?) throws -> [Float] {
        guard let signal = part["signal"], signal.shape.count == 2, signal.shape[0] == leads.count else {
            throw ToolError(.data, "a part of the recording has no signal of \(leads.count) leads")
        }
        if let expectedStart {
            guard part.start == expectedStart else {
                throw ToolError(.data, "a part begins at sample \(part.start), and the part before ends at \(expectedStart)")
            }
            guard part.fs == fs else { throw ToolError(.data, "the parts of the recording have different sampling frequencies") }
            if let names = part.leads, names != leads { throw ToolError(.data, "the parts of the recording have different leads") }
        }
        guard part.start >= 0, part.start < 1 << 50 else { throw ToolError(.data, "a part begins at sample \(part.start)") }
        return signal.floats()
    }
}
