// SPDX-License-Identifier: GPL-3.0-or-later

extension Network {
    /// How the network's paper trained it, as far as it says so (spec 1.B, 2.B, 3.B, 4): what holds where nothing else is asked for.
    public var recipe: TrainingSettings {
        var settings = TrainingSettings()
        switch self {
        case .jonesCNN: break
        case .jonesLSTM:
            settings.loss = .focal(gamma: 2)
            settings.optimiser = Optimiser(.nadam)
            settings.epochs = 40
            // The paper's plateau is the CNN's alone, and the saved LSTM still has the rate that it began with.
            settings.schedule = .constant
        case .ribeiro:
            settings.batch = 64
            settings.epochs = 70
            settings.schedule = .plateau(factor: 0.1, patience: 7, minimum: 1e-5)
            settings.patience = 9
        case .storas:
            settings.loss = .squaredError
            settings.rate = 0.008
            settings.batch = 32
            settings.epochs = 100
            settings.schedule = .plateau(factor: 0.5, patience: 10, minimum: 0)
        case .arends:
            settings.loss = .binary
            settings.batch = 64
            settings.epochs = 10
            settings.schedule = .constant
        case .xplaim:
            settings.loss = .binary
            settings.rate = 0.01
            settings.schedule = .step(every: 1, factor: 0.95)
        case .residual:
            settings.optimiser = Optimiser(.adamw, weightDecay: 0.01)
            settings.schedule = .oneCycle
            settings.rate = 3e-3
        }
        return settings
    }
}
