// SPDX-License-Identifier: GPL-3.0-or-later
import ECGStream
import Glibc
import StreamFixtures
import Testing

/// The rules of design/stream.md that hold for every tool, tried on each by running it.
@Suite struct ConformanceTests {
    static let readers = Conformer.all.filter { $0.role != .source }
    static let filters = Conformer.all.filter { $0.role == .filter }

    // MARK: The input of a tool, made once

    /// A tool, its input in a file, and what it makes of it.
    struct Bench {
        let tool: Conformer
        let scratch = Scratch()
        let path: String
        let input: [UInt8]

        init(_ tool: Conformer) throws {
            self.tool = tool
            let made = Shell.run(tool.input, in: scratch.path)
            try #require(made.status == 0, "the input of \(tool): \(made.errors)")
            input = made.output
            path = scratch.file("input", input)
        }

        /// Runs the tool on bytes as its standard input.
        func run(on bytes: [UInt8]? = nil, _ more: String = "", output: String? = nil) -> Outcome {
            let file = bytes.map { scratch.file("changed", $0) } ?? path
            return Shell.run("exec \(tool.tool) \(tool.arguments) \(more)", in: scratch.path, input: file, output: output)
        }

        var isStream: Bool { tool.role == .filter || tool.role == .source }

        /// That an outcome is a failure of this status which nothing downstream can take for whole.
        func expectFailure(_ outcome: Outcome, _ status: Int32, _ what: String) {
            #expect(outcome.status == status, "\(tool), \(what): \(outcome.errors)")
            #expect(outcome.errors.hasPrefix(tool.tool + ": "), "\(tool), \(what): '\(outcome.errors)'")
            switch tool.role {
            case .filter, .source:
                let back = ReadBack(outcome.output)
                #expect(back.abort != nil && back.end == nil, "\(tool), \(what): no ABORT")
                #expect(back.abort?["records"]?.int == back.records.count, "\(tool), \(what)")
            case .table: #expect(outcome.output.isEmpty, "\(tool), \(what): output before END")
            case .text: break
            }
        }
    }

    // MARK: Whole input

    @Test(arguments: Conformer.all) func wholeInputGivesWholeOutput(_ tool: Conformer) throws {
        let bench = try Bench(tool)
        let outcome = bench.run()
        #expect(outcome.status == 0, "\(tool): \(outcome.errors)")
        guard bench.isStream else { return }
        let back = ReadBack(outcome.output)
        #expect(back.isWhole, "\(tool): \(String(describing: back.error))")
        #expect(back.end?["records"]?.int == back.records.count)
        #expect(back.head?["prov"]?.array?.last?["tool"]?.string == tool.tool, "\(tool): its entry in prov")
        let bare = ReadBack(bench.run("--no-prov").output)
        #expect(bare.head?["prov"]?.array?.count == (back.head?["prov"]?.array?.count ?? 0) - 1, "\(tool): --no-prov")
    }

    @Test(arguments: readers.filter { !$0.needsRecords }) func streamWithoutRecordsIsSuccess(_ tool: Conformer) throws {
        let bench = try Bench(tool)
        let head = frames(of: bench.input)[0]
        let outcome = bench.run(on: head.bytes + TestFrame.end(1, records: 0).bytes)
        #expect(outcome.status == 0, "\(tool): \(outcome.errors)")
        if bench.isStream { #expect(ReadBack(outcome.output).isWhole) }
    }

    @Test(arguments: readers) func oneByteReadsGiveTheSameBytes(_ tool: Conformer) throws {
        let bench = try Bench(tool)
        let whole = bench.run()
        let dribble = "head -c 3000 '\(bench.path)' | dd bs=1 status=none; tail -c +3001 '\(bench.path)' | dd bs=777 status=none"
        let slow = Shell.run("(\(dribble)) | \(tool.tool) \(tool.arguments)", in: bench.scratch.path)
        #expect(slow.status == 0, "\(slow.errors)")
        #expect(slow.output == whole.output, "\(tool)")
    }

    @Test(arguments: Conformer.all) func threadsDoNotChangeTheBytes(_ tool: Conformer) throws {
        let bench = try Bench(tool)
        let one = bench.run("-j 1")
        let four = bench.run("-j 4")
        let again = bench.run("-j 4")
        #expect(one.status == 0, "\(one.errors)")
        #expect(one.output == four.output && four.output == again.output, "\(tool)")
    }

    @Test(arguments: readers) func concatenatedInputIsOneStream(_ tool: Conformer) throws {
        let bench = try Bench(tool)
        let outcome = bench.run(on: bench.input + bench.input)
        #expect(outcome.status == 0, "\(tool): \(outcome.errors)")
        guard bench.isStream else { return }
        let back = ReadBack(outcome.output)
        #expect(back.isWhole, "\(tool)")
        #expect(
            back.notes.contains { $0.text(of: "prov") == ReadBack(bench.input).head?.text(of: "prov") }, "\(tool): the second prov as NOTE")
        #expect(frames(of: outcome.output).filter { $0.kind == 1 }.count == 1)
        let operands = Shell.run("\(tool.tool) \(tool.arguments) '\(bench.path)' - < '\(bench.path)'", in: bench.scratch.path)
        #expect(operands.output == outcome.output, "\(tool): two operands")
    }

