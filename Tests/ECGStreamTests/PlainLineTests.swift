// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser
import ECGTool
import Testing

/// A tool that reads plain lines by itself.
private struct Probe: StageTool {
    static let configuration = CommandConfiguration.tool("ecg-probe", abstract: "Take a line apart.")

    @OptionGroup var input: InputOptions
    @OptionGroup var stage: StageOptions
    @Option var count: Int?
    @Option var name: String = "signal"
    @Option var each: [String] = []

    static func plain(_ line: inout PlainLine) -> Probe? {
        var probe = Probe()
        probe.each = line.texts("--each")
        probe.count = line.value("--count", Int.init)
        probe.name = line.text("--name") ?? "signal"
        probe.stage = StageOptions(&line)
        guard let input = InputOptions(line) else { return nil }
        probe.input = input
        return probe
    }

    func run(_ stage: Stage) {}

    /// Every option's value.
    var values: String {
        "\(input.files) \(count as Int?) \(name) \(each) \(stage.output as String?) \(stage.threadLimit as Int?) \(stage.seed) "
            + "\(stage.isa as String?) \(stage.quiet) \(stage.verbose) \(stage.noProv) \(stage.keepGoing) \(stage.log) \(stage.maxFrame)"
    }
}

@Suite struct PlainLineTests {
    /// What the line means without the parser.
    private func plain(_ arguments: [String]) -> String? {
        var line = PlainLine(arguments)
        return Probe.plain(&line)?.values
    }

    private func parsed(_ arguments: [String]) -> String? { (try? Probe.parseAsRoot(arguments) as? Probe)?.values }

    @Test(arguments: [
        "", "a", "a b", "--count 3", "--count=3 a", "a --count 3 b", "--each 1 --each=2 x --each 3", "--name=--count", "--name=a=b",
        "--name b.c",
        "-o out -j 3 -q -v --no-prov --keep-going --seed 18446744073709551615 --isa avx2 --log json --max-frame 7",
        "--threads 5 --quiet a --verbose",
        "a --name count --count 1",
    ])
    func aPlainLineMeansWhatTheParserSays(_ text: String) throws {
        let arguments = text.split(separator: " ").map(String.init)
        let line = plain(arguments)
        #expect(line != nil && line == parsed(arguments))
    }

    @Test(arguments: [
        "-", "-- a", "--help", "-h", "--version", "--coun 3", "--count", "--count x", "--count -3", "--count 3 --count 4",
        "--count=3 --count 4",
        "--count=", "-o=x", "-ofile", "-j4", "-qv", "--each --name x", "-o --each=1 y", "-o -q y", "--name --count 3", "--unknown",
        "--quiet=1",
        "-j 2 --threads 3", "--seed -1", "--seed 18446744073709551616", "--log loud", "--generate-completion-script bash",
    ])
    func everyOtherLineIsForTheParser(_ text: String) {
        #expect(plain(text.split(separator: " ").map(String.init)) == nil)
    }

    /// Whatever the words, where both take a line they take it to mean the same.
    @Test func noLineMeansTwoThings() {
        let words = [
            "a", "", "-", "--", "-o", "-q", "-j", "3", "--each", "--each=1", "--count", "--count=2", "--name", "--name=-o", "--seed",
            "--quiet",
        ]
        var plainOnes = 0
        for first in words {
            for second in words {
                for third in words {
                    let arguments = [first, second, third]
                    guard let line = plain(arguments) else { continue }
                    plainOnes += 1
                    #expect(line == parsed(arguments), "\(arguments)")
                }
            }
        }
        #expect(plainOnes > 100)
    }
}
