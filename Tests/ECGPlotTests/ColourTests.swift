// SPDX-License-Identifier: GPL-3.0-or-later
import ECGPlot
import Glibc
import Testing

/// Colours as people with a colour vision deficiency see them (Machado, Oliveira, Fernandes 2009, full severity), and how far apart they
/// then are (CIE 1976; 2.3 is just noticeable).
private enum Vision: CaseIterable {
    case usual, deuteranopia, protanopia

    private var matrix: [[Double]] {
        switch self {
        case .usual: [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
        case .deuteranopia: [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
        case .protanopia: [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
        }
    }

    /// L*, a*, b* (D65) of a colour as this vision has it.
    func lab(_ colour: Colour) -> [Double] {
        func linear(_ value: Double) -> Double { value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4) }
        let rgb = [colour.red, colour.green, colour.blue].map(linear)
        let seen = matrix.map { row in min(max(zip(row, rgb).map(*).reduce(0, +), 0), 1) }
        let toXYZ = [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
        let xyz = zip(toXYZ, [0.95047, 1, 1.08883]).map { row, white in zip(row, seen).map(*).reduce(0, +) / white }
        let f = xyz.map { $0 > 216.0 / 24389 ? cbrt($0) : (24389.0 / 27 * $0 + 16) / 116 }
        return [116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])]
    }

    func distance(_ a: Colour, _ b: Colour) -> Double {
        zip(lab(a), lab(b)).map { ($0 - $1) * ($0 - $1) }.reduce(0, +).squareRoot()
    }
}

@Suite struct ColourTests {
    static let themes = Style.Theme.allCases

    @Test(arguments: themes) func categoriesDifferForEveryReader(_ theme: Style.Theme) {
        let colours = Style(theme: theme).categories
        for vision in Vision.allCases {
            for a in colours.indices {
                for b in colours.indices where a < b {
                    let distance = vision.distance(colours[a], colours[b])
                    // The first four are what most figures use.
                    #expect(distance > (b < 4 ? 20 : 10), "\(theme), \(vision): colours \(a) and \(b) are \(distance) apart")
                }
            }
        }
    }

    @Test(arguments: themes) func categoriesAndTextStandOutFromThePage(_ theme: Style.Theme) {
        let style = Style(theme: theme)
        for colour in style.categories { #expect(colour.contrast(with: style.background) > 2, "\(theme): \(colour)") }
        for colour in [style.ink, style.soft] { #expect(colour.contrast(with: style.background) > 4.5, "\(theme): \(colour)") }
    }

    @Test(arguments: themes) func sequentialScalesGetSteadilyDarkerOrLighter(_ theme: Style.Theme) {
        for scale in [Style(theme: theme).heat, Style(theme: theme).cells] {
            for vision in Vision.allCases {
                let lightness = (0...32).map { vision.lab(scale.colour(at: Double($0) / 32))[0] }
                let steps = zip(lightness, lightness.dropFirst()).map { $1 - $0 }
                #expect(steps.allSatisfy { $0 < 0 } || steps.allSatisfy { $0 > 0 }, "\(theme), \(vision)")
                #expect(abs(lightness[32] - lightness[0]) > 40, "\(theme), \(vision)")
            }
        }
    }

    @Test(arguments: themes) func armsOfDivergingScalesDifferForEveryReader(_ theme: Style.Theme) {
        for scale in [Style(theme: theme).signedHeat, Style(theme: theme).signedCells] {
            for vision in Vision.allCases {
                // Equal magnitudes of opposite sign; the ends are nearly black or white in both arms, as the magnitude is lightness.
                for share in [0.15, 0.2, 0.25, 0.3, 0.35] {
                    let distance = vision.distance(scale.colour(at: 0.5 - share), scale.colour(at: 0.5 + share))
                    #expect(distance > 20, "\(theme), \(vision): \(distance) at \(share)")
                }
                for arm in [0.0, 1] {
                    let lightness = (0...16).map { vision.lab(scale.colour(at: 0.5 + (arm - 0.5) * Double($0) / 16))[0] }
                    let steps = zip(lightness, lightness.dropFirst()).map { $1 - $0 }
                    #expect(steps.allSatisfy { $0 < 0 } || steps.allSatisfy { $0 > 0 }, "\(theme), \(vision), arm \(arm)")
                }
            }
        }
    }
}
