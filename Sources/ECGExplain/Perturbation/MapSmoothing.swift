// SPDX-License-Identifier: GPL-3.0-or-later
import ECGSignal

/// Savitzky-Golay smoothing of maps along time (Arends et al.: window 31, order 3), as `scipy.signal.savgol_filter` in mode `interp`.
public struct MapSmoothing: Sendable {
    private let plan: FilterPlan

    /// - Parameters:
    ///   - window: samples.
    ///   - order: of the polynomial, below the window.
    /// - Throws: `ExplainError` for a window or an order out of range.
    public init(window: Int, order: Int) throws(ExplainError) {
        do {
            plan = try FilterPlan(
                FilterOptions(steps: [.savitzkyGolay(window: window, order: order, derivative: 0, perSecond: false)]), fs: 1)
        } catch {
            throw ExplainError(.usage, "\(error)")
        }
    }

    /// A map smoothed in each lead; flat [lead, time].
    ///
    /// - Throws: `ExplainError` for a lead shorter than the window.
    public func callAsFunction(_ map: [Float], leads: Int) throws(ExplainError) -> [Float] {
        guard leads > 0, !map.isEmpty, map.count % leads == 0 else { return map }
        let inOrder: RecordFilter.Runner = { count, task in for i in 0..<count { task(i) } }
        do {
            let filter = RecordFilter(plan, units: [VoltageUnit?](repeating: nil, count: leads))
            try filter.push(map, run: inOrder)
            try filter.finish(run: inOrder)
            return filter.take(map.count / leads)
        } catch {
            throw ExplainError(.data, "\(error)")
        }
    }
}
