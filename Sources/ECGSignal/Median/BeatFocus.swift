// SPDX-License-Identifier: GPL-3.0-or-later

/// Where beats are compared: the QRS complex and the beginning of the ST segment, in windows that are laid over one another.
struct FocusLayout: Sendable {
    let leads: Int
    /// Samples of a lead in a whole window, and in the part that is compared.
    let window: Int
    let width: Int
    /// First sample of that part without any shift.
    let from: Int
    /// The largest shift.
    let reach: Int
    /// Samples of a lead that a comparison with all shifts needs.
    var span: Int { width + 2 * reach }

    init(leads: Int, window: Int, mark: Int, fs: Double) {
        self.leads = leads
        self.window = window
        reach = max(1, min(Int((0.05 * fs).rounded()), (window - 1) / 4))
        let first = max(mark - Int((0.12 * fs).rounded()), reach)
        let last = min(mark + Int((0.2 * fs).rounded()), window - reach)
        from = min(first, window - reach - 1)
        width = max(1, last - from)
    }
}

/// One beat where it is compared: each lead without its mean, missing samples as zero.
struct BeatFocus: Sendable {
    let layout: FocusLayout
    /// [lead, span].
    let values: [Float]
    /// Squared length of the part under each shift.
    private let energies: [Double]
    /// Whether most of the samples are missing.
    let isEmpty: Bool

    init(_ beat: [Float], layout: FocusLayout) {
        self.layout = layout
        var values: [Float] = []
        values.reserveCapacity(layout.leads * layout.span)
        var missing = 0
        var energies = [Double](repeating: 0, count: 2 * layout.reach + 1)
        for lead in 0..<layout.leads {
            let start = lead * layout.window + layout.from
            var sum: Float = 0
            var count: Float = 0
            for index in start..<start + layout.width where !beat[index].isNaN {
                sum += beat[index]
                count += 1
            }
            missing += layout.width - Int(count)
            let mean = count > 0 ? sum / count : 0
            let first = values.count
            for index in start - layout.reach..<start + layout.width + layout.reach {
                values.append(beat[index].isNaN ? 0 : beat[index] - mean)
            }
            var energy = 0.0
            for index in first..<first + layout.width { energy += Double(values[index]) * Double(values[index]) }
            for shift in energies.indices {
                energies[shift] += energy
                guard shift + 1 < energies.count else { break }
                let (old, new) = (Double(values[first + shift]), Double(values[first + shift + layout.width]))
                energy += new * new - old * old
            }
        }
        self.values = values
        self.energies = energies
        isEmpty = 2 * missing > layout.leads * layout.width
    }

    /// The correlation with a template [lead, width] of a given length, under a shift.
    func correlation(_ template: [Float], length: Double, shift: Int) -> Double {
        let energy = energies[shift + layout.reach]
        guard energy > 0, length > 0 else { return 0 }
        var sum: Float = 0
        for lead in 0..<layout.leads {
            var a = lead * layout.width
            var b = lead * layout.span + layout.reach + shift
            var partial: Float = 0
            for _ in 0..<layout.width {
                partial += template[a] * values[b]
                a += 1
                b += 1
            }
            sum += partial
        }
        return Double(sum) / (energy.squareRoot() * length)
    }

    /// The shift of the highest correlation, to a fraction of a sample by the parabola through its neighbours.
    func bestShift(_ template: [Float], length: Double, coarse: Bool = false) -> (shift: Double, correlation: Double) {
        var best = (shift: 0, value: -Double.infinity)
        let step = coarse ? 2 : 1
        for shift in stride(from: -layout.reach, through: layout.reach, by: step) {
            let value = correlation(template, length: length, shift: shift)
            if value > best.value { best = (shift, value) }
        }
        if coarse {
            for shift in [best.shift - 1, best.shift + 1] where abs(shift) <= layout.reach {
                let value = correlation(template, length: length, shift: shift)
                if value > best.value { best = (shift, value) }
            }
            return (Double(best.shift), best.value)
        }
        guard abs(best.shift) < layout.reach else { return (Double(best.shift), best.value) }
        let left = correlation(template, length: length, shift: best.shift - 1)
        let right = correlation(template, length: length, shift: best.shift + 1)
        let bend = left - 2 * best.value + right
        let offset = bend < 0 ? max(-0.5, min(0.5, 0.5 * (left - right) / bend)) : 0
        return (Double(best.shift) + offset, best.value)
    }

    /// The part under a shift by whole samples, [lead, width].
    func part(shift: Int) -> [Float] {
        var part: [Float] = []
        part.reserveCapacity(layout.leads * layout.width)
        for lead in 0..<layout.leads {
            let start = lead * layout.span + layout.reach + shift
            part += values[start..<start + layout.width]
        }
        return part
    }
}
