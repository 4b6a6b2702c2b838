// SPDX-License-Identifier: GPL-3.0-or-later

/// A filter designed for one sampling frequency: taps, spectra and sections, made once and shared by all leads, records and threads.
public final class FilterPlan: Sendable {
    public let fs: Double
    /// The sampling frequency of what comes out.
    public let outputFs: Double
    /// How positions change, over all the steps.
    public let ratio: RationalRatio
    /// The unit that voltages come out in, if a step changes it.
    public let outputUnit: VoltageUnit?
    /// Whether a step scales the record, so that what comes out has no unit.
    public var isScaled: Bool { !scales.isEmpty }
    /// The designs in words, with the SciPy call that gives the same taps or sections.
    public let description: [String]
    /// The steps between the scalings of whole records; one more than `scales`.
    let segments: [Segment]
    let scales: [RecordScale]

    /// Steps that samples pass one by one, at the sampling frequency of their input.
    struct Segment: Sendable {
        var fs: Double
        var ratio = RationalRatio.identity
        var steps: [Prepared] = []
    }

    enum Prepared: Sendable {
        case fir(ImpulseResponse, FilterEdge)
        case iir(ZeroPhaseIIR)
        case savitzkyGolay(SavitzkyGolay)
        case baseline(fs: Double, FilterEdge)
        case resample(Resampler, FilterEdge)
        case unit(VoltageUnit)
    }

    /// - Throws: `FilterError` where a step does not fit the sampling frequency.
    public init(_ options: FilterOptions, fs: Double) throws(FilterError) {
        guard fs > 0, fs.isFinite else { throw FilterError("the sampling frequency must be positive, not \(fs)") }
        self.fs = fs
        var fs = fs
        var ratio = RationalRatio.identity
        var unit: VoltageUnit?
        var words: [String] = []
        var segments = [Segment(fs: fs)]
        var scales: [RecordScale] = []
        for step in options.steps {
            var prepared: [Prepared] = []
            switch step {
            case .band, .highpass, .lowpass, .notch:
                prepared = try Self.band(step, options, fs: fs, words: &words)
            case .baseline:
                let edge = options.edge ?? .hold
                let (short, long) = BaselineStage.windows(fs: fs)
                words.append("baseline: x - medfilt(medfilt(x, \(short)), \(long)), edge \(edge.rawValue)")
                prepared = [.baseline(fs: fs, edge)]
            case .savitzkyGolay(let window, let order, let derivative, let perSecond):
                prepared = [.savitzkyGolay(try Self.savitzkyGolay(window, order, derivative, perSecond ? fs : 1))]
                words.append(
                    "savgol_filter(x, \(window), \(order), deriv=\(derivative), delta=\(perSecond ? 1 / fs : 1), mode='interp')")
            case .resample(let target):
                let change = try RationalRatio(from: fs, to: target)
                var taps = options.resamplingTaps ?? []
                if options.resamplingTaps == nil { taps = try Resampler.taps(change) }
                let edge = options.edge ?? (options.resamplingTaps == nil ? .hold : .zero)
                words.append("resample_poly(x, \(change.up), \(change.down)) with \(taps.count) taps, edge \(edge.rawValue)")
                if change != .identity || options.resamplingTaps != nil {
                    prepared = [.resample(Resampler(ratio: change, taps: taps), edge)]
                }
                ratio = try ratio.times(change)
                segments[segments.count - 1].ratio = try segments[segments.count - 1].ratio.times(change)
                fs = target
            case .unit(let target):
                unit = target
                prepared = [.unit(target)]
            case .scale(.none):
                break
            case .scale(let scale):
                scales.append(scale)
                segments.append(Segment(fs: fs))
            }
            segments[segments.count - 1].steps += prepared
        }
        self.segments = segments
        self.scales = scales
        self.ratio = ratio
        outputFs = fs
        outputUnit = unit
        description = words
    }

    /// Wakes the planner of the transforms, and plans the block length that most filters have: for a program that has a thread to spare while it does
    /// not know its filters yet.
    public static func prepareTransforms() { _ = PairTransform.of(length: 8192) }

