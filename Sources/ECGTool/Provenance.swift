// SPDX-License-Identifier: GPL-3.0-or-later
import ECGDigest
import ECGStream

/// The version of all tools.
public let ecgpipeVersion = "0.1.0"

/// What a stage did to the stream, as far as it can change the result.
public struct Provenance: Sendable {
    /// Options that can change the result, normalised and in a fixed order: never threads, batch, memory, paths, time, host or user.
    public var options: JSON.Object
    /// Files that were used, by their role, as `digest(…)` of their bytes.
    public var uses: JSON.Object
    /// Whether `--seed` can change the result.
    public var usesSeed: Bool

    public init(options: JSON.Object = [:], uses: JSON.Object = [:], usesSeed: Bool = false) {
        self.options = options
        self.uses = uses
        self.usesSeed = usesSeed
    }

    /// A file's bytes as they stand in `uses`: `sha256:…`.
    public static func digest(_ bytes: [UInt8]) -> JSON { .string("sha256:" + SHA256.hex(bytes)) }

    func entry(tool: String, seed: UInt64) -> JSON {
        var entry: JSON.Object = ["tool": .string(tool), "version": .string(ecgpipeVersion)]
        if !options.isEmpty { entry["options"] = .object(options) }
        if usesSeed { entry["seed"] = JSON(seed) }
        if !uses.isEmpty { entry["uses"] = .object(uses) }
        return .object(entry)
    }
}
