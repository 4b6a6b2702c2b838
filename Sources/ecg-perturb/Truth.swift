// SPDX-License-Identifier: GPL-3.0-or-later
import ECGExplain
import ECGStream
import ECGTool

/// What the network is asked, and where each record's answer stands.
struct Truth {
    enum Question: Equatable {
        /// Which class; all outputs count.
        case classes
        /// Whether it is one class; one output counts.
        case positive(String)
        /// How much.
        case value
    }

    /// A record that has no answer, and is left out for it.
    struct Missing: Error {}

    let question: Question
    /// The outputs that the figures need.
    let keep: Range<Int>
    private let options: TruthOptions
    private let classes: [String]?

    /// - Parameters:
    ///   - outputs: how many the network has.
    ///   - classes: their names, where known.
    init(_ options: TruthOptions, outputs: Int, classes: [String]?) throws {
        self.options = options
        try options.naming.check(outputs: outputs)
        self.classes = classes.flatMap { $0.count == outputs ? $0 : nil }
        // A single output that has a class's name tells that class from all others.
        let only = outputs == 1 && options.truth != "predicted" ? self.classes?.first : nil
        if let positive = options.positive ?? only {
            question = .positive(positive)
            if outputs == 1 {
                keep = 0..<1
            } else {
                guard let index = self.classes?.firstIndex(of: positive) else {
                    let names =
                        self.classes.map { "; the classes are \($0.joined(separator: ", "))" } ?? "; name the classes with --classes"
                    throw ToolError(.usage, "--positive \(positive) is none of the network's classes\(names)")
                }
                keep = index..<index + 1
            }
        } else if outputs == 1 || !["label", "predicted"].contains(options.truth) {
            guard options.output < outputs else {
                throw ToolError(.usage, "there is no output \(options.output): the network has \(outputs)")
            }
            (question, keep) = (.value, options.output..<options.output + 1)
        } else {
            (question, keep) = (.classes, 0..<outputs)
        }
    }

    /// The figures that fit the question.
    func metrics() throws -> [CurveMetric] {
        let fitting: [CurveMetric] = question == .value ? CurveMetric.ofValues : CurveMetric.ofClasses + [.probability]
        guard let asked = try options.metrics() else { return question == .value ? CurveMetric.ofValues : CurveMetric.ofClasses }
        if let wrong = asked.first(where: { !fitting.contains($0) }) {
            let what = question == .value ? "a regression" : "classes"
            let others = fitting.map(\.rawValue).joined(separator: ", ")
            throw ToolError(.usage, "--metric \(wrong.rawValue) does not fit \(what); \(others) do")
        }
        return asked
    }

    /// A record's answer.
    ///
    /// - Parameter whole: the network's outputs for the record as it is.
    /// - Throws: `Missing` where the meta has no number; `ToolError` for a label that is no class.
    func of(_ record: Record, whole: [Float]) throws -> PerturbationTruth {
        switch question {
        case .positive(let positive):
            guard let value = record.meta.value(at: options.truth), !value.isNull else {
                if options.truth == "label" { throw ToolError(.data, "has no label", record: record.key) }
                throw Missing()
            }
            return .positive(value.strings?.contains(positive) ?? ((value.string ?? value.text) == positive))
        case .classes where options.truth == "predicted":
            return .label(whole.indices.reduce(0) { whole[$1] > whole[$0] ? $1 : $0 })
        case .classes:
            let label = try label(record)
            guard let index = classes?.firstIndex(of: label) ?? (classes == nil ? Int(label) : nil), (0..<keep.count).contains(index) else {
                let names = classes.map { " " + $0.joined(separator: ", ") } ?? ""
                throw ToolError(.data, "the label '\(label)' is none of the classes\(names); name them with --classes", record: record.key)
            }
            return .label(index)
        case .value where options.truth == "predicted": return .value(Double(whole[keep.lowerBound]))
        case .value where options.truth == "label":
            guard let value = record.meta["label"]?.double ?? record.label.flatMap(Double.init), value.isFinite else { throw Missing() }
            return .value(value)
        case .value:
            guard let value = number(record), value.isFinite else { throw Missing() }
            return .value(value)
        }
    }

    private func label(_ record: Record) throws -> String {
        guard let label = record.label else { throw ToolError(.data, "has no label", record: record.key) }
        return label
    }

    /// The number at a path of the meta; an element of a list is named by its lead or its place.
    private func number(_ record: Record) -> Double? {
        let parts = options.truth.split(separator: ".").map(String.init)
        guard let first = parts.first, var value = record.meta[first] else { return nil }
        for part in parts.dropFirst() {
            if let member = value.object?[part] {
                value = member
            } else if let list = value.array, let place = record.leads?.firstIndex(of: part) ?? Int(part), list.indices.contains(place) {
                value = list[place]
            } else {
                return nil
            }
        }
        return value.double
    }
}
