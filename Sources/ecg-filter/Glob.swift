// SPDX-License-Identifier: GPL-3.0-or-later

/// A pattern for names: `*` stands for any characters, also none, and `?` for one.
struct Glob: Sendable {
    let pattern: String

    func matches(_ name: String) -> Bool { Self.matches(Array(pattern.utf8), Array(name.utf8)) }

    private static func matches(_ pattern: [UInt8], _ name: [UInt8]) -> Bool {
        var (p, n) = (0, 0)
        // Where to take up again if what follows the last star did not fit.
        var star: (pattern: Int, name: Int)?
        while n < name.count {
            if p < pattern.count, pattern[p] == UInt8(ascii: "*") {
                star = (p + 1, n)
                p += 1
            } else if p < pattern.count, pattern[p] == UInt8(ascii: "?") || pattern[p] == name[n] {
                p += 1
                n += 1
            } else if let last = star {
                star = (last.pattern, last.name + 1)
                (p, n) = (last.pattern, last.name + 1)
            } else {
                return false
            }
        }
        while p < pattern.count, pattern[p] == UInt8(ascii: "*") { p += 1 }
        return p == pattern.count
    }
}
