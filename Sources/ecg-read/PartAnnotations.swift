// SPDX-License-Identifier: GPL-3.0-or-later
import ECGFormats
import ECGStream
import ECGTool

/// A record's annotations, in order of time and in samples of the stream.
struct PartAnnotations {
    private let annotations: [Annotation]
    private let definitions: [AnnotationDefinition]

    /// - Throws: an error if the file is damaged or an annotation lies outside the record.
    init(path: String, record: WFDBRecord) throws {
        let list = try AnnotationList(path: path)
        annotations = try list.inSamples(of: record, place: path)
        definitions = list.definitions
    }

    /// Adds `ann.*` and the texts of the annotations within `samples`.
    func add(to record: inout Record, samples: Range<Int>) {
        let here = annotations[index(of: samples.lowerBound)..<index(of: samples.upperBound)]
        record.tensors += [
            Tensor("ann.sample", here.map { Int64($0.sample) }, axis: "n"),
            Tensor("ann.symbol", here.map(\.code.symbol), axis: "n"),
            Tensor("ann.sub", here.map { UInt8(bitPattern: $0.subtype) }, axis: "n"),
            Tensor("ann.chan", here.map(\.channel), axis: "n"),
            Tensor("ann.num", here.map { UInt8(bitPattern: $0.number) }, axis: "n"),
        ]
        let texts = here.compactMap { one in one.aux.map { JSON.object(["sample": JSON(one.sample), "text": .string($0)]) } }
        if !texts.isEmpty { record.meta["aux"] = .array(texts) }
        guard !definitions.isEmpty else { return }
        record.meta["symbols"] = .array(
            definitions.map { one in
                .object([
                    "byte": JSON(Int(one.code.symbol)), "symbol": .string(one.symbol), "description": .string(one.description),
                ])
            })
    }

    /// The first annotation at or after a sample.
    private func index(of sample: Int) -> Int {
        var low = 0
        var high = annotations.count
        while low < high {
            let middle = (low + high) / 2
            if annotations[middle].sample < sample { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
