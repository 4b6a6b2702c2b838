// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser
import ECGStream

/// `--classes`, for tools that run a network and need its outputs' names.
public struct ClassOptions: ParsableArguments {
    @Option(help: .init("Class names in the order of the outputs. (default: the model's own, or the record's)", valueName: "names"))
    public var classes: String?

    public init() {}

    /// The names given.
    public var names: [String]? { classes.map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) } }

    /// - Throws: `ToolError` if names are given, and not one for each of the model's outputs.
    public func check(outputs: @autoclosure () throws -> Int) throws {
        guard let names else { return }
        let outputs = try outputs()
        guard names.count == outputs else {
            throw ToolError(.data, "--classes names \(names.count) classes, and the model has \(outputs) outputs")
        }
    }

    public func validate() throws {
        if let names, names.contains("") || Set(names).count < names.count {
            throw ValidationError("--classes takes different names with commas between.")
        }
    }
}

extension Record {
    /// The output that the label names: by the classes' names, or by its number where there are none.
    ///
    /// - Throws: `ToolError` if the record has no label, or one that is no class.
    public func classIndex(among classes: [String]?) throws -> Int {
        guard let label else { throw ToolError(.data, "the record has no label to name a class by", record: key) }
        guard let index = classes?.firstIndex(of: label) ?? (classes == nil ? Int(label) : nil), index >= 0 else {
            let names = classes.map { " " + $0.joined(separator: ", ") } ?? ""
            throw ToolError(.data, "the label '\(label)' is none of the classes\(names); name them with --classes", record: key)
        }
        return index
    }
}
