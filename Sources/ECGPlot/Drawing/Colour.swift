// SPDX-License-Identifier: GPL-3.0-or-later

/// A colour in sRGB, components from 0 to 1.
public struct Colour: Sendable, Hashable {
    public var red: Double
    public var green: Double
    public var blue: Double
    public var alpha: Double

    public init(red: Double, green: Double, blue: Double, alpha: Double = 1) {
        self.red = red
        self.green = green
        self.blue = blue
        self.alpha = alpha
    }

    /// From its usual six hexadecimal digits: `0xD55E00`.
    public init(_ hex: UInt32, alpha: Double = 1) {
        self.init(red: Double(hex >> 16 & 255) / 255, green: Double(hex >> 8 & 255) / 255, blue: Double(hex & 255) / 255, alpha: alpha)
    }

    public func withAlpha(_ alpha: Double) -> Colour { Colour(red: red, green: green, blue: blue, alpha: alpha) }

    /// A colour between this one (share 0) and another (share 1).
    public func mixed(with other: Colour, _ share: Double) -> Colour {
        func between(_ a: Double, _ b: Double) -> Double { a + (b - a) * share }
        return Colour(
            red: between(red, other.red), green: between(green, other.green), blue: between(blue, other.blue),
            alpha: between(alpha, other.alpha))
    }

    /// Light as the eye weighs it, 0 to 1 (relative luminance, WCAG 2).
    public var luminance: Double {
        func linear(_ value: Double) -> Double { value <= 0.04045 ? value / 12.92 : power((value + 0.055) / 1.055, 2.4) }
        return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
    }

    /// The contrast of two colours, 1 to 21 (WCAG 2); small text wants 4.5, lines and areas 3.
    public func contrast(with other: Colour) -> Double {
        let (a, b) = (luminance, other.luminance)
        return (max(a, b) + 0.05) / (min(a, b) + 0.05)
    }

    /// Of two colours for text, the one that reads better on this one.
    public func readable(_ first: Colour, _ second: Colour) -> Colour { contrast(with: first) >= contrast(with: second) ? first : second }
}
