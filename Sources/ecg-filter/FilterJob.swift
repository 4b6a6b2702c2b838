// SPDX-License-Identifier: GPL-3.0-or-later
import ECGSignal
import ECGStream
import ECGTool
import Synchronization

/// What is to be done to every recording, with the designs that recordings of one sampling frequency share.
final class FilterJob: Sendable {
    let glob: Glob
    private let options: FilterOptions
    /// The resampling steps alone: a record has one sampling frequency, so tensors that are not filtered are resampled all the same.
    private let resampling: FilterOptions
    /// With the sampling frequency that they are for; there are few.
    private let plans = Mutex<[(fs: Double, plans: Plans)]>([])

    struct Plans: Sendable {
        var filter: FilterPlan
        var resampling: FilterPlan
    }

    init(options: FilterOptions, glob: Glob) {
        self.options = options
        self.glob = glob
        var resampling = options
        resampling.steps = options.steps.filter { if case .resample = $0 { true } else { false } }
        self.resampling = resampling
    }

    /// - Returns: the designs, and whether they were made by this call.
    func plans(fs: Double) throws -> (Plans, isNew: Bool) {
        if let known = plans.withLock({ $0.first { $0.fs == fs } }) { return (known.plans, false) }
        let made = Plans(filter: try FilterPlan(options, fs: fs), resampling: try FilterPlan(resampling, fs: fs))
        plans.withLock { $0.append((fs, made)) }
        return (made, true)
    }
}
