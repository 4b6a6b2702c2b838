// SPDX-License-Identifier: GPL-3.0-or-later
import ECGExplain
import ECGStream
import ECGTool

/// The waves in a record's `fiducials`, as ecg-measure writes them.
enum RecordWaves {
    static func waves(_ record: Record, leads: [String]) throws -> [WaveShares.Waves] {
        guard let fiducials = record.meta["fiducials"]?.object else {
            throw ToolError(.data, "has no fiducials; measure it with ecg-measure first", record: record.key)
        }
        func span(_ name: String) -> Range<Int>? {
            guard let wave = fiducials[name]?.object, let onset = wave["onset"]?.double, let offset = wave["offset"]?.double,
                onset.isFinite, offset.isFinite, abs(onset) < 1e9, abs(offset) < 1e9, onset < offset
            else { return nil }
            return Int(onset.rounded())..<Int(offset.rounded()) + 1
        }
        return [WaveShares.Waves(p: span("P"), qrs: span("QRS"), t: span("T"))]
    }
}
