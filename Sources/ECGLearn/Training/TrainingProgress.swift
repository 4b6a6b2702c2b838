// SPDX-License-Identifier: GPL-3.0-or-later

/// Where a training stands, beside parameters and optimiser.
struct TrainingProgress {
    /// The epoch that is being worked on, from 0, and its steps that are done.
    var epoch = 0
    var step = 0
    /// Steps of all epochs.
    var steps = 0
    var lossSum = 0.0
    var lossWeight = 0.0
    /// The rate that plateaus have left.
    var reduced = 0.0
    var isDone = false
    var history: [EpochFigures] = []
    /// The best network so far by what is monitored.
    var best: (epoch: Int, score: Double, parameters: [Float], states: [Float])?
    /// Epochs since the best one, for early stopping.
    var waited = 0
    /// The lowest loss so far, and epochs since, for plateaus.
    var lowest = Double.infinity
    var plateau = 0

    /// Keras's threshold for an improvement of the loss.
    private static let noticeable = 1e-4

    mutating func end(epoch figures: EpochFigures, _ settings: TrainingSettings, _ network: () -> (parameters: [Float], states: [Float])) {
        history.append(figures)
        let loss = figures.validationLoss ?? figures.trainingLoss
        let score: Double? =
            switch settings.monitor {
            case .loss: -loss
            case .accuracy: figures.accuracy
            case .macroF1: figures.macroF1
            }
        // Not a number, or no such figure, is no improvement.
        if let score, score.isFinite, score > best?.score ?? -.infinity {
            let now = network()
            best = (figures.epoch, score, now.parameters, now.states)
            waited = 0
        } else {
            waited += 1
        }
        if case .plateau(let factor, let patience, let minimum) = settings.schedule {
            if loss < lowest - Self.noticeable {
                lowest = loss
                plateau = 0
            } else {
                plateau += 1
                if plateau >= patience, reduced > minimum {
                    reduced = max(reduced * factor, minimum)
                    plateau = 0
                }
            }
        }
        epoch += 1
        step = 0
        lossSum = 0
        lossWeight = 0
        if let patience = settings.patience, waited >= patience { isDone = true }
    }
}
