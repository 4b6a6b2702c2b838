// SPDX-License-Identifier: GPL-3.0-or-later

/// Keys for the records of one run.
public enum RecordNames {
    /// A name for each operand: the record's own where it occurs once, else with as much of its folder in front as tells it apart.
    /// - Parameters:
    ///   - names: the records' own names.
    ///   - paths: where the records lie, absolute, without symbolic links.
    public static func keys(names: [String], paths: [String]) -> [String] {
        var keys = names
        let folders = paths.map { $0.split(separator: "/").dropLast().map(String.init) }
        for group in Dictionary(grouping: names.indices, by: { names[$0] }).values where group.count > 1 {
            var depth = 1
            while true {
                for index in group { keys[index] = (folders[index].suffix(depth) + [names[index]]).joined(separator: "/") }
                if Set(group.map { keys[$0] }).count == group.count { break }
                if depth > group.map({ folders[$0].count }).max() ?? 0 {
                    // Two headers of one folder that bear the same name: their file names differ.
                    for index in group { keys[index] = paths[index] }
                    break
                }
                depth += 1
            }
        }
        return keys
    }

    /// The first operand that is the same file as an earlier one.
    public static func repeated(_ paths: [String]) -> String? {
        var seen: Set<[UInt64]> = []
        for path in paths {
            guard let identity = ByteFile.identity(of: path) else { continue }
            if !seen.insert([identity.device, identity.inode]).inserted { return path }
        }
        return nil
    }

    /// The absolute path without symbolic links; `path` itself if it can't be found.
    public static func absolute(_ path: String) -> String { ByteFile.resolved(path) ?? path }
}
