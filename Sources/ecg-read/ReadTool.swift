// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser
import ECGFormats
import ECGStream
import ECGTool

@main
struct ReadTool: StageTool {
    static let configuration = CommandConfiguration.tool(
        "ecg-read", abstract: "Read recordings and write them as a stream of signals.",
        discussion: """
            A RECORD is a WFDB record, with or without .hea, a NumPy array (.npy, [item,lead,time] or [lead,time]) or a CSV file (a header of \
            lead names, then a row a sample). Voltages become mV; gaps and invalid samples are NaN. Long recordings come in parts.
            """)

    @Argument(help: .init("Recordings to read.", valueName: "record"))
    var records: [String]

    @Option(name: .shortAndLong, help: .init("Read the annotations RECORD.EXT too.", valueName: "ext"))
    var annotations: String?

    @Option(name: .shortAndLong, help: .init("Start there: seconds (90, 1:30) or a sample (s1234).", valueName: "time"))
    var from: TimePoint?

    @Option(name: .shortAndLong, help: .init("Stop before that time.", valueName: "time"))
    var to: TimePoint?

    @Option(
        name: [.customShort("l"), .customLong("select")],
        help: .init("Leads to read, by name or number from 0, separated by commas.", valueName: "leads"))
    var selection: String?

    @Option(name: [.customShort("n"), .long], help: .init("Read at most so many records.", valueName: "n"))
    var limit: Int?

    @Option(help: .init("Take every RECORD for wfdb, edf, npy or csv, whatever its name.", valueName: "name"))
    var format: RecordingFormat?

    @Option(help: .init("Longest part of a recording in one frame.", valueName: "seconds"))
    var part: Double = 60

    @Flag(help: "Keep several samples a frame instead of averaging them.")
    var highRes = false

    @Flag(help: "Print what the headers say, and read no samples.")
    var info = false

    @Option(name: .customLong("as"), help: .init("Form of --info: table, csv or json.", valueName: "form"))
    var form: Table.Form = .table

    @Option(help: .init("Samples a second of .npy and .csv files.", valueName: "hz"))
    var fs: Double?

    @Option(help: .init("Names of a .npy file's leads, separated by commas. (default: their numbers)", valueName: "names"))
    var leads: String?

    @Option(help: .init("Unit of .npy and .csv values, one for all leads or one each.", valueName: "names"))
    var units: String = "mV"

    @Option(help: .init("Labels of a .npy file's items: .npy or text with a line an item.", valueName: "file"))
    var labels: String?

    @Option(
        help: .init(
            "What a table says of recordings, into their meta: CSV, its first column their names, or JSON lines.", valueName: "file"))
    var meta: String?

    @OptionGroup var stage: StageOptions

    var inputs: [StreamInput]? { nil }
    var output: StageOutput { info ? .text : .stream }

    func validate() throws {
        guard part.isFinite, part > 0 else { throw ValidationError("--part takes a positive number of seconds.") }
        if let limit, limit < 0 { throw ValidationError("-n takes a number of records.") }
        if let fs, !fs.isFinite || fs <= 0 { throw ValidationError("--fs takes a positive number.") }
        if annotations == "" { throw ValidationError("-a takes the extension of an annotation file.") }
        for names in [selection, leads, units].compactMap({ $0 }) where Self.names(names).contains("") {
            throw ValidationError("A lead's name is empty in '\(names)'.")
        }
        for record in records {
            let format = format ?? RecordingFormat(of: record)
            guard !record.isEmpty else { throw ValidationError("A record's name is empty.") }
            if format == .npy || format == .csv {
                guard fs != nil || info else { throw ValidationError("\(record) needs --fs.") }
                guard annotations == nil else { throw ValidationError("\(record) has no annotations to read with -a.") }
            }
        }
        if let repeated = RecordNames.repeated(records.map { (format ?? RecordingFormat(of: $0)).file($0) }) {
            throw ValidationError("\(repeated) is given twice.")
        }
    }

    func provenance() throws -> Provenance {
        var options: JSON.Object = [:]
        if let annotations { options["annotations"] = .string(annotations) }
        if let from { options["from"] = .string(from.description) }
        if let to { options["to"] = .string(to.description) }
        if let selection { options["leads"] = JSON(Self.names(selection)) }
        if let limit { options["limit"] = JSON(limit) }
        if let format { options["format"] = .string(format.rawValue) }
        options["part"] = JSON(part)
        if highRes { options["high-res"] = true }
        if let fs { options["fs"] = JSON(fs) }
        if let leads { options["names"] = JSON(Self.names(leads)) }
        if units != "mV" { options["units"] = JSON(Self.names(units)) }
        var uses: JSON.Object = [:]
        if let labels { uses["labels"] = Provenance.digest(try Self.labelBytes(labels)) }
        if let meta { uses["meta"] = Provenance.digest(try RecordTable.bytes(of: meta)) }
        return Provenance(options: options, uses: uses)
    }

    /// The bytes of the labels' file, also for the provenance; a NumPy array is read again by itself.
    private static func labelBytes(_ path: String) throws -> [UInt8] { try TextFile.bytes(of: path, limit: 1 << 30, again: true) }

    static func status(of error: any Error) -> ExitStatus? {
        switch (error as? FormatError)?.kind {
        case .cannotOpen: .noInput
        case .inputOutput: .inputOutput
        default: nil
        }
    }

    func run(_ stage: Stage) throws {
        if info { return try printInformation(stage) }
        let itemLabels = try labels.map { try ItemLabels.read(path: $0, bytes: try Self.labelBytes($0)) }
        let operands = operands()
        let table = try meta.map { try RecordTable(path: $0) }
        let plan = ReadPlan(self, table: table)
        var left = limit ?? .max
        if let meta, let table {
            let unknown = operands.prefix(left).count { $0.format != .npy && table[$0.key] == nil }
            if unknown > 0 { stage.warnAtEnd("\(unknown) of \(operands.prefix(left).count) recordings are not in \(meta)") }
        }
        guard left > 0 else { return }
        let weight: @Sendable (ReadPlan.Product) -> Int = { $0.weight }
        let job: OrderedProducers<ReadPlan.Product>.Job = { index, emit in plan.read(operands[index], labels: itemLabels, emit) }
        try OrderedProducers.forEach(jobs: operands.count, threads: stage.threads, weight: weight, job: job) { product in
            switch product {
            case .part(let record, let isLast):
                try stage.write(record)
                if isLast { left -= 1 }
            case .failure(let key, let error):
                try stage.failed(key, error)
                left -= 1
            }
            return left > 0
        }
    }

    static func names(_ list: String) -> [String] { list.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
}

extension Error {
    /// The same error with its exit status.
    var forTool: ToolError {
        if let error = self as? ToolError { return error }
        guard let error = self as? FormatError else { return ToolError(.software, "\(self)") }
        return ToolError(ReadTool.status(of: error) ?? .data, error.message, place: error.place)
    }
}

extension TimePoint: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}