    private static func band(
        _ step: FilterStep, _ options: FilterOptions, fs: Double, words: inout [String]
    ) throws(FilterError) -> [Prepared] {
        guard let bands = try BandDesign.bands(step, fs: fs) else { return [] }
        if let order = options.iirOrder {
            guard (1...24).contains(order) else { throw FilterError("--iir: the order must lie between 1 and 24") }
            var prepared: [Prepared] = []
            for kind in try BandDesign.butterworth(step, fs: fs) {
                words.append("sosfiltfilt(butter(\(order), \(kind.words), fs=\(fs), output='sos'), x)")
                prepared.append(.iir(try ZeroPhaseIIR(Butterworth(order: order, kind: kind, fs: fs))))
            }
            return prepared
        }
        var count = options.tapCount ?? 0
        if options.tapCount == nil { count = try BandDesign.tapCount(transition: bands.transition, fs: fs) }
        guard count > 0, count % 2 == 1, count <= ImpulseResponse.mostTaps else {
            throw FilterError("the number of taps must be odd and at most \(ImpulseResponse.mostTaps), not \(count)")
        }
        let edge = options.edge ?? .zero
        let edges = bands.pass.flatMap { [$0.lowerBound, $0.upperBound] }.filter { $0 > 0 && $0 < fs / 2 }
        let passesZero = bands.pass.first?.lowerBound == 0
        words.append("firwin(\(count), \(edges), pass_zero=\(passesZero ? "True" : "False"), fs=\(fs)), edge \(edge.rawValue)")
        return [.fir(ImpulseResponse(taps: FIRDesign.taps(bands: bands.pass, fs: fs, window: FIRDesign.hamming(count))), edge)]
    }

    private static func savitzkyGolay(_ window: Int, _ order: Int, _ derivative: Int, _ rate: Double) throws(FilterError) -> SavitzkyGolay {
        guard window >= 1, window <= 1 << 20 else { throw FilterError("--savgol: a window of \(window) samples is out of range") }
        guard order >= 0, order < window, order <= 64 else {
            throw FilterError("--savgol: the order must be below the window and at most 64, not \(order)")
        }
        guard (0...64).contains(derivative) else { throw FilterError("--deriv: \(derivative) is out of range") }
        var factor = 1.0
        for _ in 0..<derivative { factor *= rate }
        return SavitzkyGolay(window: window, order: order, derivative: derivative, factor: factor)
    }

    /// How many leads go in step: recursive filters are waiting for themselves unless they have several to work on.
    var leadsTogether: Int {
        let recurses = segments.contains { $0.steps.contains { if case .iir = $0 { true } else { false } } }
        return recurses ? 4 : 1
    }

    /// The steps of a segment for leads that go in step, whose values are in `units`.
    func group(segment: Int, units: inout [VoltageUnit?]) -> LeadGroup {
        // Behind a scaling there are no voltages any more.
        if segment > 0 { units = [VoltageUnit?](repeating: nil, count: units.count) }
        let segment = segments[segment]
        let count = units.count
        var stages: [any GroupStage] = []
        for step in segment.steps {
            switch step {
            case .fir(let response, let edge): stages.append(EachLead(FIRStage(response, edge: edge), count: count))
            case .iir(let filter): stages.append(ZeroPhaseIIRStage(filter, leads: count))
            case .savitzkyGolay(let filter): stages.append(EachLead(SavitzkyGolayStage(filter), count: count))
            case .baseline(let fs, let edge): stages.append(EachLead(BaselineStage(fs: fs, edge: edge), count: count))
            case .resample(let resampler, let edge): stages.append(EachLead(ResampleStage(resampler, edge: edge), count: count))
            case .unit(let target):
                let gains = units.map { $0.map { target.factor(from: $0) } ?? 1 }
                if gains.contains(where: { $0 != 1 }) { stages.append(EachLead(gains.map { GainStage(gain: $0) })) }
                for lead in units.indices where units[lead] != nil { units[lead] = target }
            }
        }
        return LeadGroup(stages: stages, count: count, fs: segment.fs, ratio: segment.ratio)
    }
}

/// A change of unit.
struct GainStage: LeadStage {
    let gain: Float

    mutating func push(_ input: [Float], _ range: Range<Int>, into output: inout [Float]) {
        for value in input[range] { output.append(value * gain) }
    }

    mutating func finish(into output: inout [Float]) {}
}

extension RationalRatio {
    func times(_ other: RationalRatio) throws(FilterError) -> RationalRatio {
        let (up, overflowUp) = up.multipliedReportingOverflow(by: other.up)
        let (down, overflowDown) = down.multipliedReportingOverflow(by: other.down)
        guard !overflowUp, !overflowDown, max(up, down) < 1 << 40 else { throw FilterError("too many resampling steps") }
        var (a, b) = (up, down)
        while b != 0 { (a, b) = (b, a % b) }
        return RationalRatio(up: up / a, down: down / a)
    }
}
