// SPDX-License-Identifier: GPL-3.0-or-later

/// By what beats are gathered into classes: one aspect, or several joined.
public struct BeatGrouping: Sendable, Equatable {
    public enum Aspect: String, Sendable, CaseIterable {
        case label, predicted, outcome
    }

    public let aspects: [Aspect]

    /// Reads `label`, `predicted`, `outcome` or several of them with commas between.
    public init(_ text: String) throws(ExplainError) {
        var aspects: [Aspect] = []
        for word in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let aspect = Aspect(rawValue: String(word)), !aspects.contains(aspect) else {
                throw ExplainError(.usage, "beats are gathered by label, predicted or outcome, not by '\(text)'")
            }
            aspects.append(aspect)
        }
        self.aspects = aspects
    }

    /// What a beat must have, and this one lacks; nil if it can be gathered.
    public func missing(label: String?, predicted: String?) -> String? {
        for aspect in aspects {
            if aspect != .predicted && label == nil { return "no label" }
            if aspect != .label && predicted == nil { return "no predicted class" }
        }
        return nil
    }

    /// The classes a beat belongs to. By outcome it is counted twice: as correct or incorrect, and in the total.
    public func groups(label: String?, predicted: String?) -> [String] {
        var names = [""]
        for aspect in aspects {
            let values: [String]
            switch aspect {
            case .label: values = [label ?? ""]
            case .predicted: values = [predicted ?? ""]
            case .outcome: values = [label == predicted ? "correct" : "incorrect", "total"]
            }
            let between = aspect == .predicted ? " as " : " "
            names = names.flatMap { name in values.map { name.isEmpty ? $0 : name + between + $0 } }
        }
        return names
    }
}