    @Test(arguments: filters.filter(\.keepsRecords)) func whatIsUnknownPassesUntouchedAndInOrder(_ tool: Conformer) throws {
        let bench = try Bench(tool)
        var changed = frames(of: bench.input)
        let before = #""zebra" : [ 1.50, {"a" :2e0}],"#
        let after = #","later":{"x": null}"#
        for index in changed.indices where changed[index].kind == 2 {
            var text = String(decoding: changed[index].meta, as: UTF8.self)
            text.insert(contentsOf: before, at: text.index(after: text.startIndex))
            text.insert(contentsOf: after, at: text.index(before: text.endIndex))
            // A tensor of nobody's, after all others.
            let at = (changed[index].payload.count + 63) / 64 * 64
            let entry = ",{\"name\":\"foreign/one\",\"dtype\":\"<i2\",\"shape\":[2],\"axes\":[\"q\"],\"at\":\(at),\"lens\":\"wide\"}]"
            let table = try #require(text.firstRange(of: "\"tensors\":["))
            var depth = 0
            let close = try #require(
                text[table.lowerBound...].indices.first {
                    if text[$0] == "[" { depth += 1 }
                    if text[$0] == "]" { depth -= 1 }
                    return text[$0] == "]" && depth == 0
                })
            text.replaceSubrange(close...close, with: entry)
            changed[index].meta = Array(text.utf8)
            changed[index].payload += [UInt8](repeating: 0, count: at - changed[index].payload.count) + [1, 2, 3, 4]
        }
        let outcome = bench.run(on: changed.flatMap(\.bytes))
        #expect(outcome.status == 0, "\(tool): \(outcome.errors)")
        let records = ReadBack(outcome.output).records
        if tool.keepsAll { #expect(records.count == changed.filter { $0.kind == 2 }.count, "\(tool)") }
        for record in records {
            let names = record.meta.names
            #expect(record.meta.text(of: "zebra") == #"[ 1.50, {"a" :2e0}]"#, "\(tool)")
            #expect(record.meta.text(of: "later") == #"{"x": null}"#, "\(tool)")
            #expect(names.first == "zebra", "\(tool): \(names)")
            let key = try #require(names.firstIndex(of: "key"))
            let later = try #require(names.firstIndex(of: "later"))
            #expect(key < later, "\(tool): \(names)")
            let foreign = try #require(record["foreign/one"], "\(tool)")
            #expect(foreign.payload.elements(UInt8.self) == [1, 2, 3, 4])
            #expect(record.meta.text(of: "tensors")?.contains(#""lens":"wide""#) == true, "\(tool)")
        }
    }

