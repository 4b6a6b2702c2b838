// SPDX-License-Identifier: GPL-3.0-or-later
import Synchronization

/// A tool's models, read once for the work and for the provenance, which names them by their digests.
public final class ModelCache: Sendable {
    private let models = Mutex<[String: Model]>([:])

    public init() {}

    /// The model of a file, read the first time it is asked for.
    public func model(_ path: String) throws -> Model {
        if let known = models.withLock({ $0[path] }) { return known }
        let model = try Model(path: path)
        models.withLock { $0[path] = model }
        return model
    }
}
