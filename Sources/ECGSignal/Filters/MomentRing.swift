// SPDX-License-Identifier: GPL-3.0-or-later

/// The newest moments of up to four leads, values [time][lane] in double precision, that a filter still runs over.
///
/// Moments count from the first one that was appended. Those that are more than `capacity` before the newest are gone: the new ones take their
/// place, so that nothing is moved and the memory stays in the cache. It grows up to that capacity as it is filled.
struct MomentRing: Sendable {
    private let capacity: Int
    private let width: Int
    private var values: [Double] = []
    /// After the newest moment.
    private(set) var end = 0

    init(capacity: Int, width: Int) {
        self.capacity = capacity
        self.width = width
    }

    /// Moments from one on that lie in one run of memory.
    func contiguous(_ moment: Int) -> Int { capacity - moment % capacity }

    /// Those before it.
    private func contiguousBefore(_ moment: Int) -> Int { (moment - 1) % capacity + 1 }

    private func places(_ moments: Range<Int>) -> Range<Int> {
        let first = moments.lowerBound % capacity
        return first..<first + moments.count
    }

    subscript(moment: Int, lane: Int) -> Double { values[moment % capacity * width + lane] }

    /// Appends a moment whose values are given by lane.
    mutating func append(_ value: (_ lane: Int) -> Double) {
        let first = end % capacity * width
        for lane in 0..<width {
            if first + lane == values.count { values.append(value(lane)) } else { values[first + lane] = value(lane) }
        }
        end += 1
    }

    /// Appends samples of each lead times a factor.
    ///
    /// - Precondition: they have room in one run, see `contiguous`.
    mutating func append(_ samples: [LeadSamples], times factor: Double) {
        let place = end % capacity, count = samples.first?.range.count ?? 0
        precondition(count <= contiguous(end))
        if place * width == values.count {
            SignalLoops.append(samples, times: factor, lanes: width, to: &values)
        } else {
            SignalLoops.set(&values, at: place, to: samples, times: factor, lanes: width)
        }
        end += count
    }

    /// Runs a cascade over moments in place.
    mutating func run(_ cascade: inout BiquadCascade, _ moments: Range<Int>, backwards: Bool = false) {
        var rest = moments
        while !rest.isEmpty {
            if backwards {
                let part = rest.suffix(contiguousBefore(rest.upperBound))
                cascade.run(&values, places(part), backwards: true)
                rest = rest.lowerBound..<part.lowerBound
            } else {
                let part = rest.prefix(contiguous(rest.lowerBound))
                cascade.run(&values, places(part))
                rest = part.upperBound..<rest.upperBound
            }
        }
    }

    /// Runs a cascade forwards and another one backwards over as many other moments, side by side.
    mutating func run(
        _ cascade: inout BiquadCascade, _ moments: Range<Int>, beside other: inout BiquadCascade, backwards otherMoments: Range<Int>
    ) {
        var (rest, otherRest) = (moments, otherMoments)
        while !rest.isEmpty {
            let count = min(rest.count, contiguous(rest.lowerBound), contiguousBefore(otherRest.upperBound))
            let (part, otherPart) = (rest.prefix(count), otherRest.suffix(count))
            cascade.run(&values, places(part), beside: &other, backwards: places(otherPart))
            rest = part.upperBound..<rest.upperBound
            otherRest = otherRest.lowerBound..<otherPart.lowerBound
        }
    }

    /// Makes an array of moments.
    func copy(_ moments: Range<Int>, to copy: inout [Double]) {
        copy.removeAll(keepingCapacity: true)
        var rest = moments
        while !rest.isEmpty {
            let part = rest.prefix(contiguous(rest.lowerBound)), places = places(part)
            copy.append(contentsOf: values[places.lowerBound * width..<places.upperBound * width])
            rest = part.upperBound..<rest.upperBound
        }
    }

    /// Sets values of the leads, from index `at` of each on, to moments times a factor, rounded to single precision.
    func give(_ moments: Range<Int>, times factor: Double, to leads: inout [[Float]], at index: Int) {
        var rest = moments
        while !rest.isEmpty {
            let part = rest.prefix(contiguous(rest.lowerBound))
            SignalLoops.set(
                &leads, at: index + part.lowerBound - moments.lowerBound, to: values, places(part), times: factor, lanes: width)
            rest = part.upperBound..<rest.upperBound
        }
    }
}
