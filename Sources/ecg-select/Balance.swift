// SPDX-License-Identifier: GPL-3.0-or-later
import ECGStream
import ECGTool

/// As many records of each class as of the rarest.
///
/// Which class is the rarest is known only at the end of the input, so what could be chosen is kept in a spool file, and of each record only
/// its draw in memory. The draws are a hash of seed and key, so the choice does not depend on the order of the records.
struct Balance {
    let member: String
    let seed: UInt64

    private struct Candidate {
        let draw: Double
        let index: Int
    }

    func run(_ stage: Stage, _ chooser: Chooser, head: Int?, pass: (Frame, Stage) throws -> Void) throws {
        let spool = try FrameSpool()
        var classes: [String: [Candidate]] = [:]
        var count = 0
        while let frame = try stage.nextFrame() {
            let meta = try frame.meta()
            guard chooser.takes(meta), let value = meta[member], !value.isNull else { continue }
            let draw = Chooser.draw(seed, meta["key"]?.string ?? "", purpose: 2)
            classes[value.string ?? value.text, default: []].append(Candidate(draw: draw, index: count))
            try spool.append(frame)
            count += 1
        }
        let size = classes.values.map(\.count).min() ?? 0
        var isChosen = [Bool](repeating: false, count: count)
        for candidates in classes.values {
            // Equal draws (one key twice) fall to the earlier record.
            for candidate in candidates.sorted(by: { ($0.draw, $0.index) < ($1.draw, $1.index) }).prefix(size) {
                isChosen[candidate.index] = true
            }
        }
        var written = 0
        try spool.rewind()
        for index in 0..<count {
            guard let frame = try spool.next() else { throw ToolError(.inputOutput, "the spool file ends too early") }
            guard isChosen[index], written < head ?? .max else { continue }
            try pass(frame, stage)
            written += 1
        }
    }
}
