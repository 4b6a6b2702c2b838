// SPDX-License-Identifier: GPL-3.0-or-later
//
// The one file that calls Cairo: pages of marks become SVG, PDF or PNG, and the sizes of letters are measured.
//
// The same pages give the same bytes: no dates, no hinting (which would round letters to a screen's pixels), no names of this machine.

import CCairo
import Synchronization

/// The form of a figure's file.
public enum DocumentForm: Sendable, Equatable {
    case svg
    case pdf
    /// With so many pixels an inch.
    case png(dpi: Double)
}

/// A figure's file as it is written. SVG and PNG hold one page, PDF any number, of which one is in memory at a time.
public final class Document {
    private let form: DocumentForm
    private let sink: Sink
    private var surface: OpaquePointer?
    private var pages = 0

    /// Millimetres in an inch and points in one.
    private static let inch = 25.4
    private static let points = 72.0
    /// PDF's own limit on a page's side, 200 inches; a larger SVG is no figure either.
    private static let longestSide = 5080.0
    /// Cairo's limit on an image's side, and ours on its area: four bytes a pixel.
    private static let mostPixels = (side: 32_767.0, area: 250e6)

    /// - Parameter write: takes the bytes in order; what it throws comes out of `add` or `finish`.
    public init(_ form: DocumentForm, write: @escaping ([UInt8]) throws -> Void) {
        self.form = form
        sink = Sink(write)
        if case .png(let dpi) = form { sink.pixelsPerMetre = UInt32((dpi / Self.inch * 1000).rounded()) }
    }

    deinit { if let surface { cairo_surface_destroy(surface) } }

