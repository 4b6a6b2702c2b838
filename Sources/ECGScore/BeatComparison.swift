// SPDX-License-Identifier: GPL-3.0-or-later

/// The classes of beats in ANSI/AAMI EC57 and what it calls the others.
public enum BeatClass: Int, Sendable, CaseIterable {
    /// Normal, bundle branch block, and the supraventricular beats where they are not told apart.
    case normal
    case ventricular
    case fusion
    /// Paced and unclassifiable beats.
    case unknown

    /// The class of a WFDB annotation symbol (EC57, table 2); nil if it marks no beat.
    public init?(symbol: Character) {
        switch symbol {
        case "N", "L", "R", "B", "A", "a", "J", "S", "e", "j", "n": self = .normal
        case "V", "E", "r": self = .ventricular
        case "F": self = .fusion
        case "/", "f", "Q", "?": self = .unknown
        default: return nil
        }
    }
}

/// A beat of one annotator.
public struct AnnotatedBeat: Sendable, Equatable {
    public var sample: Int
    public var beatClass: BeatClass

    public init(sample: Int, beatClass: BeatClass) {
        self.sample = sample
        self.beatClass = beatClass
    }
}

/// A beat-by-beat comparison after ANSI/AAMI EC57:2012, pairing beats as the WFDB program bxb does.
///
/// A reference and a test beat make a pair if they lie within the match window and neither the next test beat nor the next
/// reference beat fits better. Test beats during ventricular flutter or fibrillation of the reference are not counted.
public struct BeatComparison: Sendable {
    /// pairs[reference class][test class]
    public private(set) var pairs = [[Int]](repeating: [Int](repeating: 0, count: 4), count: 4)
    /// Reference beats without a test beat, by class.
    public private(set) var missed = [Int](repeating: 0, count: 4)
    /// Test beats without a reference beat, by class.
    public private(set) var extra = [Int](repeating: 0, count: 4)
    /// The samples at which a beat was missed and at which one too many was found.
    public private(set) var missedSamples: [Int] = []
    public private(set) var extraSamples: [Int] = []
    /// Sums of the errors of a pair's place, in samples: magnitude, value and square.
    private var magnitude = 0.0
    private var sum = 0.0
    private var square = 0.0
    private var intervalSquare = 0.0
    private var intervals = 0

    /// Compares two annotators of one record.
    ///
    /// - Parameters:
    ///   - reference: the annotator that is believed, in order of time; beats within `excluded` are left out here.
    ///   - test: the annotator under test, in order of time.
    ///   - excluded: spans of ventricular flutter or fibrillation, in samples, ends included.
    ///   - start: the first sample that counts; EC57 leaves out the first five minutes.
    ///   - end: the last sample that counts.
    ///   - window: the match window, in samples; EC57 has 150 ms.
    public init(reference: [AnnotatedBeat], test: [AnnotatedBeat], excluded: [ClosedRange<Int>] = [], start: Int, end: Int, window: Int) {
        let never = Int.max / 4
        let reference = reference.filter { beat in !excluded.contains { $0.contains(beat.sample) } }
        func place(_ beats: [AnnotatedBeat], _ index: Int) -> Int {
            index < 0 ? -never : index < beats.count ? beats[index].sample : never
        }
        var i = reference.firstIndex { $0.sample >= start } ?? reference.count
        var j = (test.firstIndex { $0.sample >= start } ?? test.count) - 1
        // The last test beat before the start may belong to the first reference beat after it.
        if place(reference, i) - place(test, j) >= min(abs(place(reference, i) - place(test, j + 1)), window + 1) {
            j += 1
            if place(test, j) - start <= window,
                abs(place(reference, i) - place(test, j + 1)) < abs(place(reference, i) - place(test, j))
            {
                j += 1
            }
        }
        var previousPair: (reference: Int, test: Int)?
        while place(reference, i) <= end || place(test, j) <= end {
            let expected = place(reference, i)
            let found = place(test, j)
            let isPair =
                found < expected
                ? expected - found <= window && expected - found < abs(expected - place(test, j + 1))
                : found - expected <= window && found - expected < abs(found - place(reference, i + 1))
            if isPair {
                pairs[reference[i].beatClass.rawValue][test[j].beatClass.rawValue] += 1
                let error = Double(found - expected)
                magnitude += error.magnitude
                sum += error
                square += error * error
                if let (r, t) = previousPair, r == i - 1, t == j - 1 {
                    let intervals = (place(reference, i) - place(reference, r), found - place(test, t))
                    let difference = Double(intervals.0 - intervals.1)
                    intervalSquare += difference * difference
                    self.intervals += 1
                }
                previousPair = (i, j)
                i += 1
                j += 1
            } else if found < expected {
                if !excluded.contains(where: { $0.contains(found) }) {
                    extra[test[j].beatClass.rawValue] += 1
                    extraSamples.append(found)
                }
                j += 1
            } else {
                missed[reference[i].beatClass.rawValue] += 1
                missedSamples.append(expected)
                i += 1
            }
        }
    }

    /// Pairs of any classes.
    public var found: Int { pairs.joined().reduce(0, +) }
    /// QRS sensitivity as a fraction, nil without reference beats.
    public var sensitivity: Double? { Self.share(found, of: found + missed.reduce(0, +)) }
    /// QRS positive predictivity as a fraction, nil without test beats.
    public var positivePredictivity: Double? { Self.share(found, of: found + extra.reduce(0, +)) }
    /// Mean distance between the beats of a pair, in samples.
    public var meanAbsoluteError: Double? { found > 0 ? magnitude / Double(found) : nil }
    /// Mean of test minus reference, in samples.
    public var meanError: Double? { found > 0 ? sum / Double(found) : nil }
    /// Standard deviation of test minus reference, in samples.
    public var errorDeviation: Double? {
        guard found > 0 else { return nil }
        let mean = sum / Double(found)
        return max(0, square / Double(found) - mean * mean).squareRoot()
    }
    /// Root mean square error of the RR intervals between neighbouring pairs, in samples.
    public var intervalError: Double? { intervals > 0 ? (intervalSquare / Double(intervals)).squareRoot() : nil }

    static func share(_ part: Int, of whole: Int) -> Double? { whole > 0 ? Double(part) / Double(whole) : nil }
}
