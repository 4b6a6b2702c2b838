// SPDX-License-Identifier: GPL-3.0-or-later
import CSystem
import ECGStream
import Glibc

/// A tool at work: its input, its output, and what it says on the way. See the guide in StageTool.swift.
public final class Stage {
    /// The tool's name.
    public let name: String
    public let options: StageOptions
    private let inputs: [StreamInput]?
    let output: StageOutput
    private let provenance: () throws -> Provenance
    let messages: Messages
    private var progress: Progress

    private var reader: StreamReader?
    private var writer: StreamWriter?
    private var file: OutputFile?
    /// The first HEAD of the input.
    public private(set) var head: Meta?
    private var inputHasEnded = false
    private var failures = 0
    private var closingWarnings: [String] = []
    private var endingStatus = ExitStatus.complete
    private var isPartial: Bool {
        get { endingStatus != .complete }
        set { if newValue, endingStatus == .complete { endingStatus = .partial } }
    }
    /// What the input's ENDs counted, for tools that write no stream.
    public private(set) var upstreamEnds: [Meta] = []

    init(
        name: String, options: StageOptions, inputs: [StreamInput]?, output: StageOutput, provenance: @escaping () throws -> Provenance
    ) {
        self.name = name
        self.options = options
        self.inputs = inputs
        self.output = output
        self.provenance = provenance
        messages = Messages(tool: name, form: options.log, quiet: options.quiet, verbose: options.verbose)
        var status = stat()
        let isPipe = options.output == nil && fstat(1, &status) == 0 && status.st_mode & S_IFMT == S_IFIFO
        progress = Progress(tool: name, quiet: options.quiet || options.log == .json, outputIsPipe: isPipe)
    }

    // MARK: What every tool may ask

    /// Seed of all random draws (`--seed`).
    public var seed: UInt64 { options.seed }
    /// Threads to use (`-j`).
    public var threads: Int { options.threads }

    /// For a tool that works on more than a few pages: memory comes in large pages from now on.
    public func expectMemory(_ bytes: Int) { ecg_expect_memory(bytes) }

    /// A warning on standard error, unless `-q`.
    public func warn(_ message: String, place: String? = nil, record: String? = nil) {
        progress.clear()
        messages.say(.warning, message, place: place, record: record)
    }

    /// A warning about the result, said when the output is complete: a reader that went away is told nothing.
    public func warnAtEnd(_ message: String) { closingWarnings.append(message) }

    /// A remark on standard error, only with `-v`.
    public func inform(_ message: String, place: String? = nil, record: String? = nil) {
        progress.clear()
        messages.say(.info, message, place: place, record: record)
    }

    /// A line on standard error about how the work goes on, unless `-q`.
    public func report(_ message: String) {
        progress.clear()
        messages.say(.report, message)
    }

    /// The line at the bottom of a terminal; nothing where there is none.
    public func showStatus(_ text: @autoclosure () -> String) { progress.show(text()) }

    /// What this stage adds to a stream's provenance; nil with `--no-prov`.
    var ownEntry: JSON? {
        get throws { options.noProv ? nil : try provenance().entry(tool: name, seed: seed) }
    }

    /// Makes the exit status 1: the output is whole, but a demand (`--require`) was not met.
    public func demandNotMet(_ message: String, record: String? = nil) {
        isPartial = true
        progress.clear()
        messages.say(.error, message, record: record, status: .partial)
    }

    /// Gives the exit status of a tool whose output is complete for what it is, but whose input was not (`ecg-cat --rescue`).
    public func endStatus(_ status: ExitStatus, _ message: String) {
        endingStatus = status
        progress.clear()
        messages.say(.error, message, status: status)
    }

    /// The limits on frames (`--max-frame`).
    public var limits: StreamLimits { options.limits }

    // MARK: Reading

    /// The next record, or `nil` when every input has ended whole.
    ///
    /// - Throws: what is wrong with the input; an ABORT in it too. Let these errors through.
    public func next() throws -> Record? {
        guard let frame = try nextFrame() else { return nil }
        return try Record(frame)
    }

    /// As `next`, for a tool that passes records on without looking into them: nothing is parsed.
    public func nextFrame() throws -> Frame? {
        try begin()
        while let frame = try readFrame() {
            switch frame.kind {
            case .record:
                progress.step()
                return frame
            case .note: try writer?.pass(frame)
            case .head: try writer?.note(furtherHead: frame)
            case .end:
                let end = try frame.meta()
                if let writer { writer.add(end: end) } else { upstreamEnds.append(end) }
            case .abort: throw StreamError(.aborted, "the stage before aborted", abort: try frame.meta())
            }
        }
        return nil
    }

    /// Calls `body` with every record. Under `--keep-going` a record whose body throws is reported and counted, and the next one follows.
    public func forEach(_ body: (Record) throws -> Void) throws {
        while let record = try next() {
            do {
                try body(record)
            } catch {
                try failed(record.key, error)
            }
        }
    }

    /// A record could not be processed: throws the error, or under `--keep-going` reports and counts it and returns.
    ///
    /// Errors of the streams themselves (damaged input, full disk) are never kept going over.
    public func failed(_ key: String, _ error: any Error) throws {
        if let error = error as? StreamError, error.kind != .tooLarge { throw error }
        var cause = ToolError(error, status: { _ in nil })
        if cause.record == nil { cause.record = key }
        guard options.keepGoing, cause.status == .data || cause.status == .noInput else {
            // The library's error keeps its own type, so that the tool's status(of:) sees it.
            if error is ToolError { throw cause }
            throw RecordError(record: key, cause: error)
        }
        progress.clear()
        messages.say(.error, cause.message + " (skipped)", place: cause.place, record: cause.record)
        failures += 1
        isPartial = true
        writer?.skip(reason: "could not be processed", key: key)
    }