    @Test(arguments: readers) func laterMinorVersionsAreRead(_ tool: Conformer) throws {
        let bench = try Bench(tool)
        var changed = frames(of: bench.input)
        let skippable = TestFrame(0x8123, 1, #"{"from":"the future"}"#, payload: [1, 2, 3])
        changed.insert(skippable, at: 1)
        for index in changed.indices {
            changed[index].number = UInt64(index)
            changed[index].minor = 9
            changed[index].flags = 0x0001_0000
        }
        let outcome = bench.run(on: changed.flatMap(\.bytes))
        #expect(outcome.status == 0, "\(tool): \(outcome.errors)")
        #expect(outcome.output == bench.run().output, "\(tool)")
    }

    // MARK: Damaged input

    @Test(arguments: readers) func everyKindOfCutIsSeen(_ tool: Conformer) throws {
        let bench = try Bench(tool)
        var ends: [Int] = [0]
        for frame in frames(of: bench.input) { ends.append((ends.last ?? 0) + frame.bytes.count) }
        var cuts = Set(ends.dropLast()).union([1, 63, 64, 65, bench.input.count - 1, bench.input.count - 64])
        for share in 1..<8 { cuts.insert(bench.input.count * share / 8 + 5) }
        if cuts.count > 24 { cuts = Set(cuts.sorted().enumerated().filter { $0.offset % (cuts.count / 20) == 0 }.map(\.element)) }
        for cut in cuts.sorted() {
            bench.expectFailure(bench.run(on: Array(bench.input[..<cut])), 65, "cut after \(cut) of \(bench.input.count) bytes")
        }
    }

    @Test(arguments: readers) func flippedBitsAreSeen(_ tool: Conformer) throws {
        let bench = try Bench(tool)
        for draw in 0..<20 {
            var flipped = bench.input
            let at = Int((UInt64(draw) &* 0x9E37_79B9_7F4A_7C15 &+ 12345) % UInt64(flipped.count))
            flipped[at] ^= 1 << UInt8(draw % 8)
            bench.expectFailure(bench.run(on: flipped), 65, "bit \(draw % 8) of byte \(at)")
        }
    }

    @Test(arguments: readers) func brokenStreamsAreRefused(_ tool: Conformer) throws {
        let bench = try Bench(tool)
        for name in ["zero-bytes", "not-a-stream", "only-head", "higher-major", "text-after-end", "head-of-another-format"] {
            bench.expectFailure(bench.run(on: Shell.read(Place.zoo + "/broken/\(name).ecgs") ?? []), 65, name)
        }
    }

    @Test(arguments: readers) func stageKilledUpstreamIsSeen(_ tool: Conformer) throws {
        let bench = try Bench(tool)
        let killed = "sh -c 'head -c \(bench.input.count - 70) \"\(bench.path)\"; kill -9 $$'"
        let outcome = Shell.run("\(killed) | \(tool.tool) \(tool.arguments)", in: bench.scratch.path)
        #expect(outcome.status == 65, "\(tool): \(outcome.errors)")
    }

    @Test(arguments: readers) func abortIsPassedOn(_ tool: Conformer) throws {
        let bench = try Bench(tool)
        let all = frames(of: bench.input)
        for count in [0, 1, all.count - 2] {
            let aborted =
                all[...count].flatMap(\.bytes) + TestFrame.abort(count + 1, records: count).bytes + Array("what follows is not read".utf8)
            let outcome = bench.run(on: aborted)
            bench.expectFailure(outcome, 76, "ABORT after \(count) records")
            #expect(outcome.errors.contains("ecg-infer") && outcome.errors.contains("100/1234"), "\(outcome.errors)")
            guard bench.isStream else { continue }
            #expect(ReadBack(outcome.output).abort?.text(of: "error") == ReadBack(aborted).abort?.text(of: "error"), "\(tool)")
            let chain = Shell.run(
                "\(tool.tool) \(tool.arguments) < '\(bench.scratch.path)/changed' | ecg-cat >/dev/null", in: bench.scratch.path)
            #expect(chain.status == 76, "\(tool): the last stage tells")
        }
    }

    // MARK: Output that fails

    @Test(arguments: Conformer.all) func readerThatGoesAwayEndsItSilently(_ tool: Conformer) throws {
        let bench = try Bench(tool)
        // `true` is gone before the tool writes. The tool's status comes back through a file, since sh knows only the last one's.
        let run = "(sleep 0.2; \(tool.tool) \(tool.arguments) < '\(bench.path)'; echo $? > code) | true"
        let outcome = Shell.run("\(run); while ! [ -s code ]; do sleep 0.05; done; cat code", in: bench.scratch.path)
        #expect(outcome.text == "141\n", "\(tool): \(outcome.errors)")
        #expect(outcome.errors == "", "\(tool)")
    }

    @Test(arguments: Conformer.all) func fullDiskIsAnError(_ tool: Conformer) throws {
        let bench = try Bench(tool)
        let outcome = bench.run(output: "/dev/full")
        #expect(outcome.status == 74, "\(tool): \(outcome.errors)")
        #expect(outcome.errors.contains("No space left"), "\(outcome.errors)")
        let device = bench.run("-o /dev/full")
        #expect(device.status == 74, "\(tool) -o /dev/full: \(device.errors)")
        let closed = Shell.run("\(tool.tool) \(tool.arguments) < '\(bench.path)' >&-", in: bench.scratch.path)
        #expect(closed.status == 74, "\(tool) with standard output closed: \(closed.errors)")
    }

    @Test(arguments: Conformer.all) func binaryNeverMeetsATerminal(_ tool: Conformer) throws {
        let bench = try Bench(tool)
        let terminal = try #require(Terminal())
        let binary = bench.isStream || tool.isBinary || ["npz", "arrow", "svg"].contains { tool.arguments.contains($0) }
        let written = bench.run(output: terminal.path)
        #expect(written.status == (binary ? 64 : 0), "\(tool) to a terminal: \(written.errors)")
        let named = bench.run("-o '\(terminal.path)'")
        #expect(named.status == (binary ? 64 : 0), "\(tool) -o terminal: \(named.errors)")
        guard tool.role != .source else { return }
        let read = Shell.run("exec \(tool.tool) \(tool.arguments)", in: bench.scratch.path, input: terminal.path)
        bench.expectFailure(read, 64, "standard input is a terminal")
    }

    // MARK: -o

    @Test(arguments: Conformer.all) func outputFileAppearsOnlyWhole(_ tool: Conformer) throws {
        let bench = try Bench(tool)
        let plain = bench.run()
        let result = bench.scratch.path + "/out/result"
        _ = Shell.run("mkdir out; echo old > out/target; chmod 640 out/target; ln -s target out/result", in: bench.scratch.path)
        if tool.role != .source {
            let broken = bench.run(on: Array(bench.input.dropLast(64)), "-o out/result")
            #expect(broken.status == 65, "\(broken.errors)")
            #expect(Shell.read(result) == Array("old\n".utf8), "\(tool): the old file stays")
        }
        #expect(Shell.run("ls -A out", in: bench.scratch.path).text == "result\ntarget\n", "\(tool): nothing is left behind")
        let whole = bench.run("-o out/result")
        #expect(whole.status == 0 && whole.output.isEmpty, "\(tool): \(whole.errors)")
        #expect(Shell.read(bench.scratch.path + "/out/target") == plain.output, "\(tool): through the link")
        #expect(
            Shell.run("ls -A out; stat -c %a out/target; test -L out/result", in: bench.scratch.path).text == "result\ntarget\n640\n",
            "\(tool)")
        let fifo = Shell.run(
            "mkfifo f; cat f > got & \(tool.tool) \(tool.arguments) -o f < '\(bench.path)'; r=$?; wait; exit $r", in: bench.scratch.path)
        #expect(fifo.status == 0, "\(tool): \(fifo.errors)")
        #expect(Shell.read(bench.scratch.path + "/got") == plain.output, "\(tool): into a FIFO")
        let nowhere = bench.run("-o no/such/folder/result")
        #expect(nowhere.status == 66, "\(tool): \(nowhere.errors)")
    }

