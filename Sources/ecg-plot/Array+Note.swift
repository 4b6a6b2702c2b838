// SPDX-License-Identifier: GPL-3.0-or-later

extension Array where Element: Equatable {
    /// Appends what is not there yet.
    mutating func note(_ element: Element) { if !contains(element) { append(element) } }
}
