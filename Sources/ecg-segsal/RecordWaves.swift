// SPDX-License-Identifier: GPL-3.0-or-later
import ECGExplain
import ECGStream
import ECGTool

/// The waves in a record's `fiducials`, as ecg-measure writes them.
enum RecordWaves {
    /// Those of all leads together: a wave begins and ends at the same time in every lead.
    static func waves(_ record: Record, leads: [String]) throws -> [WaveShares.Waves] {
        [WaveShares.Waves(p: try record.wave("P"), qrs: try record.wave("QRS"), t: try record.wave("T"))]
    }
}
