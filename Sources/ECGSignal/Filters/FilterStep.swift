// SPDX-License-Identifier: GPL-3.0-or-later

/// A unit of voltage that signals can be given in.
public enum VoltageUnit: String, CaseIterable, Sendable {
    case millivolt = "mV"
    case microvolt = "uV"

    /// What WFDB calls the unit of values without one: those of a scaled signal are no voltages.
    public static let normalised = "NU"

    /// The unit as recordings name it, if it is one of these.
    public init?(name: String) {
        switch name {
        case "mV": self = .millivolt
        case "uV", "µV", "μV": self = .microvolt
        default: return nil
        }
    }

    /// What a value in another unit is multiplied by to be in this one.
    public func factor(from other: VoltageUnit) -> Float {
        switch (other, self) {
        case (.millivolt, .microvolt): 1000
        case (.microvolt, .millivolt): 0.001
        default: 1
        }
    }
}

/// How the values of a whole record are scaled.
public enum RecordScale: String, CaseIterable, Sendable {
    case none
    /// (x - min) / (max - min), over all leads together.
    case minmax
    /// (x - mean) / standard deviation, each lead for itself.
    case zscore
}

/// One step of a filter, in the order in which a user gives them. Frequencies are in Hz.
public enum FilterStep: Equatable, Sendable {
    case band(low: Double, high: Double)
    case highpass(Double)
    case lowpass(Double)
    /// The frequency and its harmonics, a band of 2 Hz each.
    case notch(Double)
    case baseline
    /// A window in samples; the derivative by samples, or by seconds.
    case savitzkyGolay(window: Int, order: Int, derivative: Int, perSecond: Bool)
    case resample(fs: Double)
    case unit(VoltageUnit)
    case scale(RecordScale)

    /// Whether it passes some frequencies and stops others, by linear phase or as Butterworth's.
    public var isBand: Bool {
        switch self {
        case .band, .highpass, .lowpass, .notch: true
        case .baseline, .savitzkyGolay, .resample, .unit, .scale: false
        }
    }
}

/// The steps of a filter and what holds for all of them.
public struct FilterOptions: Sendable {
    public var steps: [FilterStep]
    /// Butterworth filters of this order both ways in place of linear-phase ones.
    public var iirOrder: Int?
    /// The rule at the record's ends. By default band filters see zeros there, and the running medians and resampling the outermost sample held.
    public var edge: FilterEdge?
    /// The number of taps of band filters, odd, in place of the rule's.
    public var tapCount: Int?
    /// The taps of resampling steps, at `up` times the old sampling frequency, in place of the rule's.
    public var resamplingTaps: [Double]?

    public init(
        steps: [FilterStep], iirOrder: Int? = nil, edge: FilterEdge? = nil, tapCount: Int? = nil, resamplingTaps: [Double]? = nil
    ) {
        self.steps = steps
        self.iirOrder = iirOrder
        self.edge = edge
        self.tapCount = tapCount
        self.resamplingTaps = resamplingTaps
    }
}
