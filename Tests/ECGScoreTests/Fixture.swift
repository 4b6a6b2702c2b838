// SPDX-License-Identifier: GPL-3.0-or-later
import Glibc

struct FixtureMissing: Error { let path: String }

/// The text of a file in the Fixtures folder beside this one.
func fixture(_ name: String, here: String = #filePath) throws -> String {
    let path = here.split(separator: "/").dropLast().map { "/" + $0 }.joined() + "/Fixtures/" + name
    guard let file = fopen(path, "r") else { throw FixtureMissing(path: path) }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while case let count = fread(&buffer, 1, buffer.count, file), count > 0 { bytes += buffer[..<count] }
    return String(decoding: bytes, as: UTF8.self)
}
