// SPDX-License-Identifier: GPL-3.0-or-later
import Testing

/// Holds help, manual page and behaviour together.
///
/// EXAMPLES of man pages are run, each literal block as one script, in a folder with `recording.ecgs`, `beats.ecgs`, `more.ecgs`, `maps.ecgs`,
/// `model.onnx` and, where ../shared is there, links `mitdb`, `ptb-xl` and `ludb`; a block that names one of these is skipped where it is not.
@Suite struct ManualTests {
    static let tools = Shell.names(in: Place.root + "/Sources").filter { $0.hasPrefix("ecg-") && $0 != "ecg-bench" }
    static let pages = Shell.names(in: Place.root + "/man")

    @Test(arguments: tools) func helpAndManualNameTheSameOptions(_ tool: String) throws {
        let help = Shell.run("\(tool) --help")
        try #require(help.status == 0 && help.text.contains("USAGE: \(tool)"), "\(tool) --help")
        let page = Shell.read(Place.root + "/man/\(tool).1").map { String(decoding: $0, as: UTF8.self) }
        let manual = try #require(page, "man/\(tool).1 is missing")
        let inHelp = Self.optionsOfHelp(help.text)
        let inManual = Self.optionsOfManual(manual)
        #expect(inHelp.subtracting(inManual).sorted() == [], "\(tool): in --help, not in the manual")
        #expect(inManual.subtracting(inHelp).sorted() == [], "\(tool): in the manual, not in --help")
        for section in ["NAME", "SYNOPSIS", "DESCRIPTION", "EXIT STATUS", "EXAMPLES", "SEE ALSO"] {
            let quoted = section.contains(" ") ? ".Sh \"\(section)\"\n" : ".Sh \(section)\n"
            #expect(manual.contains(".Sh \(section)\n") || manual.contains(quoted), "\(tool): section \(section)")
        }
    }

    @Test(arguments: pages) func pageIsCleanMdoc(_ page: String) {
        guard Shell.run("command -v mandoc").status == 0 else {
            print("skipped \(page): no mandoc here (apt install mandoc)")
            return
        }
        let lint = Shell.run("mandoc -Tlint '\(Place.root)/man/\(page)'")
        // Whether the pages it refers to are installed is no matter of the page.
        let found = lint.text.split(separator: "\n").filter { !$0.contains("referenced manual not found") && !$0.contains("mandoc.db") }
        #expect(found == [], "\(page)")
    }

    @Test(arguments: pages) func examplesOfThePageRun(_ page: String) throws {
        let manual = String(decoding: try #require(Shell.read(Place.root + "/man/\(page)")), as: UTF8.self)
        let examples = Self.examples(of: manual)
        if page.hasSuffix(".1") { #expect(!examples.isEmpty, "\(page) has no EXAMPLES") }
        guard !examples.isEmpty else { return }
        let scratch = Scratch()
        let made = Shell.run(Self.setting, in: scratch.path)
        try #require(made.status == 0, "\(made.errors)")
        for example in examples {
            let data = ["mitdb", "ptb-xl", "ludb"].first { example.contains($0) && !Place.exists(scratch.path + "/" + $0) }
            if let data {
                print("skipped an example of \(page): no \(data) here")
                continue
            }
            let outcome = Shell.run("set -e\n" + example, in: scratch.path)
            #expect(outcome.status == 0, "\(page): \(example)\(outcome.errors)")
        }
    }

    /// What lies in the folder that examples run in.
    private static let setting = """
        set -e
        ln -s "$ROOT/examples/mitbih-cnn.onnx" model.onnx
        for d in mitdb ptb-xl ludb; do [ ! -d "$SHARED/data/$d" ] || ln -s "$SHARED/data/$d" $d; done
        ecg-synth --duration 30 --seed 1 -o recording.ecgs
        ecg-beats --length 430 --scale minmax recording.ecgs -o beats.ecgs
        ecg-synth --duration 10 --seed 2 | ecg-beats --length 430 --scale minmax -o more.ecgs
        ecg-infer -m model.onnx --classes A,E,j,L,N,/,R,V beats.ecgs 2>infer.err | ecg-attr -m model.onnx -a saliency -o maps.ecgs 2>attr.err || true
        """

    // MARK: Reading help and pages

    /// `-o, --output <file>` and the like at the start of a line.
    static func optionsOfHelp(_ help: String) -> Set<String> {
        var options: Set<String> = []
        for line in help.split(separator: "\n") where line.hasPrefix("  -") {
            for word in line.split(separator: " ") {
                let name = word.last == "," ? word.dropLast() : word
                guard name.hasPrefix("-") else { break }
                // --[no-]x and --a/--b stand for two options.
                for part in name.split(separator: "/") { options.insert(String(part)) }
            }
        }
        return options
    }

    /// `.It Fl o , -output Ar file` and the like.
    static func optionsOfManual(_ manual: String) -> Set<String> {
        var options: Set<String> = []
        for line in manual.split(separator: "\n") where line.hasPrefix(".It Fl ") || line.hasPrefix(".It Xo Fl ") {
            var isFlag = false
            for word in line.split(separator: " ").dropFirst() {
                switch word {
                case "Fl": isFlag = true
                case ",", "|", "Xo": break
                case "Ar", "Cm", "Op", "Oo", "Xc", "Ns", "No": isFlag = false
                default: if isFlag { options.insert("-" + word) }
                }
            }
        }
        return options
    }

    /// The literal blocks of EXAMPLES, as scripts.
    static func examples(of manual: String) -> [String] {
        var blocks: [String] = []
        var isExamples = false
        var isLiteral = false
        for line in manual.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix(".Sh ") {
                isExamples = line.hasPrefix(".Sh EXAMPLES")
            } else if isExamples, line.hasPrefix(".Bd -literal") {
                isLiteral = true
                blocks.append("")
            } else if line.hasPrefix(".Ed") {
                isLiteral = false
            } else if isLiteral {
                let text = line.replacing("\\e", with: "\\").replacing("\\&", with: "").replacing("\\-", with: "-")
                blocks[blocks.count - 1] += text + "\n"
            }
        }
        return blocks
    }
}