    /// Draws a page.
    ///
    /// - Throws: `PlotError` for a page that is too large, a second page where only one fits, or a library that fails; what `write` throws.
    public func add(_ page: Page) throws {
        guard page.width.isFinite, page.height.isFinite, page.width > 0, page.height > 0 else { throw PlotError("the figure has no size") }
        let size = "\(Int(page.width.rounded())) × \(Int(page.height.rounded())) mm"
        guard max(page.width, page.height) <= Self.longestSide else {
            throw PlotError("the figure would have \(size), more than \(Int(Self.longestSide)) mm: show fewer leads, classes or maps")
        }
        guard form == .pdf || pages == 0 else { throw PlotError("only a PDF holds several pages") }
        pages += 1
        switch form {
        case .svg:
            // In millimetres, so that what is measured in the file is what is on paper.
            let made = cairo_svg_surface_create_for_stream(Sink.callback, sink.pointer, page.width, page.height)
            surface = made
            cairo_svg_surface_set_document_unit(made, CAIRO_SVG_UNIT_MM)
            draw(page, on: made, scale: 1)
        case .pdf:
            let scale = Self.points / Self.inch
            if surface == nil {
                surface = cairo_pdf_surface_create_for_stream(Sink.callback, sink.pointer, page.width * scale, page.height * scale)
                // An empty date is left out.
                cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATE_DATE, "")
                cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATOR, "ecg-plot")
            } else {
                cairo_pdf_surface_set_size(surface, page.width * scale, page.height * scale)
            }
            draw(page, on: surface, scale: scale)
        case .png(let dpi):
            let scale = dpi / Self.inch
            let (width, height) = ((page.width * scale).rounded(), (page.height * scale).rounded())
            guard max(width, height) <= Self.mostPixels.side, width * height <= Self.mostPixels.area, width >= 1, height >= 1 else {
                throw PlotError("the image would have \(Int(width)) × \(Int(height)) pixels (\(size)): lower --dpi, or show less")
            }
            surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, Int32(width), Int32(height))
            draw(page, on: surface, scale: scale)
        }
        try check()
    }

    /// Writes what is left. A PDF without a page is an error, as no reader takes one.
    public func finish() throws {
        guard let surface else { throw PlotError("there is nothing to draw") }
        if case .png = form {
            let status = cairo_surface_write_to_png_stream(surface, Sink.callback, sink.pointer)
            try sink.rethrow()
            guard status == CAIRO_STATUS_SUCCESS else { throw PlotError(Self.message(status)) }
        }
        cairo_surface_finish(surface)
        try check()
    }

    private func check() throws {
        try sink.rethrow()
        let status = cairo_surface_status(surface)
        guard status == CAIRO_STATUS_SUCCESS else { throw PlotError(Self.message(status)) }
    }

    private static func message(_ status: cairo_status_t) -> String {
        "the drawing library failed: " + (cairo_status_to_string(status).map { String(cString: $0) } ?? "status \(status.rawValue)")
    }

    // MARK: Drawing

    private func draw(_ page: Page, on surface: OpaquePointer?, scale: Double) {
        guard let context = cairo_create(surface) else { return }
        defer { cairo_destroy(context) }
        Typeface.setOptions(of: context)
        cairo_scale(context, scale, scale)
        Self.set(page.background, context)
        // To the last, partly covered row of pixels.
        cairo_paint(context)
        cairo_set_line_join(context, CAIRO_LINE_JOIN_ROUND)
        Self.draw(page.marks, context)
        cairo_show_page(context)
        cairo_surface_flush(surface)
    }

    private static func set(_ colour: Colour, _ context: OpaquePointer) {
        cairo_set_source_rgba(context, colour.red, colour.green, colour.blue, colour.alpha)
    }

    private static func draw(_ marks: [Mark], _ context: OpaquePointer) {
        for mark in marks {
            switch mark {
            case .lines(let lines, let stroke):
                set(stroke.colour, context)
                cairo_set_line_width(context, stroke.width)
                cairo_set_dash(context, stroke.dashes, Int32(stroke.dashes.count), 0)
                for line in lines where line.count > 1 { trace(line, context) }
                cairo_set_line_cap(context, stroke.cap == .round ? CAIRO_LINE_CAP_ROUND : CAIRO_LINE_CAP_BUTT)
                cairo_stroke(context)
                // A line of no length with round ends is a dot.
                let dots = lines.filter { $0.count == 1 }
                if !dots.isEmpty {
                    cairo_set_line_cap(context, CAIRO_LINE_CAP_ROUND)
                    for dot in dots { trace([dot[0], dot[0]], context) }
                    cairo_stroke(context)
                }
            case .areas(let areas, let colour):
                set(colour, context)
                for area in areas {
                    trace(area, context)
                    cairo_close_path(context)
                }
                cairo_fill(context)
            case .text(let text):
                set(text.colour, context)
                let origin = text.origin
                cairo_save(context)
                cairo_translate(context, origin.x, origin.y)
                if text.isUpright { cairo_rotate(context, -Double.pi / 2) }
                var x = 0.0
                for run in Typeface.runs(text.string) {
                    let size = run.isRaised ? text.size * Typeface.raisedSize : text.size
                    Typeface.select(bold: text.isBold, size: size, in: context)
                    cairo_move_to(context, x, run.isRaised ? -text.size * Typeface.point * Typeface.raisedBy : 0)
                    cairo_show_text(context, run.string)
                    x += Typeface.runWidth(run.string, size: size, bold: text.isBold)
                }
                cairo_restore(context)
                cairo_new_path(context)
            case .clipped(let box, let inner):
                cairo_save(context)
                cairo_rectangle(context, box.x, box.y, box.width, box.height)
                cairo_clip(context)
                draw(inner, context)
                cairo_restore(context)
            }
        }
    }

    private static func trace(_ line: [Point], _ context: OpaquePointer) {
        cairo_move_to(context, line[0].x, line[0].y)
        for point in line.dropFirst() { cairo_line_to(context, point.x, point.y) }
    }
}

/// Takes Cairo's bytes, and keeps the error that Cairo can't carry.
private final class Sink {
    private let write: ([UInt8]) throws -> Void
    private var error: (any Error)?
    private var isAtStart = true
    /// For PNG: Cairo does not say how large a pixel is.
    var pixelsPerMetre: UInt32?

    init(_ write: @escaping ([UInt8]) throws -> Void) { self.write = write }

    /// The document keeps the sink for as long as its surface.
    var pointer: UnsafeMutableRawPointer { Unmanaged.passUnretained(self).toOpaque() }

    static let callback: cairo_write_func_t = { closure, data, length in
        guard let closure else { return CAIRO_STATUS_WRITE_ERROR }
        let sink = Unmanaged<Sink>.fromOpaque(closure).takeUnretainedValue()
        return sink.take(Array(UnsafeBufferPointer(start: data, count: Int(length)))) ? CAIRO_STATUS_SUCCESS : CAIRO_STATUS_WRITE_ERROR
    }

    private func take(_ bytes: [UInt8]) -> Bool {
        guard error == nil else { return false }
        do {
            try write(bytes)
            if let pixelsPerMetre { try addSize(pixelsPerMetre, after: bytes) }
            return true
        } catch {
            self.error = error
            return false
        }
    }