    /// Also the signal that ends a program that has failed: then the status is that of an internal error.
    @Test(arguments: readers, ["INT", "TERM", "HUP", "ABRT"]) func signalsRemoveTheTemporaryFile(_ tool: Conformer, _ signal: String) throws
    {
        let bench = try Bench(tool)
        // The tool waits for the rest of its input while the signal comes. sh starts background jobs with INT ignored, so env sets it right.
        let script = """
            mkdir out; mkfifo feed; exec 9<>feed; head -c 200 '\(bench.path)' >&9
            python3 -c 'import os,signal,sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execvp(sys.argv[1], sys.argv[1:])' \
                \(tool.tool) \(tool.arguments) -o out/result < feed 9>&- & p=$!
            n=0; while [ -z "$(ls -A out)" ] && [ $n -lt 100 ]; do sleep 0.05; n=$((n+1)); done
            [ -n "$(ls -A out)" ] || echo 'no temporary file'
            kill -\(signal) $p; wait $p; status=$?; ls -A out
            [ \(signal) != ABRT ] || [ $status = 70 ] || echo "status $status"
            """
        #expect(Shell.run(script, in: bench.scratch.path).text == "", "\(tool)")
    }

    // MARK: The command line

    @Test(arguments: Conformer.all) func usageErrorsAreStatus64(_ tool: Conformer) throws {
        let bench = try Bench(tool)
        for wrong in ["--no-such-option", "-j 0", "-j many", "--seed x", "--isa pentium", "--max-frame 0", "-o ''"] {
            let outcome = bench.run(wrong)
            #expect(outcome.status == 64, "\(tool) \(wrong)")
            #expect(outcome.output.isEmpty, "\(tool) \(wrong)")
            #expect(outcome.errors.hasPrefix(tool.tool + ": "), "\(tool) \(wrong): \(outcome.errors)")
        }
        let help = Shell.run("\(tool.tool) --help")
        let version = Shell.run("\(tool.tool) --version")
        #expect(help.status == 0 && help.text.contains("USAGE: \(tool.tool)"))
        #expect(version.status == 0 && version.text.hasPrefix("\(tool.tool) "))
        #expect(Shell.run("\(tool.tool) --help", output: "/dev/full").status == 74)
    }

