// SPDX-License-Identifier: GPL-3.0-or-later
import ECGStream
import ECGTool

/// Copies what is whole of damaged streams.
enum Rescue {
    static func run(_ stage: Stage, _ inputs: [StreamInput]) throws {
        var gaps: [RescueReader.Gap] = []
        var lost: UInt64 = 0
        for input in inputs {
            try stage.refuseTerminal(input)
            let reader = try RescueReader(input, limits: stage.limits)
            while let frame = try reader.next() {
                switch frame.kind {
                case .head: try stage.adopt(head: frame)
                case .record, .note: try stage.pass(frame)
                case .end: try stage.adopt(end: frame.meta())
                case .abort:
                    let error = try frame.meta()["error"]
                    let cause = "aborted by \(error?["tool"]?.string ?? "the stage before"): \(error?["message"]?.string ?? "")"
                    gaps.append(RescueReader.Gap(place: input.name, cause: cause))
                }
            }
            gaps += reader.gaps
            lost += reader.lostBytes
        }
        guard !gaps.isEmpty else { return }
        for gap in gaps.prefix(20) { stage.warn(gap.cause, place: gap.place) }
        if gaps.count > 20 { stage.warn("and \(gaps.count - 20) more") }
        stage.endMembers = [("gaps", JSON(gaps.count)), ("lost_bytes", JSON(lost))]
        stage.endStatus(.data, "\(gaps.count) gaps, \(lost) bytes lost; what was whole is copied")
    }
}
