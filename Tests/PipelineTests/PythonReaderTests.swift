// SPDX-License-Identifier: GPL-3.0-or-later
import StreamFixtures
import Testing

/// The reader in examples/, which must refuse what is not whole.
@Suite struct PythonReaderTests {
    @Test func readsWholeStreamsAndRefusesOthers() throws {
        guard let python = Python.with("numpy") else { return }
        let reader = "\(python) -B \(Place.root)/examples/read_stream.py"
        for (specimen, records) in Zoo.good {
            let outcome = Shell.run("\(reader) \(Place.zoo)/good/\(specimen.name).ecgs")
            #expect(outcome.status == 0, "\(specimen.name): \(outcome.errors)")
            #expect(outcome.text.split(separator: "\n").count == records, "\(specimen.name)")
        }
        let refused =
            [
                "zero-bytes", "no-end", "only-head", "lost-frame", "higher-major", "unknown-flag", "payload-sum", "meta-sum",
                "text-after-end",
            ]
            + ["end-counts-more", "second-stream-cut", "huge-payload", "tensor-leaves-payload", "unknown-kind"]
        for name in refused { #expect(Shell.run("\(reader) \(Place.zoo)/broken/\(name).ecgs").status == 1, "\(name)") }
        for specimen in Zoo.aborted { #expect(Shell.run("\(reader) \(Place.zoo)/aborted/\(specimen.name).ecgs").status == 1) }
    }

    @Test func refusesEveryCut() throws {
        guard let python = Python.with("numpy") else { return }
        // One process for all cuts: starting Python a thousand times would take minutes.
        let script = """
            import io, sys; sys.path.insert(0, sys.argv[1])
            from read_stream import read
            data = open(sys.argv[2], "rb").read()
            for n in range(len(data)):
                try: list(read(io.BytesIO(data[:n])))
                except ValueError: continue
                sys.exit(f"cut after {n} bytes was taken as whole")
            assert len(list(read(io.BytesIO(data)))) == 5
            """
        let scratch = Scratch()
        let path = scratch.file("cuts.py", Array(script.utf8))
        let outcome = Shell.run("\(python) -B \(path) \(Place.root)/examples \(Place.zoo)/good/beats.ecgs")
        #expect(outcome.status == 0, "\(outcome.errors)")
    }
}
