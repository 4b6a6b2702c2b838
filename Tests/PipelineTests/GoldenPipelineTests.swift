// SPDX-License-Identifier: GPL-3.0-or-later
import Testing

/// Every folder of cases/ is a pipeline with its known outcome.
///
/// - `cmd`: a script for /bin/sh, run in an empty folder with the built tools in the path; $CASE is the case's folder, $ZOO the golden streams,
///   $ROOT the repository. A script that names $SHARED is skipped where that folder is missing.
/// - `expout`, `experr`: what it writes to standard output and standard error; a missing file means nothing.
/// - `code`: the exit status of the script; a missing file means 0.
///
/// ECGPIPE_REWRITE=1 swift test --filter GoldenPipeline writes the three from what happens now; look at the difference before committing it.
@Suite struct GoldenPipelineTests {
    static let cases = Shell.names(in: Place.cases)

    @Test(arguments: cases) func pipelineDoesWhatItsCaseSays(_ name: String) throws {
        let folder = Place.cases + "/" + name
        guard let script = Shell.read(folder + "/cmd").map({ String(decoding: $0, as: UTF8.self) }) else {
            Issue.record("\(name) has no cmd")
            return
        }
        if script.contains("$SHARED"), !Place.exists(Place.shared) {
            print("skipped \(name): no ../shared here")
            return
        }
        let scratch = Scratch()
        let outcome = Shell.run("CASE='\(folder)'\n" + script, in: scratch.path)
        if Place.environment("ECGPIPE_REWRITE") == "1" {
            keep(outcome.output, in: folder + "/expout")
            keep(Array(outcome.errors.utf8), in: folder + "/experr")
            keep(outcome.status == 0 ? [] : Array("\(outcome.status)\n".utf8), in: folder + "/code")
            return
        }
        #expect(outcome.text == text(folder + "/expout"), "standard output of \(name)")
        #expect(outcome.errors == text(folder + "/experr"), "standard error of \(name)")
        let code = text(folder + "/code").split(separator: "\n").first.flatMap { Int32($0) } ?? 0
        #expect(outcome.status == code, "exit status of \(name)")
    }

    private func text(_ path: String) -> String { String(decoding: Shell.read(path) ?? [], as: UTF8.self) }

    /// An empty outcome has no file.
    private func keep(_ bytes: [UInt8], in path: String) {
        if bytes.isEmpty { _ = Shell.run("rm -f '\(path)'") } else { Shell.write(bytes, to: path) }
    }
}
