// SPDX-License-Identifier: GPL-3.0-or-later

extension Explainer {
    /// The residual that automatic steps aim at where no other is asked for.
    static let residualAimedAt = 0.01

    /// Doubles the steps of each item and integral until the residual is small enough.
    func refine(_ states: [ItemState]) throws {
        let proof = Proof(methods, settings)
        let aim = settings.maxResidual ?? Self.residualAimedAt
        for (m, method) in methods.enumerated() {
            var steps = settings.steps
            var unmet = states
            while steps < AttributionSettings.mostSteps,
                let family = method.family(settings).with(steps: min(2 * steps, AttributionSettings.mostSteps))
            {
                unmet = unmet.filter { state in
                    let now = state.now
                    // a residual that is no number can't be helped by steps
                    return proof.residual(m, now).map { $0 > aim } ?? false
                }
                if unmet.isEmpty { break }
                steps = min(2 * steps, AttributionSettings.mostSteps)
                for state in unmet {
                    state.changing.withLock {
                        $0.sums[m] = Sums(rows: method.rows(settings), size: state.context.values.count)
                        $0.steps[m] = steps
                    }
                }
                try runFamily(family, unmet)
            }
        }
    }
}
