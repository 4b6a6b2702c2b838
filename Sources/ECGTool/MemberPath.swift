// SPDX-License-Identifier: GPL-3.0-or-later
import ECGStream

extension Meta {
    /// A member, or what a path with dots leads to inside it: `measures.QT`, `rr.0`. A member whose name has dots comes first.
    public func value(at path: String) -> JSON? {
        if let whole = self[path] { return whole }
        let steps = path.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard steps.count > 1 else { return nil }
        return self[steps[0]]?.value(along: steps.dropFirst())
    }
}

extension JSON {
    /// What these names of members and numbers of elements lead to inside a value.
    func value(along steps: some Sequence<String>) -> JSON? {
        var value = self
        for step in steps {
            if let array = value.array, let index = Int(step), array.indices.contains(index) {
                value = array[index]
            } else if let member = value[step] {
                value = member
            } else {
                return nil
            }
        }
        return value
    }
}
