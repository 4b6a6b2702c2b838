// SPDX-License-Identifier: GPL-3.0-or-later
import ECGModel
import ECGStream
import ECGTool

/// Some records of one shape on their way through the model.
struct Inference {
    let records: [Record]
    let shape: [Int]
    let tensor: String
    /// Whether the scores go into the meta too.
    let hasScores: Bool

    /// Writes the records with what the model says of them, in their order.
    func run(_ sessions: SessionTable, _ stage: Stage) throws {
        let session = try sessions.session(shape)
        var values: [Float] = []
        values.reserveCapacity(records.count * shape.reduce(1, *))
        for record in records { values += record[tensor]?.floats() ?? [] }
        let prediction = try session.run(Items(shape: shape, values: values))
        let names = sessions.names(session)
        for (item, record) in records.enumerated() {
            var record = record
            let axes = Self.axes(session.outputShape)
            record["logits"] = ECGStream.Tensor("logits", Array(prediction.logits(of: item)), shape: session.outputShape, axes: axes)
            if let probabilities = prediction.probabilities(of: item) {
                record["probabilities"] = ECGStream.Tensor("probabilities", Array(probabilities), shape: session.outputShape, axes: axes)
                if let names { record.meta["classes"] = JSON(names) }
                if session.outputShape.count == 1 {
                    let predicted = prediction.predicted(item)
                    record.meta["predicted"] = predicted.map { .string(names?[$0] ?? String($0)) } ?? .null
                }
            } else if let names {
                record.meta["classes"] = JSON(names)
            }
            if hasScores, session.outputShape.count == 1 {
                let scores = prediction.probabilities(of: item).map { Array($0) } ?? Array(prediction.logits(of: item))
                record.meta["scores"] = .object(JSON.Object(scores.enumerated().map { (names?[$0] ?? String($0), JSON($1)) }))
            }
            try stage.write(record)
        }
    }

    /// One axis is that of the classes; further ones follow the model.
    private static func axes(_ shape: [Int]) -> [String] { shape.indices.map { $0 == 0 ? "class" : $0 == 1 ? "time" : "axis\($0)" } }
}
