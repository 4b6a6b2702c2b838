// SPDX-License-Identifier: GPL-3.0-or-later

/// Class names in a model's metadata.
enum ClassNames {
    /// The names under the keys that exporters use, as a JSON list (`["A", "E"]`), Python's way (`{0: 'A', 1: 'E'}`) or with commas (`A,E`).
    static func find(in metadata: [String: String]) -> [String]? {
        for key in ["classes", "class_names", "labels", "names"] {
            if let text = metadata[key] {
                let names = parse(text)
                if !names.isEmpty { return names }
            }
        }
        return nil
    }

    private static func parse(_ text: String) -> [String] {
        let trimmed = text.drop { $0 == " " }
        guard trimmed.first == "[" || trimmed.first == "{" || trimmed.first == "(" else {
            return text.split(separator: ",", omittingEmptySubsequences: false).map { strip($0) }
        }
        // What stands in quotes are the names, whatever the numbers before them.
        var names: [String] = []
        var current: String?
        var quote: Character = "\""
        var escaped = false
        for character in trimmed {
            if var name = current {
                if escaped {
                    name.append(character)
                    escaped = false
                    current = name
                } else if character == "\\" {
                    escaped = true
                } else if character == quote {
                    names.append(name)
                    current = nil
                } else {
                    name.append(character)
                    current = name
                }
            } else if character == "\"" || character == "'" {
                quote = character
                current = ""
            }
        }
        return names
    }

    private static func strip(_ text: Substring) -> String {
        var text = text
        while text.first == " " { text.removeFirst() }
        while text.last == " " || text.last == "\n" { text.removeLast() }
        return String(text)
    }
}
