// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser
import ECGSignal
import ECGStream
import ECGTool
import Glibc

extension FilterEdge: ExpressibleByArgument {
    // See LogForm.
    public static var allValueStrings: [String] { allCases.map { $0.rawValue } }
}

@main
struct Filter: StageTool {
    static let configuration = CommandConfiguration.tool(
        "ecg-filter", abstract: "Filter, resample and scale signals or attribution maps.",
        discussion: """
            The steps act in the order in which they are given. Filters have zero phase; the parts of a long recording are filtered as one signal. \
            Gaps (NaN) stay gaps and do not spread.
            """)

    @OptionGroup var input: InputOptions
    @OptionGroup var stage: StageOptions

    // The steps: declared for the help and the completions; `prepared` turns them into `step`, which keeps their order.
    @Option(help: .init("Band-pass.", valueName: "low> <high"))
    var band: String?
    @Option(help: .init("High-pass.", valueName: "hz"))
    var highpass: String?
    @Option(help: .init("Low-pass.", valueName: "hz"))
    var lowpass: String?
    @Option(help: .init("Take out a frequency and its harmonics, 1 Hz to either side.", valueName: "hz"))
    var notch: String?
    @Flag(help: "Take off the baseline that running medians of 0.2 and 0.6 s leave.")
    var baseline = false
    @Option(help: .init("Savitzky-Golay smoothing.", valueName: "window> <order"))
    var savgol: String?
    @Option(help: .init("Derivative of the --savgol before it, by samples.", valueName: "n"))
    var deriv: String?
    @Flag(help: "That derivative by seconds.")
    var perSecond = false
    @Option(help: .init("Resample by a ratio of whole numbers.", valueName: "fs"))
    var resample: String?
    @Option(help: .init("Unit of voltages: uV or mV.", valueName: "unit"))
    var unit: String?
    @Option(help: .init("minmax over all leads, zscore a lead, or none; over the whole recording.", valueName: "how"))
    var scale: String?
    @Option(help: .init(visibility: .hidden))
    var step: [String] = []

    @Option(help: .init("Butterworth filters of this order, forwards and backwards, in place of linear-phase ones.", valueName: "order"))
    var iir: Int?
    @Option(help: "What filters see beyond the record's ends: zeros, or the last sample held. (default: see ecg-filter(1))")
    var edge: FilterEdge?
    @Option(help: .init("Taps of band filters, odd, in place of the rule's.", valueName: "n"))
    var fir: Int?
    @Option(help: .init("Taps of --resample, a number a line, as resample_poly's window.", valueName: "file"))
    var taps: String?
    @Option(name: .customLong("tensor"), help: .init("Which tensors to filter, as in 'attr/*'. (default: signal)", valueName: "glob"))
    var givenTensor: String?
    private var tensor: String { givenTensor ?? "signal" }

    /// What the portions on their way take, about.
    static let memory = 8 << 20

    static func prepared(_ arguments: [String]) -> [String] {
        let gathered = StepArguments.gather(arguments)
        let convolves = StepArguments.steps(in: gathered).contains(where: \.isBand) && !arguments.contains("--iir")
        HeadStart.begin(arguments, memory: memory, used: 4 << 20) { if convolves { FilterPlan.prepareTransforms() } }
        return gathered
    }

    func validate() throws {
        let steps = try StepArguments.parse(step)
        if let iir, !(1...24).contains(iir) { throw ValidationError("--iir takes an order from 1 to 24.") }
        if let fir, fir < 1 || fir % 2 == 0 || fir > 1 << 22 { throw ValidationError("--fir takes an odd number of taps.") }
        if iir != nil, fir != nil { throw ValidationError("--iir and --fir exclude each other.") }
        if iir != nil || fir != nil, !steps.contains(where: \.isBand) {
            throw ValidationError(
                "\(iir == nil ? "--fir" : "--iir") says how --band, --highpass, --lowpass or --notch is done: name one of them.")
        }
        if taps != nil, !steps.contains(where: { if case .resample = $0 { true } else { false } }) {
            throw ValidationError("--taps are those of --resample: name a sampling frequency.")
        }
    }

    func provenance() throws -> Provenance {
        var options: JSON.Object = ["steps": .array(try StepArguments.parse(step).map(\.json))]
        if let iir { options["iir"] = JSON(iir) }
        if let edge { options["edge"] = .string(edge.rawValue) }
        if let fir { options["fir"] = JSON(fir) }
        if tensor != "signal" { options["tensor"] = .string(tensor) }
        var uses: JSON.Object = [:]
        if let taps { uses["taps"] = Provenance.digest(try TapsFile.bytes(taps)) }
        return Provenance(options: options, uses: uses)
    }

    static func status(of error: any Error) -> ExitStatus? { (error as? FilterError)?.kind == .inputOutput ? .inputOutput : nil }

    func run(_ stage: Stage) throws {
        let options = FilterOptions(
            steps: try StepArguments.parse(step), iirOrder: iir, edge: edge, tapCount: fir,
            resamplingTaps: try taps.map { try TapsFile.parse(try TapsFile.bytes($0), name: $0) })
        let job = FilterJob(options: options, glob: Glob(pattern: tensor))
        let line = FilterLine(job: job, stage: stage)
        try line.run()
    }
}
