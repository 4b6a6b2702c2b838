// SPDX-License-Identifier: GPL-3.0-or-later

/// How figures look: colours for paper or for a dark screen, type sizes, and the width they are made for.
public struct Style: Sendable {
    public enum Theme: String, Sendable, CaseIterable { case light, dark }

    public let theme: Theme
    /// The page's width in millimetres; nil leaves it to the figure. A column of a journal is 85 to 90 mm wide, two are 180.
    public let width: Double?

    public init(theme: Theme = .light, width: Double? = nil) {
        self.theme = theme
        self.width = width
    }

    // MARK: Type, in points at the printed size: what is legible in a journal's column does not shrink with the figure.

    public let titleSize = 8.0
    public let labelSize = 7.0
    public let smallSize = 6.0

    // MARK: Lines, in millimetres

    public let hairline = 0.1
    public let ruleWidth = 0.18
    public let curveWidth = 0.4
    public let traceWidth = 0.25

    // MARK: Colours

    private func pick(_ light: UInt32, _ dark: UInt32) -> Colour { Colour(theme == .light ? light : dark) }

    public var background: Colour { pick(0xFFFFFF, 0x12161B) }
    public var ink: Colour { pick(0x16191D, 0xECEFF3) }
    /// For what comes second: ticks' labels, captions.
    public var soft: Colour { pick(0x50575F, 0xA9B2BD) }
    /// Axes.
    public var rule: Colour { pick(0x6B737C, 0x7D8792) }
    /// Guide lines behind data.
    public var guide: Colour { pick(0xE3E6EA, 0x2A3038) }
    public var absent: Colour { pick(0xEDEFF1, 0x1E242B) }

    /// ECG paper's lines a millimetre and five apart.
    public var paperMinor: Colour { pick(0xF9DEDA, 0x1F262D) }
    public var paperMajor: Colour { pick(0xEDB0A8, 0x38424C) }
    /// The same where colour on the trace has a meaning, so that the paper has none.
    public var plainMinor: Colour { pick(0xF1F2F4, 0x1A2026) }
    public var plainMajor: Colour { pick(0xDFE2E6, 0x2B333B) }

    /// Attribution on a trace, from none: a grey that is still a line, to the strongest.
    public var heat: ColourScale {
        ColourScale(
            hex: theme == .light ? [0xD3D7DB, 0xF5B971, 0xE8762B, 0xB93A12, 0x6E1405] : [0x3A424B, 0x8C4A22, 0xD9722A, 0xFFAF4D, 0xFFE9A6])
    }

    /// The same with signs: blue against, orange for.
    public var signedHeat: ColourScale {
        ColourScale(
            hex: theme == .light
                ? [0x0B2F6B, 0x1F63B5, 0x6AA5DC, 0xD3D7DB, 0xF2A65A, 0xC9511A, 0x6E1405]
                : [0xB8ECFF, 0x4DB5F0, 0x2A6496, 0x3A424B, 0x94501F, 0xF08A38, 0xFFE3A0], isDiverging: true)
    }

    /// Shares in the cells of a matrix.
    public var cells: ColourScale {
        ColourScale(
            hex: theme == .light ? [0xF6F8FA, 0xC3DAEE, 0x6FA8D6, 0x2569AE, 0x0A2F66] : [0x1B2129, 0x1E4468, 0x2C78B4, 0x6FB7EC, 0xD4EEFF])
    }

    /// Correlations in the cells of a matrix.
    public var signedCells: ColourScale {
        ColourScale(
            hex: theme == .light
                ? [0x7A1F08, 0xD2691E, 0xF3BE8C, 0xF6F8FA, 0xA9CBE8, 0x3577B8, 0x0A2F66]
                : [0xFFD9A0, 0xE38435, 0x7C4520, 0x1B2129, 0x24527C, 0x4C9CDB, 0xD4EEFF], isDiverging: true)
    }

    /// Colours of curves and bars that stand side by side, told apart with deuteranopia and protanopia too.
    public var categories: [Colour] {
        (theme == .light
            ? [0x006DC2, 0xD55E00, 0x009E73, 0xA33C87, 0x3FA7E0, 0xD99A00, 0x3F2A70, 0x6D767B]
            : [0x50ABF5, 0xFF8B3D, 0x2FD0A0, 0xE5AFDF, 0xBAF1FF, 0xFFD454, 0x8B75E9, 0xA9B4B8]).map { Colour($0) }
    }
}
