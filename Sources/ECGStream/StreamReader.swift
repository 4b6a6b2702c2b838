// SPDX-License-Identifier: GPL-3.0-or-later
import Glibc

/// Where a stream comes from.
public enum StreamInput: Sendable, Equatable {
    case standardInput
    case file(String)

    /// `-` is standard input, everything else a path.
    public init(operand: String) { self = operand == "-" ? .standardInput : .file(operand) }

    /// The name for messages.
    public var name: String {
        switch self {
        case .standardInput: "standard input"
        case .file(let path): path
        }
    }
}

/// Reads streams, one after the other, as one: every file is whole by itself, and within a file streams may follow each other.
///
///     let reader = try StreamReader([.standardInput])
///     while let frame = try reader.nextFrame() {
///         if frame.kind == .record { let record = try Record(frame) … }
///     }
///     // here, and only here, it is known that the input was complete
///
/// Every frame that comes out has passed every check of ecg-stream(5). Memory does not grow with the stream.
public final class StreamReader {
    private let inputs: [StreamInput]
    private let limits: StreamLimits
    private var index = 0
    private var current: FrameReader?

    /// - Throws: `cannotOpen` if one of the files isn't there, before anything is read.
    public init(_ inputs: [StreamInput], limits: StreamLimits = .standard) throws(StreamError) {
        self.inputs = inputs
        self.limits = limits
        for case .file(let path) in inputs where access(path, R_OK) != 0 {
            throw StreamError(.cannotOpen, "cannot open: \(systemMessage(errno))", place: path)
        }
    }

    /// The next frame of any kind, or `nil` at the end of all inputs, each of them whole.
    ///
    /// - Throws: `StreamError`: damaged, truncated, unsupported, tooLarge, cannotOpen, inputOutput. An ABORT frame is returned, not thrown.
    public func nextFrame() throws(StreamError) -> Frame? {
        while true {
            if let current {
                if let frame = try current.next() { return frame }
                self.current = nil
                index += 1
            }
            guard index < inputs.count else { return nil }
            current = FrameReader(try inputs[index].open(), limits: limits)
        }
    }
}

extension StreamInput {
    func open() throws(StreamError) -> ByteInput {
        switch self {
        case .standardInput: ByteInput(descriptor: 0, name: name, closes: false, pending: StandardInput.takePending())
        case .file(let path): try ByteInput(path: path)
        }
    }
}
