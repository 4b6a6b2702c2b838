// SPDX-License-Identifier: GPL-3.0-or-later

/// What the conformance check needs to know of a tool: a new tool is one line.
struct Conformer: Sendable, CustomStringConvertible {
    enum Role: Sendable {
        /// A stream in, a stream out.
        case filter
        /// A stream in, text out after END.
        case table
        /// A stream in, text that flows record by record.
        case text
        /// A stream out of nothing.
        case source
    }

    let tool: String
    let role: Role
    /// Options, as in a script.
    let arguments: String
    /// A script that writes a whole stream which the tool can use; for a source, one that makes the files it reads.
    let input: String
    /// Whether a record of the input is a record of the output, so that unknown members and tensors must come through.
    var keepsRecords = true
    /// Whether every record of the input is in the output.
    var keepsAll = true
    /// Whether nothing can come of a stream without records (a network).
    var needsRecords = false
    /// Whether its output is no text, though it is no stream either (a network).
    var isBinary = false

    var description: String { "\(tool) \(arguments)" }

    init(_ role: Role, _ command: String, input: String = "cat $ZOO/good/beats.ecgs", keepsRecords: Bool = true, keepsAll: Bool = true) {
        let parts = command.split(separator: " ", maxSplits: 1)
        tool = String(parts[0])
        arguments = parts.count > 1 ? String(parts[1]) : ""
        self.role = role
        self.input = input
        self.keepsRecords = keepsRecords && role == .filter
        self.keepsAll = keepsAll
    }

    /// A recording in parts, with a known truth, made on the spot.
    private static let recording = "ecg-synth --duration 12 --part 5 --seed 1"

    private static let beats = "ecg-synth --duration 12 --seed 1 | ecg-beats --length 430 --scale minmax"
    private static let model = "-m $ROOT/examples/mitbih-cnn.onnx"
    private static let scored = "\(beats) | ecg-infer \(model) --classes A,E,j,L,N,/,R,V"
    private static let maps = "\(scored) | ecg-attr \(model) -a saliency"

    private static let network = {
        var training = Conformer(.table, "ecg-train --net residual --width 0.25 --depth 1 --epochs 1 --batch 8 -q", input: beats)
        training.needsRecords = true
        training.isBinary = true
        return training
    }()

    static let all = [
        Conformer(.filter, "ecg-cat"),
        Conformer(.text, "ecg-cat --show"),
        Conformer(.text, "ecg-cat --to jsonl --values"),
        Conformer(.text, "ecg-cat --to csv"),
        Conformer(.table, "ecg-cat --to npz"),
        Conformer(.table, "ecg-cat --to arrow"),
        Conformer(.filter, "ecg-select --where 'label in (N,V)'", keepsAll: false),
        Conformer(.filter, "ecg-select --head 3", keepsAll: false),
        Conformer(.filter, "ecg-select --balance label --sample 0.9", keepsAll: false),
        Conformer(.filter, "ecg-filter --band 0.5 40", input: recording),
        Conformer(.filter, "ecg-filter --scale minmax"),
        Conformer(.filter, "ecg-beats --length 430 --scale minmax", input: recording, keepsRecords: false),
        Conformer(.filter, "ecg-measure"),
        Conformer(.filter, "ecg-median --per record", input: recording, keepsRecords: false),
        Conformer(.filter, "ecg-infer \(model) --classes A,E,j,L,N,/,R,V", input: beats),
        Conformer(.filter, "ecg-attr \(model) -a saliency,gradcam --target predicted", input: scored),
        Conformer(.table, "ecg-segsal --by label --as csv", input: maps),
        Conformer(.filter, "ecg-segsal --per-beat", input: maps),
        Conformer(.table, "ecg-plot paper --format svg", input: recording),
        Conformer(.table, "ecg-plot map --format svg --width 85", input: maps),
        Conformer(.table, "ecg-plot beats --format svg", input: beats),
        Conformer(.table, "ecg-plot confusion --format svg", input: scored),
        Conformer(.table, "ecg-plot histogram --format svg", input: beats),
        Conformer(.table, "ecg-plot roc --format svg", input: scored),
        network,
        Conformer(.table, "ecg-eval --as csv", input: scored),
        Conformer(.table, "ecg-eval --ci --resamples 20 --as json", input: scored),
        Conformer(.table, "ecg-perturb \(model) --scheme road --steps 2 --truth predicted --as csv", input: maps),
        Conformer(.table, "ecg-trust $ROOT/examples/mitbih-cnn.onnx -a saliency --check weights,completeness --as csv", input: beats),
        Conformer(.table, "ecg-agree --rank --as csv", input: maps),
        Conformer(.source, "ecg-synth --duration 12 --part 5 --noise 0.05", input: "true"),
        Conformer(.source, "ecg-read wfdb/synth -a atr --part 5", input: "\(recording) | ecg-cat --to wfdb -o wfdb"),
    ]
}
