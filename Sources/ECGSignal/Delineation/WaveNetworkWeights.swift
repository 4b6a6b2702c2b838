// SPDX-License-Identifier: GPL-3.0-or-later

/// The weights of `WaveNetwork`, written by pipelines/delineation/train.py; `WeightReader` says how to read them.
enum WaveNetworkWeights {
    static var text: String { part1 + part2 + part3 }
}
