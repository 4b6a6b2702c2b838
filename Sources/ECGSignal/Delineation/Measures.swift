// SPDX-License-Identifier: GPL-3.0-or-later

/// How the QT interval is corrected for the heart rate.
public enum QTCorrection: String, Sendable, CaseIterable {
    /// QT / √RR (Bazett, 1920).
    case bazett
    /// QT / ∛RR (Fridericia, 1920).
    case fridericia
    /// QT + 154 ms · (1 − RR) (Sagie et al., Framingham, 1992).
    case framingham
    /// QT + 1.75 ms · (rate − 60) (Hodges et al., 1983).
    case hodges

    /// - Parameters:
    ///   - qt: in ms.
    ///   - rr: in seconds, above 0.
    public func corrected(qt: Double, rr: Double) -> Double {
        switch self {
        case .bazett: qt / rr.squareRoot()
        case .fridericia: qt / Self.cubeRoot(rr)
        case .framingham: qt + 154 * (1 - rr)
        case .hodges: qt + 1.75 * (60 / rr - 60)
        }
    }

    /// Newton's iteration, which ends at the nearest number for any sensible interval.
    private static func cubeRoot(_ value: Double) -> Double {
        var root = max(value, 1)
        for _ in 0..<64 {
            let next = (2 * root + value / (root * root)) / 3
            if next >= root { break }
            root = next
        }
        return root
    }
}

/// What is read off a delineated beat; nil where a wave it needs is absent.
public struct BeatMeasures: Sendable, Equatable {
    /// In milliseconds.
    public var pr: Double?
    public var qrs: Double?
    public var qt: Double?
    public var qtc: Double?
    /// Beats a minute.
    public var rate: Double?
    /// By lead, in the signal's unit above the level before the QRS onset: the highest point of the QRS complex, the J point, and
    /// the peak of the T wave.
    public var r: [Float?]
    public var j: [Float?]
    public var t: [Float?]

    /// - Parameters:
    ///   - beat: what `Delineator` found in `signal`.
    ///   - signal: [lead, time], row-major.
    ///   - samplingFrequency: in Hz.
    ///   - rr: the RR interval to correct QT with and to take the rate from, in seconds.
    public init(_ beat: DelineatedBeat, signal: [Float], samplingFrequency: Double, rr: Double?, correction: QTCorrection = .bazett) {
        let milliseconds = 1000 / samplingFrequency
        let global = beat.global
        if let qrs = global.qrs {
            self.qrs = (qrs.offset - qrs.onset) * milliseconds
            pr = global.p.map { (qrs.onset - $0.onset) * milliseconds }
            qt = global.t.map { ($0.offset - qrs.onset) * milliseconds }
        }
        if let rr, rr > 0, rr.isFinite {
            rate = 60 / rr
            // In a fast atrial flutter, and where the rate outruns the T wave, no end can be told from what follows.
            if let length = qt, length > rr * 1000 - Self.leastPause { qt = nil }
            qtc = qt.map { correction.corrected(qt: $0, rr: rr) }
        }
        let time = beat.leads.isEmpty ? 0 : signal.count / beat.leads.count
        r = []
        j = []
        t = []
        for (lead, waves) in beat.leads.enumerated() {
            let samples = signal[(lead * time)..<((lead + 1) * time)]
            guard let qrs = waves.qrs, let level = Self.level(before: qrs.onset, in: samples, samplingFrequency: samplingFrequency) else {
                r.append(nil)
                j.append(nil)
                t.append(nil)
                continue
            }
            func height(_ place: Int) -> Float? {
                let value = samples[samples.startIndex + min(max(place, 0), time - 1)] - level
                return value.isFinite ? value : nil
            }
            let heights = (Int(qrs.onset.rounded())...Int(qrs.offset.rounded())).compactMap(height)
            r.append(heights.max())
            j.append(height(Int(qrs.offset.rounded())))
            t.append(waves.t.flatMap { height($0.peak) })
        }
    }

    /// A T wave that comes nearer than this to the next QRS complex, in ms, has no end.
    private static let leastPause = 40.0

    /// The mean of the 12 ms before the QRS onset: the heart is electrically silent there.
    private static func level(before onset: Double, in samples: ArraySlice<Float>, samplingFrequency: Double) -> Float? {
        let last = Int(onset.rounded())
        let first = max(0, last - max(1, Int((0.012 * samplingFrequency).rounded())))
        var sum: Float = 0
        var count: Float = 0
        for i in first...max(first, last) {
            let value = samples[samples.startIndex + i]
            if value.isFinite {
                sum += value
                count += 1
            }
        }
        return count > 0 ? sum / count : nil
    }
}
