// SPDX-License-Identifier: GPL-3.0-or-later

/// Why a figure cannot be drawn.
public struct PlotError: Error, Sendable, CustomStringConvertible {
    public let message: String
    public var description: String { message }

    public init(_ message: String) { self.message = message }
}

/// Something that can be drawn on one page.
public protocol Figure: Sendable {
    /// Lays the figure out.
    ///
    /// - Throws: `PlotError` if the data cannot be shown: nothing there, or far too much for a page.
    func page(_ style: Style) throws(PlotError) -> Page
}
