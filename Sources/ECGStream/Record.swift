// SPDX-License-Identifier: GPL-3.0-or-later

/// A recording, a part of one, a beat or a median beat: meta and named tensors in one frame.
///
/// A stage changes what it knows and leaves the rest: members and tensors that it does not touch are written as they came, in their order.
///
///     record["logits"] = Tensor("logits", logits, axis: "class")     // replaces, or appends
///     record.meta["predicted"] = "V"
public struct Record: Sendable {
    /// The members, without the table of tensors, which the writer makes.
    public var meta: Meta { didSet { frame = nil } }
    public var tensors: [Tensor] { didSet { frame = nil } }
    /// The frame that this record was read from, as long as nothing was changed: then it is passed on byte for byte.
    var frame: Frame?

    /// A new record. Further members are set through `meta`.
    public init(key: String, tensors: [Tensor] = []) {
        meta = Meta([("key", .string(key))])
        self.tensors = tensors
    }

    /// A new record of one item or part of `signal` [lead,time], with the meta that every stage relies on.
    ///
    /// - Parameters:
    ///   - fs: samples a second.
    ///   - signal: a row a lead, of equal lengths.
    public init(key: String, fs: Double, leads: [String], units: [String], signal: [[Float]]) {
        precondition(leads.count == signal.count && units.count == signal.count)
        self.init(key: key)
        meta["fs"] = JSON(fs)
        meta["leads"] = JSON(leads)
        meta["units"] = JSON(units)
        tensors = [Tensor("signal", Array(signal.joined()), shape: [signal.count, signal.first?.count ?? 0], axes: ["lead", "time"])]
    }

    /// The record that a RECORD frame holds.
    public init(_ frame: Frame) throws(StreamError) {
        precondition(frame.kind == .record)
        meta = try frame.meta()
        tensors = []
        let payload = frame.payload
        if var text = meta.text(of: "tensors") {
            let entries = text.withUTF8 { utf8 in
                Result { () throws(JSONError) in try TensorTable.entries(UnsafeRawBufferPointer(utf8)) }
            }
            do throws(JSONError) {
                tensors = try entries.get().map { entry in
                    var tensor = Tensor(
                        entry.name, dtype: entry.dtype, shape: entry.shape, axes: entry.axes,
                        payload: payload[entry.start..<entry.start + entry.byteCount])
                    tensor.extras = entry.extras
                    return tensor
                }
            } catch {
                throw StreamError(.damaged, error.description, place: "frame \(frame.number)", record: meta["key"]?.string)
            }
        }
        self.frame = frame
    }

    /// The name of the record, or of the record and the beat: `100/1234`.
    public var key: String {
        get { meta["key"]?.string ?? "" }
        set { meta["key"] = .string(newValue) }
    }

    /// The tensor of a name. Setting replaces it in place or appends it; `nil` removes it.
    public subscript(name: String) -> Tensor? {
        get { tensors.first { $0.name == name } }
        set {
            let index = tensors.firstIndex { $0.name == name }
            switch (index, newValue) {
            case (let index?, let tensor?): tensors[index] = tensor
            case (let index?, nil): tensors.remove(at: index)
            case (nil, let tensor?): tensors.append(tensor)
            case (nil, nil): break
            }
        }
    }
}

// MARK: Members that every stage knows

extension Record {
    /// Samples a second.
    public var fs: Double? { meta["fs"]?.double }
    /// The name of each lead.
    public var leads: [String]? { meta["leads"]?.strings }
    /// The unit of each lead, `mV` where it was V, µV or nV.
    public var units: [String]? { meta["units"]?.strings }
    /// The true class.
    public var label: String? { meta["label"]?.string }
    /// The class a network found.
    public var predicted: String? { meta["predicted"]?.string }
    /// The R peak, in samples from the record's first.
    public var sample: Int? { meta["sample"]?.int }
    /// The R peak, in samples from the window's first.
    public var r: Int? { meta["r"]?.int }
    /// Samples of the window that are signal, not padding.
    public var length: Int? { meta["length"]?.int }
    /// First sample of this part of a long recording, 0 where it is whole.
    public var start: Int { meta["start"]?.int ?? 0 }
    /// Whether another part of the same recording follows.
    public var more: Bool { meta["more"]?.bool ?? false }
    /// The recording's name: `record` where the meta has it (beats), else the key, up to its last `/` if it is a beat's.
    public var recordName: String { Self.recordName(in: meta) }

    /// The same from a record's meta alone.
    public static func recordName(in meta: Meta) -> String {
        if let name = meta["record"]?.string { return name }
        let key = meta["key"]?.string ?? ""
        guard meta["sample"] != nil, let slash = key.lastIndex(of: "/") else { return key }
        return String(key[..<slash])
    }
}

extension TensorTable {
    /// The entries of a `tensors` text that `check` has accepted.
    static func entries(_ text: UnsafeRawBufferPointer) throws(JSONError) -> [Entry] {
        var entries: [Entry] = []
        var scanner = JSONScanner(text)
        try scanner.eachElement { scanner throws(JSONError) in
            var entry = Entry(name: "", dtype: .uint8, shape: [], axes: [], start: 0, byteCount: 0, extras: [])
            try scanner.eachMember { scanner throws(JSONError) in
                let nameStart = scanner.offset + 1
                let escaped = try scanner.string()
                let nameRange = nameStart..<scanner.offset - 1
                try scanner.expect(UInt8(ascii: ":"), "':'")
                scanner.skipSpace()
                if scanner.holds("name", at: nameRange) {
                    entry.name = try scanner.parseString()
                } else if scanner.holds("dtype", at: nameRange) {
                    entry.dtype = try scanner.dtype()
                } else if scanner.holds("shape", at: nameRange) {
                    try scanner.eachElement { scanner throws(JSONError) in entry.shape.append(try scanner.count()) }
                } else if scanner.holds("axes", at: nameRange) {
                    try scanner.eachElement { scanner throws(JSONError) in entry.axes.append(try scanner.parseString()) }
                } else if scanner.holds("at", at: nameRange) {
                    entry.start = try scanner.count()
                } else {
                    let start = scanner.offset
                    try scanner.value(depth: 3)
                    let written = scanner.text(from: nameRange.lowerBound, to: nameRange.upperBound)
                    let name = escaped ? scanner.unescaped(from: nameRange.lowerBound, to: nameRange.upperBound) : written
                    let text = scanner.text(from: start, to: scanner.offset)
                    entry.extras.append(Meta.Member(name: name, nameText: escaped ? written : nil, text: text))
                }
            }
            guard let bytes = Tensor.byteCount(dtype: entry.dtype, shape: entry.shape) else {
                throw scanner.fail("a tensor's shape is too large")
            }
            entry.byteCount = bytes
            entries.append(entry)
        }
        return entries
    }
}
