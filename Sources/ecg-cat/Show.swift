// SPDX-License-Identifier: GPL-3.0-or-later
import ECGStream
import ECGTool

/// A stream as people read it.
enum Show {
    static func run(_ stage: Stage, values: Bool) throws {
        let output = try stage.text
        var count = 0
        var record = try stage.next()
        for entry in stage.head?["prov"]?.array ?? [] { try output.write(provenance(entry)) }
        while let current = record {
            try output.write(block(current, values: values))
            count += 1
            record = try stage.next()
        }
        try output.write("\(count) record\(count == 1 ? "" : "s")\n")
        for end in stage.upstreamEnds {
            for (reason, number) in end["skipped"]?.object?.members ?? [] {
                try output.write("left out: \(number.text) \(printable(reason))\n")
            }
        }
    }

    private static func provenance(_ entry: JSON) -> String {
        var line = "\(entry["tool"]?.string ?? "?") \(entry["version"]?.string ?? "")"
        for (name, value) in entry["options"]?.object?.members ?? [] { line += " \(name)=\(value.string ?? value.text)" }
        if let seed = entry["seed"] { line += " seed=\(seed.text)" }
        for (name, value) in entry["uses"]?.object?.members ?? [] { line += " \(name)=\((value.string ?? value.text).prefix(19))" }
        return printable(line) + "\n"
    }

    private static func block(_ record: Record, values: Bool) -> String {
        var text = printable(record.key) + "\n"
        var line = ""
        for name in record.meta.names where name != "key" && name != "tensors" {
            guard let value = record.meta[name] else { continue }
            var item = "\(name) \(shown(value))"
            if item.count > 160 { item = item.prefix(159) + "…" }
            if !line.isEmpty, line.count + item.count > 100 {
                text += "    " + printable(line) + "\n"
                line = ""
            }
            line += (line.isEmpty ? "" : "  ") + item
        }
        if !line.isEmpty { text += "    " + printable(line) + "\n" }
        for tensor in record.tensors { text += tensorLine(tensor) + (values ? valueLines(tensor) : "") }
        return text
    }

    private static func shown(_ value: JSON) -> String {
        if let array = value.array, array.count > 12 { return "[\(array.prefix(12).map(shown).joined(separator: " ")) … \(array.count)]" }
        if let array = value.array { return "[" + array.map(shown).joined(separator: " ") + "]" }
        return value.string ?? value.text
    }

    private static func tensorLine(_ tensor: Tensor) -> String {
        let axes = zip(tensor.axes, tensor.shape).map { "\($0) \($1)" }.joined(separator: ", ")
        var line = "    \(printable(tensor.name)) \(tensor.dtype.rawValue) [\(printable(axes))]"
        if tensor.name == "ann.symbol", let bytes = tensor.elements(UInt8.self) {
            return line + " " + printable(String(decoding: bytes.prefix(60), as: UTF8.self)) + (bytes.count > 60 ? "…" : "") + "\n"
        }
        let numbers = tensor.doubles()
        let finite = numbers.filter(\.isFinite)
        if let low = finite.min(), let high = finite.max() {
            let mean = finite.reduce(0, +) / Double(finite.count)
            line += "  min \(short(low))  mean \(short(mean))  max \(short(high))"
        }
        if finite.count < numbers.count { line += "  not finite \(numbers.count - finite.count)" }
        return line + "\n"
    }

    /// A line a row of the last axis.
    private static func valueLines(_ tensor: Tensor) -> String {
        let width = tensor.shape.last ?? 1
        let numbers = tensor.doubles()
        guard width > 0, !numbers.isEmpty else { return "" }
        return stride(from: 0, to: numbers.count, by: width).map { start in
            "        " + numbers[start..<start + width].map(short).joined(separator: " ") + "\n"
        }.joined()
    }

    private static func short(_ value: Double) -> String {
        guard value.isFinite else { return value.isNaN ? "nan" : value < 0 ? "-inf" : "inf" }
        return value == value.rounded() && abs(value) < 1e15 ? String(Int(value)) : "\((value * 1e4).rounded() / 1e4)"
    }

    /// What data says must not steer the terminal.
    private static func printable(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) ? "?" : $0 }))
    }
}
