// SPDX-License-Identifier: GPL-3.0-or-later
import Testing

/// What wfdb-python and SciPy say of the signal tools' results; skipped where Python lacks them.
@Suite struct SignalOracleTests {
    @Test func wfdbReadsTheAnnotationsOfBeatsFound() {
        Python.check(
            "wfdb",
            """
            ecg-synth --duration 90 --part 20 --seed 1 -o a
            ecg-beats --from detect --write-ann qrs a | ecg-cat --to jsonl -o beats.jsonl
            { echo II; yes 0 | head -2500; } >flat.csv
            ecg-read --fs 250 flat.csv | ecg-beats --from detect --write-ann qrs >/dev/null
            """,
            """
            import json, wfdb
            found = wfdb.rdann("synth", "qrs")
            beats = [json.loads(line)["sample"] for line in open("beats.jsonl")]
            assert len(found.sample) > 60 and set(found.symbol) == {"N"}
            # The cut leaves the first and the last beat out.
            assert found.sample[1:-1].tolist() == beats, (found.sample, beats)
            assert len(wfdb.rdann("flat", "qrs").sample) == 0
            """)
    }

    @Test func scipySmoothsMapsAlike() {
        Python.check(
            "scipy",
            """
            ecg-synth --duration 20 --seed 3 | ecg-beats --length 430 --scale minmax |
                ecg-attr -m $ROOT/examples/mitbih-cnn.onnx -a saliency -o maps.ecgs
            ecg-filter --savgol 31 3 --tensor 'attr/*' maps.ecgs -o smooth.ecgs
            ecg-cat --to npz maps.ecgs -o maps.npz
            ecg-cat --to npz smooth.ecgs -o smooth.npz
            """,
            """
            import numpy as np
            from scipy.signal import savgol_filter
            maps, smooth = np.load("maps.npz"), np.load("smooth.npz")
            assert (maps["signal"] == smooth["signal"]).all()
            expected = savgol_filter(maps["attr/saliency"].astype(float), 31, 3, mode="interp")
            error = (abs(smooth["attr/saliency"] - expected).max(-1) / np.ptp(expected, axis=-1)).max()
            assert error < 1e-6, error
            """)
    }

    @Test func scipyFiltersRecordsAlike() {
        Python.check(
            "scipy",
            """
            ecg-synth --duration 45 --part 10 --fs 250 --seed 3 --noise wander=0.3,muscle=0.05 -o a
            ecg-filter --band 0.5 40 a | ecg-cat --to npz -o band.npz
            ecg-filter --iir 4 --band 0.5 40 a | ecg-cat --to npz -o iir.npz
            ecg-filter --baseline --edge zero a | ecg-cat --to npz -o baseline.npz
            ecg-cat --to npz a -o a.npz
            """,
            """
            import numpy as np
            from scipy import signal
            x = np.load("a.npz")["signal"][0].astype(float)
            taps = signal.firwin(1651, [0.5, 40], pass_zero=False, fs=250)
            sections = signal.butter(4, [0.5, 40], "bandpass", fs=250, output="sos")
            for name, expected in {
                "band": signal.oaconvolve(x, taps[None], mode="same", axes=-1),
                "iir": signal.sosfiltfilt(sections, x),
                "baseline": x - np.array([signal.medfilt(signal.medfilt(lead, 51), 151) for lead in x]),
            }.items():
                found = np.load(name + ".npz")["signal"][0]
                error = (abs(found - expected).max(-1) / np.ptp(expected, axis=-1)).max()
                assert error < 1e-6, (name, error)
            """)
    }
}
