// SPDX-License-Identifier: GPL-3.0-or-later
import ECGFormats
import Glibc

/// A folder of its own for one test, gone with it.
final class TestFolder {
    let path: String

    init() {
        var template = Array("/tmp/ecgformats-XXXXXX".utf8CString)
        path = template.withUnsafeMutableBufferPointer { buffer in
            buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) } ?? "/tmp"
        }
    }

    deinit {
        guard let folder = opendir(path) else { return }
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            unlink("\(path)/\(name)")
        }
        closedir(folder)
        rmdir(path)
    }

    func write(_ bytes: [UInt8], _ name: String) {
        let file = open("\(path)/\(name)", O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        guard file >= 0 else { return }
        _ = bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
        close(file)
    }

    func write(_ text: String, _ name: String) { write(Array(text.utf8), name) }

    /// A record's path.
    func record(_ name: String) -> String { "\(path)/\(name)" }
}

/// Samples to bytes, written from signal(5) and not from the decoder.
enum Encoder {
    static func bytes(_ format: SignalFormat, _ samples: [Int]) -> [UInt8] {
        var bytes: [UInt8] = []
        func little(_ value: Int, _ count: Int) { for index in 0..<count { bytes.append(UInt8(truncatingIfNeeded: value >> (8 * index))) } }
        switch format {
        case .differences8:
            var last = 0
            for sample in samples {
                little(sample - last, 1)
                last = sample
            }
        case .offset8: for sample in samples { little(sample + 128, 1) }
        case .signed16: for sample in samples { little(sample, 2) }
        case .swapped16: for sample in samples { bytes += [UInt8(truncatingIfNeeded: sample >> 8), UInt8(truncatingIfNeeded: sample)] }
        case .offset16: for sample in samples { little(sample + 32768, 2) }
        case .signed24: for sample in samples { little(sample, 3) }
        case .signed32: for sample in samples { little(sample, 4) }
        case .packed12:
            for start in stride(from: 0, to: samples.count, by: 2) {
                let first = samples[start] & 0xFFF
                let second = start + 1 < samples.count ? samples[start + 1] & 0xFFF : 0
                little(first & 0xFF | (first >> 8) << 8 | (second >> 8) << 12, 2)
                if start + 1 < samples.count { little(second, 1) }
            }
        case .packed10:
            for start in stride(from: 0, to: samples.count, by: 3) {
                let group = (0..<3).map { start + $0 < samples.count ? samples[start + $0] & 0x3FF : 0 }
                little(group[0] << 1 | (group[2] & 0x1F) << 11, 2)
                if start + 1 < samples.count { little(group[1] << 1 | (group[2] >> 5) << 11, 2) }
            }
        case .packed10Dense:
            for start in stride(from: 0, to: samples.count, by: 3) {
                let group = (0..<3).map { start + $0 < samples.count ? samples[start + $0] & 0x3FF : 0 }
                let word = group[0] | group[1] << 10 | group[2] << 20
                little(word, [2, 3, 4][min(samples.count - start, 3) - 1])
            }
        default: break
        }
        return bytes
    }

    /// Numbers that use a format's whole range, its lowest (the invalid sample) among them.
    static func samples(_ format: SignalFormat, _ count: Int) -> [Int] {
        var state: UInt64 = 88_172_645_463_325_252
        return (0..<count).map { index in
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            if format == .differences8 { return index % 100 - 50 }
            let range = 1 << format.bits
            if index == 7 { return -range / 2 }
            return Int(state % UInt64(range)) - range / 2
        }
    }
}
