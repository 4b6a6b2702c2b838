// SPDX-License-Identifier: GPL-3.0-or-later
import Testing

/// The Python programs of other projects, that results are compared with. `make test` puts them under .build/venv.
enum Python {
    /// A Python that has these modules (`numpy, wfdb`); nil, and said so, where there is none.
    static func with(_ modules: String) -> String? {
        let found = [Place.root + "/.build/venv/bin/python", "python3"].first { Shell.run("\($0) -c 'import \(modules)'").status == 0 }
        if found == nil { print("skipped: no python3 with \(modules) here") }
        return found
    }

    /// Runs `script` where the shell commands `make` have left their files: it ends with 0 if they are as they should be.
    static func check(_ modules: String, _ make: String, _ script: String) {
        guard let python = with(modules) else { return }
        let scratch = Scratch()
        let made = Shell.run("set -e\n" + make, in: scratch.path)
        #expect(made.status == 0, "\(made.errors)")
        _ = scratch.file("check.py", Array(script.utf8))
        let outcome = Shell.run("\(python) check.py", in: scratch.path)
        #expect(outcome.status == 0, "\(outcome.errors)")
    }
}
