// SPDX-License-Identifier: GPL-3.0-or-later
import Testing

/// What other programs make of ecg-cat's formats; skipped where Python has no numpy, wfdb or pyarrow.
@Suite struct ExportTests {
    @Test func npzStacksWhatIsAlike() {
        Python.check(
            "numpy", "ecg-cat --to npz $ZOO/good/beats.ecgs -o a.npz; ecg-cat --to npz $ZOO/good/empty.ecgs -o empty.npz",
            """
            import numpy as np
            z = np.load("a.npz")
            assert sorted(z) == ["key", "label", "signal"], sorted(z)
            assert z["signal"].shape == (5, 2, 10) and z["signal"].dtype == "<f4"
            assert (z["signal"] == (np.arange(20, dtype="f4") / 8).reshape(2, 10)).all()
            assert z["key"].tolist() == [f"100/{n * 300}" for n in range(1, 6)], z["key"]
            assert z["label"].tolist() == list("NVNAN")
            assert np.load("empty.npz")["key"].shape == (0,)
            """)
    }

    @Test func npzNumbersWhatDiffersAndJoinsParts() {
        Python.check(
            "numpy",
            """
            ecg-cat --to npz $ZOO/good/parts.ecgs -o parts.npz
            ecg-cat --to npz $ZOO/good/one-record.ecgs $ZOO/good/parts.ecgs $ZOO/good/all-dtypes.ecgs $ZOO/good/parts.ecgs -o mixed.npz
            """,
            """
            import numpy as np
            part = (np.arange(20, dtype="f4") / 8).reshape(2, 10)
            joined = np.concatenate([part] * 3, axis=1)
            z = np.load("parts.npz")
            assert z["signal"].shape == (1, 2, 30) and (z["signal"][0] == joined).all()
            assert z["key"].tolist() == ["100"]
            z = np.load("mixed.npz")
            assert "signal" not in z and "signal.2" not in z
            assert (z["signal.0"] == part).all() and (z["signal.1"] == joined).all() and (z["signal.3"] == joined).all()
            assert z["t5.2"].dtype == "u1" and z["t4.2"].dtype == "<i8"
            assert z["key"].tolist() == ["100/300", "100", "t", "100"]
            """)
    }

    @Test func wfdbReadsRecordsAndAnnotations() {
        Python.check(
            "wfdb",
            """
            ecg-synth --duration 12 --part 5 --seed 1 --classes N=0.8,V=0.2 -o a
            ecg-cat --to wfdb a -o wfdb; ecg-cat --to npz a -o a.npz
            """,
            """
            import numpy as np, wfdb
            z, r, a = np.load("a.npz"), wfdb.rdrecord("wfdb/synth"), wfdb.rdann("wfdb/synth", "atr")
            assert r.fs == 360 and r.sig_name == ["MLII", "V1"] and r.units == ["mV", "mV"]
            assert abs(r.p_signal.T - z["signal"][0]).max() <= 0.00051
            assert (a.sample == z["ann.sample"][0]).all() and [ord(s) for s in a.symbol] == z["ann.symbol"][0].tolist()
            assert a.aux_note[0] == "(N"
            """)
    }

    @Test func pyarrowReadsTheColumns() {
        Python.check(
            "pyarrow",
            "ecg-cat --to arrow $ZOO/good/beats.ecgs $ZOO/good/all-dtypes.ecgs -o a.arrow; ecg-cat --to arrow $ZOO/good/empty.ecgs -o e.arrow",
            """
            import pyarrow.ipc as ipc
            t = ipc.open_file("a.arrow").read_all()
            t.validate(full=True)
            assert t.num_rows == 6 and t["label"].to_pylist() == list("NVNAN") + [None]
            assert t["signal"][1].as_py() == [n / 8 for n in range(20)] and t["signal"][5].as_py() is None
            assert t["signal.shape"][0].as_py() == [2, 10]
            assert str(t.schema.field("t2").type) == "list<item: int16>" and t["t2"][5].as_py() == [0, 0]
            assert t.schema.field("signal").metadata[b"axes"] == b"lead,time"
            assert ipc.open_file("e.arrow").read_all().num_rows == 0
            """)
    }
}
