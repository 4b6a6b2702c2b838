// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser
import ECGExplain
import ECGKernels
import ECGModel
import ECGScore
import ECGStream
import ECGTool

@main
struct PerturbTool: StageTool {
    static let configuration = CommandConfiguration.tool(
        "ecg-perturb",
        abstract: "Test maps by replacing the points that they call relevant.",
        discussion: """
            Replaces points of each item in the order of each of its maps, and by lot, runs the network on what is left, and prints how its figures change: \
            a map that is right about the network makes them fall faster than the random order.
            """)

    @Option(name: .shortAndLong, help: .init("The network, an ONNX file.", valueName: "file")) var model: String
    @OptionGroup(title: "Replacing") var scheme: SchemeOptions
    @OptionGroup(title: "Figures") var truth: TruthOptions
    @Option(help: .init("The tensor that the network reads.", valueName: "name")) var inputTensor = "signal"
    @Option(
        help: .init("How items lie in the network's input: lead,time or time,lead or 1,lead,time. (default: recognised)", valueName: "axes")
    )
    var layout: ItemLayout?
    @Option(help: .init("softmax, sigmoid or none. (default: as for ecg-infer)", valueName: "function")) var activation: OutputActivation?
    @Option(name: .customLong("as"), help: .init("Curves as csv or json; table is a row a curve, with its areas.", valueName: "form"))
    var form: Table.Form = .table
    @Option(help: .init("Write the areas to FILE too, as CSV.", valueName: "file")) var areas: String?
    @OptionGroup var input: InputOptions
    @OptionGroup var stage: StageOptions

    var output: StageOutput { .text }

    func validate() throws {
        if areas == "" || areas == "-" { throw ValidationError("--areas takes the name of a file.") }
    }

    func run(_ stage: Stage) throws {
        let run = try PerturbRun(stage, self)
        while let record = try stage.next() { try run.add(record) }
        let (points, areas) = try run.finish()
        if let path = self.areas {
            let file = try OutputFile(path: path)
            try file.bytes.write(PerturbTables.areas(areas).text(as: .csv))
            try file.commit()
        }
        try stage.write(form == .table ? PerturbTables.people(areas) : PerturbTables.curves(points), as: form)
        for remark in run.remarks { stage.warnAtEnd(remark) }
    }

    static func use(instructionSet name: String) -> Bool { InstructionSet.force(named: name) }

    static func status(of error: any Error) -> ExitStatus? {
        switch error {
        case let error as ModelError: error.kind == .cannotOpen ? .noInput : .data
        case let error as ExplainError: error.kind == .usage ? .usage : .data
        default: nil
        }
    }
}

extension OutputActivation: ExpressibleByArgument {}