    /// The chunk pHYs belongs right behind IHDR, which ends with the 33rd byte; libpng writes chunks apart from each other.
    private var written = 0
    private func addSize(_ pixels: UInt32, after bytes: [UInt8]) throws {
        guard written < 33 else { return }
        written += bytes.count
        guard written == 33 else { return }
        let number = (0..<4).map { UInt8(truncatingIfNeeded: pixels >> (24 - 8 * UInt32($0))) }
        let body = Array("pHYs".utf8) + number + number + [1]
        var check: UInt32 = 0xFFFF_FFFF
        for byte in body {
            check ^= UInt32(byte)
            for _ in 0..<8 { check = check & 1 == 1 ? check >> 1 ^ 0xEDB8_8320 : check >> 1 }
        }
        check = ~check
        try write([0, 0, 0, 9] + body + (0..<4).map { UInt8(truncatingIfNeeded: check >> (24 - 8 * UInt32($0))) })
    }

    func rethrow() throws { if let error { throw error } }
}

/// The letters that figures are set in, and how much room they take.
public enum Typeface {
    /// Its widths are those of Helvetica and Arial, the letters of journals; where it is missing, fontconfig names the nearest.
    static let family = "Liberation Sans"

    /// A face at a size at which nothing is rounded.
    private final class Ruler: @unchecked Sendable {
        private let font: OpaquePointer?
        static let size = 1000.0

        init(bold: Bool) {
            var scale = cairo_matrix_t(), identity = cairo_matrix_t()
            cairo_matrix_init_scale(&scale, Self.size, Self.size)
            cairo_matrix_init_identity(&identity)
            let face = cairo_toy_font_face_create(
                Typeface.family, CAIRO_FONT_SLANT_NORMAL, bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL)
            let options = Typeface.options()
            font = cairo_scaled_font_create(face, &scale, &identity, options)
            cairo_font_options_destroy(options)
            cairo_font_face_destroy(face)
        }

        deinit { if let font { cairo_scaled_font_destroy(font) } }

        /// In shares of the size.
        func width(_ text: String) -> Double {
            var extents = cairo_text_extents_t()
            cairo_scaled_font_text_extents(font, text, &extents)
            return extents.x_advance / Self.size
        }

        func height(_ text: String) -> (above: Double, below: Double) {
            var extents = cairo_text_extents_t()
            cairo_scaled_font_text_extents(font, text, &extents)
            return (-extents.y_bearing / Self.size, (extents.height + extents.y_bearing) / Self.size)
        }
    }

    private static let rulers = Mutex<[Bool: Ruler]>([:])
    /// A point in millimetres.
    static let point = 25.4 / 72

    private static func ruler<Value>(_ bold: Bool, _ body: (Ruler) -> Value) -> Value {
        rulers.withLock { rulers in
            let ruler = rulers[bold] ?? Ruler(bold: bold)
            rulers[bold] = ruler
            return body(ruler)
        }
    }

    /// Width of a line of text in millimetres, its size in points.
    public static func width(_ text: String, size: Double, bold: Bool) -> Double {
        runs(text).reduce(0) { $0 + runWidth($1.string, size: $1.isRaised ? size * raisedSize : size, bold: bold) }
    }

    fileprivate static func runWidth(_ text: String, size: Double, bold: Bool) -> Double { ruler(bold) { $0.width(text) } * size * point }

    // MARK: Exponents

    fileprivate static let raisedSize = 0.7
    fileprivate static let raisedBy = 0.36
    private static let raised: [Character: Character] = Dictionary(uniqueKeysWithValues: zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789−"))

    /// Most typefaces lack some of the raised digits: they are set as small ordinary ones.
    fileprivate static func runs(_ text: String) -> [(string: String, isRaised: Bool)] {
        guard text.contains(where: { raised[$0] != nil }) else { return [(text, false)] }
        var runs: [(string: String, isRaised: Bool)] = []
        for character in text {
            let plain = raised[character]
            if runs.isEmpty || runs[runs.count - 1].isRaised != (plain != nil) { runs.append(("", plain != nil)) }
            runs[runs.count - 1].string.append(plain ?? character)
        }
        return runs
    }

    static func capHeight(size: Double) -> Double { ruler(false) { $0.height("H").above } * size * point }

    static func descent(size: Double) -> Double { ruler(false) { $0.height("g").below } * size * point }

    fileprivate static func options() -> OpaquePointer? {
        let options = cairo_font_options_create()
        cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE)
        cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF)
        cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY)
        return options
    }

    fileprivate static func setOptions(of context: OpaquePointer) {
        let options = options()
        cairo_set_font_options(context, options)
        cairo_font_options_destroy(options)
    }

    fileprivate static func select(bold: Bool, size: Double, in context: OpaquePointer) {
        cairo_select_font_face(context, family, CAIRO_FONT_SLANT_NORMAL, bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL)
        cairo_set_font_size(context, size * point)
    }
}
