// SPDX-License-Identifier: GPL-3.0-or-later

/// Names of records and of the files beside them.
public enum WFDBPath {
    /// Everything up to the last `/`, empty for a bare name.
    public static func folder(of path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "" }
        return String(path[...slash])
    }

    /// `name` as seen from `folder`, which ends in `/` or is empty.
    public static func join(_ folder: String, _ name: String) -> String { name.utf8.first == UInt8(ascii: "/") ? name : folder + name }

    /// The last part of a path.
    public static func base(_ path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return path }
        return String(path[path.index(after: slash)...])
    }

    /// A record's path with or without `.hea`, without it.
    public static func record(_ path: String) -> String { path.hasSuffix(".hea") ? String(path.dropLast(4)) : path }
}