    private func readFrame() throws -> Frame? {
        guard let reader, !inputHasEnded else { return nil }
        if let frame = try reader.nextFrame() { return frame }
        inputHasEnded = true
        return nil
    }

    // MARK: Writing

    /// Writes a record to the output stream.
    public func write(_ record: Record) throws {
        try begin()
        if reader == nil { progress.step() }
        try writer?.write(record)
    }

    /// Writes a record that is sealed already, by a thread that had the time.
    public func write(_ record: SealedRecord) throws {
        try begin()
        if reader == nil { progress.step() }
        try writer?.write(record)
    }

    /// Writes a record that was read with `nextFrame`, byte for byte.
    public func pass(_ frame: Frame) throws {
        try begin()
        try writer?.pass(frame)
    }

    /// Counts a record that an option leaves out; END says how many and which came first. It is no error.
    public func leaveOut(_ key: String, reason: String) { writer?.skip(reason: reason, key: key) }

    /// Members for END beside the counts.
    public var endMembers: [(String, JSON)] = []

    /// The checked writer for text or another format, to standard output or `-o`.
    ///
    /// Print a table only after `next()` has returned `nil`: what is printed counts as whole.
    public var text: ByteOutput {
        get throws {
            guard let file else { throw ToolError(.software, "this tool has no output of its own") }
            progress.clear()
            return file.bytes
        }
    }

    // MARK: For a tool that reads its input in a way of its own

    /// A HEAD that was read: the first one is continued, a further one becomes a NOTE.
    public func adopt(head frame: Frame) throws {
        if head == nil {
            head = try frame.meta()
        } else {
            try begin()
            try writer?.note(furtherHead: frame)
        }
    }

    /// What an END that was read counts as skipped.
    public func adopt(end: Meta) { writer?.add(end: end) }

    /// - Throws: usage, if this is standard input and a terminal.
    public func refuseTerminal(_ input: StreamInput) throws {
        if input == .standardInput, isatty(0) == 1 {
            throw ToolError(.usage, "a stream is expected on standard input, which is a terminal; use a pipe or name a FILE")
        }
    }

    // MARK: From start to end

    /// Opens the output and the inputs.
    func open() throws {
        if output != .none {
            let file = try OutputFile(path: options.output)
            self.file = file
            if output != .text, file.isTerminal {
                self.file = nil
                throw ToolError(.usage, "binary data would go to the terminal; use a pipe, -o FILE, or ecg-cat --show")
            }
            if output == .stream { writer = StreamWriter(file.bytes, limits: options.limits) }
        }
        guard let inputs else { return }
        for input in inputs { try refuseTerminal(input) }
        reader = try StreamReader(inputs, limits: options.limits)
    }

    /// Reads the first HEAD and writes this stage's own, once.
    private func begin() throws {
        if reader != nil, head == nil, let frame = try readFrame() { head = try frame.meta() }
        guard let writer, !writer.hasBegun else { return }
        try writer.begin(upstream: head, entry: options.noProv ? nil : try provenance().entry(tool: name, seed: seed))
    }

    /// Reads the input to its end and completes the output.
    func finish() throws -> ExitStatus {
        while try nextFrame() != nil {}
        progress.clear()
        try begin()
        try writer?.end(further: endMembers)
        try file?.commit()
        for message in closingWarnings { messages.say(.warning, message) }
        if failures > 0 { messages.say(.warning, "\(failures) records skipped") }
        return endingStatus
    }

    /// Ends the output with ABORT, says why, and gives the exit status.
    func fail(_ error: ToolError, cause: any Error) -> ExitStatus {
        progress.clear()
        let stream = (cause as? RecordError)?.cause as? StreamError ?? cause as? StreamError
        if error.status == .readerGone {
            file?.discard()
            return .readerGone
        }
        abort(error, upstream: stream?.abort)
        file?.discard()
        if let upstream = stream?.abort {
            let error = upstream["error"]
            let tool = error?["tool"]?.string ?? "the stage before"
            let text = [error?["record"]?.string, error?["place"]?.string, error?["message"]?.string].compactMap { $0 }
            messages.say(.error, "aborted by \(tool): " + text.joined(separator: ": "), status: .aborted)
        } else {
            messages.say(.error, error.message, place: error.place, record: error.record, status: error.status)
        }
        return error.status
    }

    /// The reason in the stream, as far as the output still takes it. If it was the output that failed, nothing more is written.
    private func abort(_ error: ToolError, upstream: Meta?) {
        guard let writer, let file, !file.bytes.hasFailed else { return }
        do {
            if !writer.hasBegun {
                // The stage may have failed while it made its entry; then the entry says who it was.
                let entry = (try? provenance()) ?? Provenance()
                try writer.begin(upstream: head, entry: options.noProv ? nil : entry.entry(tool: name, seed: seed))
            }
            if let upstream { try writer.abort(upstream: upstream) } else { try writer.abort(error: error.json(tool: name)) }
        } catch {
            // Nobody reads; the exit status and the message still tell.
        }
    }
}

/// A library's error together with the record that it arose in.
struct RecordError: Error {
    let record: String
    let cause: any Error
}
