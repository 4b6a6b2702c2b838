// SPDX-License-Identifier: GPL-3.0-or-later
#if canImport(Glibc)
import Glibc
#endif

/// A recording of Gaussian waves with known R peaks.
struct SyntheticRhythm {
    var samplingFrequency: Double
    var seconds: Double
    var leadGains: [Float]
    /// R peaks in samples.
    var peaks: [Int] = []
    /// [lead, time]
    var signal: [Float] = []
    var count: Int { Int(seconds * samplingFrequency) }

    /// RR intervals vary slowly between 0.7 and 0.9 s; P and T waves are a seventh and a third of R.
    init(samplingFrequency: Double, seconds: Double = 30, leadGains: [Float] = [1]) {
        self.samplingFrequency = samplingFrequency
        self.seconds = seconds
        self.leadGains = leadGains
        var time = 0.5
        var number = 0
        while time < seconds - 0.4 {
            peaks.append(Int((time * samplingFrequency).rounded()))
            time += 0.8 + 0.1 * sin(Double(number) * 0.7)
            number += 1
        }
        var lead = [Float](repeating: 0, count: count)
        for peak in peaks {
            add(to: &lead, at: peak, offset: -0.16, height: 0.15, width: 0.025)
            add(to: &lead, at: peak, offset: 0, height: 1, width: 0.012)
            add(to: &lead, at: peak, offset: 0.028, height: -0.25, width: 0.010)
            add(to: &lead, at: peak, offset: 0.28, height: 0.32, width: 0.05)
        }
        for gain in leadGains { signal += lead.map { $0 * gain } }
    }

    private func add(to lead: inout [Float], at peak: Int, offset: Double, height: Double, width: Double) {
        let middle = Double(peak) + offset * samplingFrequency
        let reach = width * samplingFrequency * 5
        for i in max(0, Int(middle - reach))...min(lead.count - 1, max(0, Int(middle + reach))) {
            let x = (Double(i) - middle) / (width * samplingFrequency)
            lead[i] += Float(height * exp(-0.5 * x * x))
        }
    }

    /// The samples [from, to) of all leads.
    func part(_ from: Int, _ to: Int) -> [Float] {
        leadGains.indices.flatMap { signal[($0 * count + from)..<($0 * count + to)] }
    }
}

/// A small generator of numbers that are the same everywhere.
struct SmallRandom {
    var state: UInt64

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state >> 33
    }

    /// Between -1 and 1, the sum of several, so that it is nearly normal.
    mutating func noise() -> Float {
        var sum: Float = 0
        for _ in 0..<6 { sum += Float(next() % 2001) / 1000 - 1 }
        return sum / 2
    }
}
