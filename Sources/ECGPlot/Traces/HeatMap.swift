// SPDX-License-Identifier: GPL-3.0-or-later

/// An attribution map beside the leads it belongs to.
public struct HeatMap: Sendable {
    public var name: String
    /// [lead][time], as long as the leads' samples.
    public var values: [[Float]]

    public init(_ name: String, values: [[Float]]) {
        self.name = name
        self.values = values
    }

    /// The mean of the absolute values over leads, on every lead (Storås et al., the averaged display).
    public var averagedOverLeads: HeatMap {
        guard let first = values.first, values.count > 0 else { return self }
        var mean = [Float](repeating: 0, count: first.count)
        for lead in values { for index in mean.indices { mean[index] += index < lead.count ? abs(lead[index]) : .nan } }
        return HeatMap(name, values: values.map { _ in mean.map { $0 / Float(values.count) } })
    }

    public var absolute: HeatMap { HeatMap(name, values: values.map { $0.map { abs($0) } }) }

    /// The colour scale of this map: sequential from zero where nothing is negative, else diverging about zero.
    ///
    /// The strongest colour stands for the magnitude up to which the sorted magnitudes add up to a share of their sum, so that a few extreme
    /// points do not make the rest grey; beyond it all have that colour (Captum's display; Storås et al. use 0.9).
    ///
    /// - Parameters:
    ///   - range: 0 < range ≤ 1; 1 is the greatest magnitude.
    ///   - limit: the magnitude itself, if it is given.
    public func colours(_ style: Style, range: Double, limit: Double?) -> (colours: ScaledColours, isCut: Bool) {
        var magnitudes: [Float] = []
        var isSigned = false
        for value in values.joined() where value.isFinite {
            magnitudes.append(abs(value))
            if value < 0 { isSigned = true }
        }
        magnitudes.sort()
        let greatest = Double(magnitudes.last ?? 0)
        var high = greatest
        if let limit {
            high = limit
        } else if range < 1 {
            let total = magnitudes.reduce(0.0) { $0 + Double($1) }
            var sum = 0.0
            for magnitude in magnitudes {
                sum += Double(magnitude)
                if sum >= total * range {
                    high = Double(magnitude)
                    break
                }
            }
        }
        return (ScaledColours(isSigned ? style.signedHeat : style.heat, low: isSigned ? -high : 0, high: high), high < greatest)
    }
}

/// Colour on a trace: a wide band of it beneath the thin line of the signal.
struct HeatTrace {
    static let levels = 48
    static let bandWidth = 1.3

    static func draw(
        _ trace: Trace, values: ArraySlice<Float>, colours: ScaledColours, on page: inout Page, _ style: Style, band: Double = bandWidth
    ) {
        let shares = values.map { $0.isFinite ? colours.share(Double($0)) : Double.nan }
        // An odd number of steps has one for zero.
        let levels = colours.scale.isDiverging ? levels + 1 : levels
        for (share, lines) in trace.pieces(shares[...], levels: levels, isDiverging: colours.scale.isDiverging) {
            page.lines(lines, Stroke(colours.scale.colour(at: share), band))
        }
        page.lines(trace.lines, Stroke(style.ink, min(style.traceWidth * 0.8, band * 0.14)))
    }
}
