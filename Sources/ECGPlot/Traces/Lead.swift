// SPDX-License-Identifier: GPL-3.0-or-later

/// One lead of a recording or a beat.
public struct Lead: Sendable {
    public var name: String
    /// `mV` for an ECG; another unit, or none for scaled signals, is drawn to a scale of its own.
    public var unit: String
    /// NaN where there is no signal.
    public var samples: [Float]

    public init(_ name: String, unit: String, samples: [Float]) {
        self.name = name
        self.unit = unit
        self.samples = samples
    }

    /// The name as it is usually written: aVR for AVR or avr.
    public var shownName: String { Self.shown(name) }

    static func shown(_ name: String) -> String {
        let known = ["I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6"]
        return known.first { $0.lowercased() == name.lowercased() } ?? name
    }

    /// The finite samples' least, median and greatest value; nil where there is none.
    var summary: (low: Double, middle: Double, high: Double)? {
        let finite = samples.lazy.filter(\.isFinite).sorted()
        guard let low = finite.first, let high = finite.last else { return nil }
        return (Double(low), Double(finite[finite.count / 2]), Double(high))
    }
}

/// The twelve leads of the standard ECG.
enum TwelveLeads {
    /// By columns of the usual print of three rows.
    static let names = ["I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6"]

    /// Where each of the twelve is among some leads; nil for one that isn't there.
    static func places(in leads: [Lead]) -> [Int?] {
        names.map { name in leads.firstIndex { $0.name.lowercased() == name.lowercased() } }
    }

    static func areComplete(in leads: [Lead]) -> Bool { !places(in: leads).contains(nil) }
}
