// SPDX-License-Identifier: GPL-3.0-or-later

/// A time on a command line: seconds (`90`, `1:30`, `1:02:03.5`) or a sample (`s1234`).
public enum TimePoint: Sendable, Equatable {
    case seconds(Double)
    case sample(Int)

    public init?(_ text: String) {
        if text.utf8.first == UInt8(ascii: "s") {
            guard let sample = Int(text.dropFirst()), sample >= 0, !text.contains("+") else { return nil }
            self = .sample(sample)
            return
        }
        var seconds = 0.0
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count <= 3 else { return nil }
        for (index, part) in parts.enumerated() {
            guard let value = ByteText.number(ArraySlice(part.utf8)), value >= 0, part.utf8.first != UInt8(ascii: "+") else { return nil }
            // Minutes and seconds after a colon stay below 60, and only the last part has a fraction.
            guard index == 0 || value < 60, index == parts.count - 1 || value == value.rounded() else { return nil }
            seconds = seconds * 60 + value
        }
        self = .seconds(seconds)
    }

    /// The sample at this time, the nearest one for seconds; nil if it is beyond counting.
    public func sample(at frequency: Double) -> Int? {
        switch self {
        case .sample(let sample): sample
        case .seconds(let seconds): Int(exactly: (seconds * frequency).rounded())
        }
    }
}

extension TimePoint: CustomStringConvertible {
    /// Seconds as a number, samples as `s1234`.
    public var description: String {
        switch self {
        case .seconds(let seconds): AnnotationList.text(seconds)
        case .sample(let sample): "s\(sample)"
        }
    }
}
