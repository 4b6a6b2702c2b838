// SPDX-License-Identifier: GPL-3.0-or-later
import ECGSignal
import ECGStream
import ECGTool

extension Beats {
    /// What all beats or windows of a recording have in common: the members of the cut in their order, to be filled in, and what the recording says of itself.
    func template(of part: Record, layout: SignalLayout, members: [String]) -> Record {
        var record = Record(key: part.key)
        for name in ["fs", "leads", "units"] { record.meta[name] = part.meta[name] }
        if scale == .minmax { record.meta["units"] = JSON(layout.leads.map { _ in VoltageUnit.normalised }) }
        record.meta["record"] = .string(part.recordName)
        for name in members { record.meta[name] = .null }
        // What belongs to the samples of the recording has no place in a piece of it.
        let ofSignal: Set = ["key", "fs", "leads", "units", "start", "more", "tensors", "aux", "truth"]
        for name in part.meta.names where !ofSignal.contains(name) { record.meta[name] = part.meta[name] }
        return record
    }
}
