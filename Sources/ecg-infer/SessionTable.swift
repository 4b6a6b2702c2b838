// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels
import ECGModel
import ECGStream
import ECGTool

/// The sessions of a run: one for each shape of items.
final class SessionTable {
    let model: Model
    private let tool: InferTool
    private let workers: Workers
    private let stage: Stage
    private var sessions: [(shape: [Int], session: Session)] = []

    init(_ model: Model, tool: InferTool, workers: Workers, stage: Stage) {
        self.model = model
        self.tool = tool
        self.workers = workers
        self.stage = stage
    }

    /// The classes' names, from the command line or the model.
    private var names: [String]? {
        tool.classes.map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) } ?? model.classNames
    }

    /// Whatever the model alone can tell is wrong is said before a record is read: where it declares its extents, the whole graph is checked.
    func checkBeforeRecords() throws {
        guard model.inputs.count == 1 else {
            throw ToolError(
                .data, "the model has \(model.inputs.count) inputs (\(model.inputs.map(\.name).joined(separator: ", "))); one is supported",
                place: tool.model)
        }
        if let wanted = tool.modelOutput, !model.outputs.contains(where: { $0.name == wanted }) {
            throw ToolError(.usage, "the model has no output '\(wanted)'; it has \(model.outputs.map(\.name).joined(separator: ", "))")
        }
        guard let declared = model.inputs[0].shape?.dropFirst(), !declared.isEmpty, declared.allSatisfy({ $0 > 0 }) else { return }
        let shape = Array(declared)
        let session = try make(shape, as: .leadTime)
        try checkClasses(session)
    }

    private func make(_ shape: [Int], as layout: ItemLayout?) throws -> Session {
        try Session(model, itemShape: shape, output: tool.modelOutput, layout: layout, activation: tool.activation, workers: workers)
    }

    private func checkClasses(_ session: Session) throws {
        let count = session.outputShape.elementCount
        if tool.classes != nil, let names, names.count != count {
            throw ToolError(.data, "--classes names \(names.count) classes, the model has \(count) outputs", place: tool.model)
        }
    }

    /// The names for a session's outputs; nil if they don't match (names in the metadata that mean something else) or there are none.
    func names(_ session: Session) -> [String]? { names.flatMap { $0.count == session.outputShape.elementCount ? $0 : nil } }

    /// Whether the model can take a record.
    /// - Throws: what is wrong with it, with both shapes.
    func check(_ record: Record, _ tensor: String) throws {
        guard let signal = record[tensor] else { throw ToolError(.data, "has no tensor '\(tensor)'", record: record.key) }
        guard !record.more, record.start == 0 || record.sample != nil else {
            throw ToolError(.data, "comes in parts; cut it into items first, or read it with a longer --part", record: record.key)
        }
        do {
            _ = try session(signal.shape)
        } catch let error as ModelError {
            throw ToolError(.data, error.message, record: record.key)
        }
    }

    func session(_ shape: [Int]) throws -> Session {
        if let known = sessions.first(where: { $0.shape == shape }) { return known.session }
        let made = try make(shape, as: tool.layout)
        try checkClasses(made)
        if made.layout != .leadTime, tool.layout == nil, sessions.isEmpty {
            stage.warn("the model's input \(model.inputs[0].text) is read as [n,\(made.layout.rawValue)]; --layout says otherwise")
        }
        if made.takesItemsAlone, sessions.isEmpty {
            stage.warn("the network mixes the items of a batch: each is taken alone")
        }
        sessions.append((shape, made))
        if sessions.count > 16 { sessions.removeFirst() }
        return made
    }
}
