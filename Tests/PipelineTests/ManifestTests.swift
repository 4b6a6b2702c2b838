// SPDX-License-Identifier: GPL-3.0-or-later
import Testing

/// Holds Package.swift and the sources together: a module that is imported but not named may change without its importer being compiled anew, which then
/// works on values of another size.
@Suite struct ManifestTests {
    /// Each target of this package, with all that its description names.
    private static let targets: [(name: String, named: Set<String>)] = {
        let text = String(decoding: Shell.read(Place.root + "/Package.swift") ?? [], as: UTF8.self)
        guard let list = text.range("    targets: [") else { return [] }
        var found: [(name: String, named: Set<String>)] = []
        for line in text[list...].split(separator: "\n") {
            let start = line.drop { $0 == " " }
            let isTool = start.hasPrefix("tool(")
            if isTool || start.hasPrefix(".target(") || start.hasPrefix(".testTarget(") || start.hasPrefix(".executableTarget(") {
                found.append(("", isTool ? ["ECGTool", "ECGStream"] : []))
            }
            guard !found.isEmpty else { continue }
            // what stands between quotes
            for literal in line.split(separator: "\"", omittingEmptySubsequences: false).enumerated() where literal.offset % 2 == 1 {
                let word = String(literal.element)
                if found[found.count - 1].name.isEmpty { found[found.count - 1].name = word }
                found[found.count - 1].named.insert(word)
            }
        }
        return found
    }()

    @Test func everyTargetNamesWhatItImports() throws {
        let own = Set(Self.targets.map(\.name))
        try #require(own.count > 40)
        for target in Self.targets {
            let folder = ["Sources", "Tests"].map { "\(Place.root)/\($0)/\(target.name)" }.first(where: Place.exists) ?? ""
            let imports = Shell.run(
                "grep -rhoE --include='*.swift' '^(@[a-z]+ )?(public |package |internal |private )?import [A-Za-z]+' '\(folder)'"
            )
            .text.split(separator: "\n").compactMap { $0.split(separator: " ").last.map(String.init) }
            let missing = Set(imports).intersection(own).subtracting(target.named)
            #expect(missing.sorted() == [], "\(target.name) imports these and does not name them")
        }
    }
}

extension String {
    /// Where this text begins.
    fileprivate func range(_ text: String) -> String.Index? {
        indices.first { self[$0...].hasPrefix(text) }
    }
}
