// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser
import ECGSpill
import ECGStream

/// Why a tool ends before it is done, with its exit status. The harness adds the tool's name and the record's.
///
///     throw ToolError(.data, "the record has 12 leads, the model wants 2", record: record.key)
public struct ToolError: Error, Sendable, CustomStringConvertible {
    public var status: ExitStatus
    /// The cause, in plain words, with numbers.
    public var message: String
    /// Where: a file and its line, a lead, a layer.
    public var place: String?
    public var record: String?

    public init(_ status: ExitStatus, _ message: String, place: String? = nil, record: String? = nil) {
        self.status = status
        self.message = message
        self.place = place
        self.record = record
    }

    /// The stream ends, or another recording begins, before a recording's last part came.
    public static func lastPartMissing(_ record: String?) -> ToolError {
        ToolError(.data, "the last part of the recording is missing", record: record)
    }

    public var description: String { [record, place, message].compactMap { $0 }.joined(separator: ": ") }
}

extension ToolError {
    /// Any error in these terms. `status` says what a library's error means; without it that is bad data.
    init(_ error: any Error, status: (any Error) -> ExitStatus?) {
        switch error {
        case let error as ToolError: self = error
        case let error as RecordError:
            self.init(error.cause, status: status)
            if record == nil { record = error.record }
        case let error as StreamError: self.init(error.status, error.message, place: error.place, record: error.record)
        case let error as ValidationError: self.init(.usage, error.message)
        case let error as SpillError: self.init(.inputOutput, error.message)
        default:
            self.init(status(error) ?? .data, String(describing: error))
            // The libraries' errors are structs with a message and perhaps a place and a record.
            for (label, value) in Mirror(reflecting: error).children {
                guard let text = value as? String ?? (value as? String?).flatMap({ $0 }) else { continue }
                switch label {
                case "message": message = text
                case "place": place = text
                case "record": record = text
                default: break
                }
            }
        }
    }

    /// This error as the `error` of an ABORT frame.
    func json(tool: String) -> JSON {
        var object: JSON.Object = ["tool": .string(tool)]
        if let record { object["record"] = .string(record) }
        if let place { object["place"] = .string(place) }
        object["message"] = .string(message)
        object["exit"] = JSON(Int(status.rawValue))
        return .object(object)
    }
}