    @Test(arguments: readers) func missingFileIsStatus66(_ tool: Conformer) throws {
        let bench = try Bench(tool)
        bench.expectFailure(bench.run("no-such-file"), 66, "no such file")
        bench.expectFailure(bench.run("'\(bench.path)' no-such-file"), 66, "no such second file")
        bench.expectFailure(bench.run("/"), 66, "a folder")
    }

    @Test(arguments: readers) func messagesCanBeJSON(_ tool: Conformer) throws {
        let bench = try Bench(tool)
        let outcome = bench.run(on: Array(bench.input.dropLast(64)), "--log json")
        let message = try JSON(parsing: outcome.errors.split(separator: "\n").first.map(String.init) ?? "")
        #expect(message["tool"]?.string == tool.tool && message["exit"]?.int == 65 && message["level"]?.string == "error")
    }

    @Test(arguments: readers) func framesOverTheLimitAreRefused(_ tool: Conformer) throws {
        let bench = try Bench(tool)
        var changed = frames(of: bench.input)
        let payload = [UInt8](repeating: 0, count: (1 << 20) + 64)
        let table = #"[{"name":"x","dtype":"|u1","shape":[1048640],"axes":["n"],"at":0}]"#
        changed.insert(TestFrame(2, 1, "{\"key\":\"big\",\"tensors\":\(table)}", payload: payload), at: 1)
        for index in changed.indices { changed[index].number = UInt64(index) }
        bench.expectFailure(bench.run(on: changed.flatMap(\.bytes), "--max-frame 1"), 65, "--max-frame 1")
    }
}

/// A terminal that nobody sits at.
final class Terminal {
    let path: String
    private let descriptor: Int32

    init?() {
        // posix_openpt and its kin are hidden from Swift; these are the requests that they make.
        let unlock: UInt = 0x4004_5431
        let getNumber: UInt = 0x8004_5430
        var locked: CInt = 0
        var number: CInt = 0
        descriptor = open("/dev/ptmx", O_RDWR | O_NOCTTY)
        guard descriptor >= 0, ioctl(descriptor, unlock, &locked) == 0, ioctl(descriptor, getNumber, &number) == 0 else { return nil }
        path = "/dev/pts/\(number)"
    }

    deinit { close(descriptor) }
}
