// SPDX-License-Identifier: GPL-3.0-or-later
import ECGModel
import Synchronization

/// The tool's model, read once for the work and the provenance.
final class ModelCache: Sendable {
    private let models = Mutex<[String: Model]>([:])

    func model(_ path: String) throws -> Model {
        if let known = models.withLock({ $0[path] }) { return known }
        let model = try Model(path: path)
        models.withLock { $0[path] = model }
        return model
    }
}
