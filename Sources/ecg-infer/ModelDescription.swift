// SPDX-License-Identifier: GPL-3.0-or-later
import ECGModel

/// What `--describe` prints.
struct ModelDescription {
    private let model: Model
    private let itemShape: [Int]?
    private let classes: [String]?

    init(_ model: Model, itemShape: [Int]?, classes: [String]?) {
        self.model = model
        self.itemShape = itemShape
        self.classes = classes ?? model.classNames
    }

    var text: String {
        var lines = ["file      \(model.digest)", "producer  \(model.producer.isEmpty ? "unknown" : model.producer), opset \(model.opset)"]
        for input in model.inputs { lines.append("input     \(input.name) \(input.text) \(input.type.rawValue)") }
        for output in model.outputs { lines.append("output    \(output.name) \(output.text) \(output.type.rawValue)") }
        lines.append("classes   \(classes?.joined(separator: ",") ?? "not named in the file")")
        if let layer = model.lastConvolution { lines.append("last-conv \(layer)") }
        let layers = model.layers(itemShape: itemShape)
        let rows =
            [["layer", "operator", "output", "weights"]]
            + layers.map { [$0.name, $0.opType, $0.shape?.text ?? "?", $0.weights?.text ?? ""] }
        let widths = (0..<4).map { column in rows.map { $0[column].count }.max() ?? 0 }
        lines.append("")
        for row in rows {
            var line = ""
            for (column, cell) in row.enumerated() { line += cell + String(repeating: " ", count: widths[column] - cell.count + 2) }
            while line.last == " " { line.removeLast() }
            lines.append(line)
        }
        if layers.contains(where: { $0.shape == nil }) {
            lines.append("")
            lines.append("Shapes that depend on the items are shown with --item SHAPE.")
        }
        if !model.unsupported.isEmpty {
            lines.append("")
            for error in model.unsupported { lines.append("unsupported: \(error.message)") }
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
