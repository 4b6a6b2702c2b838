// SPDX-License-Identifier: GPL-3.0-or-later

/// Numbers as they stand in figures: a true minus sign, no exponent where people would not write one.
enum NumberText {
    /// A number with so many decimals.
    static func fixed(_ value: Double, _ decimals: Int) -> String {
        guard value.isFinite else { return "–" }
        let scale = power(10, Double(decimals))
        let scaled = (abs(value) * scale).rounded()
        guard scaled < 9e15 else { return general(value) }
        let whole = Int(scaled)
        var digits = String(whole)
        while digits.count <= decimals { digits = "0" + digits }
        let sign = value < 0 && whole != 0 ? "−" : ""
        return sign + digits.dropLast(decimals) + (decimals > 0 ? "." + digits.suffix(decimals) : "")
    }

    /// A number to so many significant digits.
    static func general(_ value: Double, digits: Int = 3) -> String {
        guard value.isFinite else { return "–" }
        guard value != 0 else { return "0" }
        let magnitude = Int(commonLogarithm(abs(value)).rounded(.down))
        if (-4...5).contains(magnitude) {
            var text = fixed(value, max(0, digits - 1 - magnitude))
            if text.contains(".") {
                while text.last == "0" { text.removeLast() }
                if text.last == "." { text.removeLast() }
            }
            return text
        }
        let mantissa = value / power(10, Double(magnitude))
        return general(mantissa, digits: min(digits, 3)) + "·10" + raised(magnitude)
    }

    /// An integer with spaces between thousands, of the kind that does not break and that every font has.
    static func count(_ value: Int) -> String {
        var digits = Array(String(value.magnitude))
        var at = digits.count - 3
        while at > 0 && digits.count > 4 {
            digits.insert("\u{A0}", at: at)
            at -= 3
        }
        return (value < 0 ? "−" : "") + String(digits)
    }

    private static func raised(_ exponent: Int) -> String {
        let digits = Array("⁰¹²³⁴⁵⁶⁷⁸⁹")
        return (exponent < 0 ? "⁻" : "") + String(String(exponent.magnitude).compactMap { $0.wholeNumberValue.map { digits[$0] } })
    }

    /// Minutes and seconds: 0:07.5.
    static func clock(_ seconds: Double) -> String {
        guard seconds.isFinite, abs(seconds) < 1e9 else { return "–" }
        let tenths = Int((abs(seconds) * 10).rounded())
        let (minutes, rest) = (tenths / 600, tenths % 600)
        let text = (rest < 100 ? "0" : "") + String(rest / 10) + (rest % 10 == 0 ? "" : "." + String(rest % 10))
        return (seconds < 0 && tenths > 0 ? "−" : "") + String(minutes) + ":" + text
    }
}
