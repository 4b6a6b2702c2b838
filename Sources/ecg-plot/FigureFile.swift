// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser
import ECGPlot
import ECGTool

/// The form of the figure's file.
enum FigureForm: String, ExpressibleByArgument, CaseIterable {
    case svg, pdf, png

    /// From the suffix of a file's name.
    init?(suffixOf path: String) {
        guard let dot = path.lastIndex(of: ".") else { return nil }
        self.init(rawValue: path[path.index(after: dot)...].lowercased())
    }
}

/// The figure's file as pages come: PDF writes each at once, SVG and PNG keep the first and write it when all input was whole.
final class FigureFile {
    private let stage: Stage
    private let document: Document
    private let style: Style
    private let isPDF: Bool
    private var waiting: Page?
    private(set) var pages = 0
    /// Figures that found no room in the file.
    private var leftOut = 0

    init(_ stage: Stage, form: FigureForm, dpi: Double, style: Style) throws {
        self.stage = stage
        self.style = style
        isPDF = form == .pdf
        let output = try stage.text
        let documentForm: DocumentForm =
            switch form {
            case .svg: .svg
            case .pdf: .pdf
            case .png: .png(dpi: dpi)
            }
        document = Document(documentForm) { try output.write($0) }
    }

    /// Whether another figure would be drawn.
    var wantsMore: Bool { isPDF || pages == 0 }

    func add(_ figure: some Figure) throws {
        guard wantsMore else { return leaveOut() }
        let page = try figure.page(style)
        pages += 1
        if isPDF { try document.add(page) } else { waiting = page }
    }

    /// Counts a figure that was not even laid out.
    func leaveOut() { leftOut += 1 }

    /// Completes the file. Call it after the input's end.
    func finish(emptyMessage: String) throws {
        if pages == 0 {
            stage.warn(emptyMessage)
            waiting = try NoticeFigure(emptyMessage).page(style)
        }
        if let waiting { try document.add(waiting) }
        try document.finish()
        if leftOut > 0 {
            stage.warnAtEnd("the figure shows the first of \(leftOut + 1); choose one with --key, or write a PDF, which takes a page each")
        }
    }
}
