// SPDX-License-Identifier: GPL-3.0-or-later

/// A page that says why there is no figure, so that an empty result is still a whole file.
public struct NoticeFigure: Figure {
    public let message: String

    public init(_ message: String) { self.message = message }

    public func page(_ style: Style) throws(PlotError) -> Page {
        let width = max(40, style.width ?? 90)
        var page = Page(width: width, height: 20, background: style.background)
        page.write(
            Text(message, at: Point(width / 2, 10), size: style.labelSize, colour: style.soft, anchor: .middle, height: .middle)
                .fitted(to: width - 6))
        return page
    }
}
