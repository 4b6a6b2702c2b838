# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares ecg-read with wfdb-python, sample for sample, on every record below a folder (../shared/data by default).

    recordings.py BUILD [FOLDER…]
    recordings.py --sums FOLDER >Tests/ECGFormatsTests/Fixtures/wfdb-python.txt

Prints a line a record that differs or that only one of the two reads, and the counts; exits 1 if anything differs that is not explained
in KNOWN. Values are compared as float32, since that is what the stream carries: wfdb-python's float64 result is rounded once.
"""
import glob
import json
import os
import struct
import subprocess
import sys

import numpy as np
import wfdb

MILLIVOLTS = {"V": (1000, 1), "uV": (1, 1000), "µV": (1, 1000), "μV": (1, 1000), "nV": (1, 1000000)}

# Where the two differ and wfdb-python is wrong, by the end of the record's path.
KNOWN = {
    "041s/041s": "averages the marker of an invalid sample (-2048) into a frame, where the WFDB library gives an invalid sample",
    "041s/041s02": "the same",
}


def frames(data):
    at = 0
    while at < len(data):
        kind, = struct.unpack_from("<H", data, at + 10)
        payload, meta = struct.unpack_from("<QI", data, at + 24)
        at += 64
        text = data[at:at + meta]
        at += -(-meta // 64) * 64
        yield kind, json.loads(text), data[at:at + payload]
        at += -(-payload // 64) * 64


def ours(tool, arguments):
    run = subprocess.run([tool, "-q"] + arguments, capture_output=True)
    if run.returncode:
        return None, run.stderr.decode(errors="replace").strip()
    parts, meta, marks = [], None, []
    for kind, head, payload in frames(run.stdout):
        if kind != 2:
            continue
        meta = meta or head
        tensors = {}
        for t in head["tensors"]:
            n = int(np.prod(t["shape"], dtype=int))
            tensors[t["name"]] = np.frombuffer(payload, t["dtype"], n, t["at"]).reshape(t["shape"])
        parts.append(tensors["signal"])
        if "ann.sample" in tensors:
            texts = {}
            for a in head.get("aux", []):
                texts.setdefault(a["sample"], []).append(a["text"])
            marks.append((tensors, texts))
    return (meta, np.concatenate(parts, axis=1), marks), None


def theirs(path, smooth):
    record = wfdb.rdrecord(path, smooth_frames=smooth)
    signals = record.p_signal.T if smooth else record.e_p_signal
    scaled = []
    for values, unit in zip(signals, record.units):
        multiplier, divisor = MILLIVOLTS.get(unit, (1, 1))
        scaled.append((np.asarray(values, np.float64) * multiplier / divisor).astype(np.float32))
    return record, scaled


def same(a, b):
    return a.shape == b.shape and bool(np.all((a == b) | (np.isnan(a) & np.isnan(b))))


def compare(tool, path):
    """A verdict on one record: 'equal', 'both fail', or what differs."""
    mine, problem = ours(tool, [path])
    try:
        record, values = theirs(path, True)
    except Exception as error:
        return "both fail" if mine is None else f"only ecg-read: wfdb-python says {type(error).__name__}: {error}"
    if mine is None:
        return f"only wfdb-python: {problem}"
    meta, signal, _ = mine
    if not np.isclose(meta["fs"], record.fs, rtol=1e-12):
        return f"{meta['fs']} Hz, wfdb-python {record.fs}"
    if len(values) != len(signal):
        return f"{len(signal)} leads, wfdb-python {len(values)}"
    for lead, (a, b) in enumerate(zip(signal, values)):
        if not same(a, b):
            n = int(np.sum(~((a == b) | (np.isnan(a) & np.isnan(b))))) if a.shape == b.shape else -1
            return f"lead {meta['leads'][lead]}: {a.shape} and {b.shape}, {n} samples differ"
    return compare_dense(tool, path, record)


def compare_dense(tool, path, record):
    density = max(getattr(record, "samps_per_frame", None) or [1])
    if density == 1:
        return "equal"
    mine, problem = ours(tool, ["--high-res", path])
    if mine is None:
        return f"--high-res: {problem}"
    record, values = theirs(path, False)
    for lead, (a, b) in enumerate(zip(mine[1], values)):
        # Slower signals hold their value.
        per_frame = record.samps_per_frame[lead]
        index = np.arange(density) * per_frame // density
        held = b.reshape(-1, per_frame)[:, index].reshape(-1)
        if not same(a, held):
            return f"--high-res, lead {mine[0]['leads'][lead]} differs"
    return "equal"


def compare_annotations(tool, path, extension):
    if not os.path.exists(path + ".hea"):
        return None
    mine, problem = ours(tool, ["-a", extension, path])
    if mine is None:
        return None if "No such file" in problem or "outside" in problem else problem
    notes = wfdb.rdann(path, extension)
    joined = {k: np.concatenate([m[0]["ann." + k] for m in mine[2]]) for k in ("sample", "symbol", "sub", "chan", "num")}
    # Ticks of the file's own time resolution become samples of the record, halves upwards, as in the WFDB library.
    factor = mine[0]["fs"] / (notes.fs or mine[0]["fs"])
    positions = np.floor(notes.sample * factor + 0.5).astype(np.int64) if factor != 1 else notes.sample
    if not np.array_equal(joined["sample"], positions):
        return f"{extension}: positions differ"
    if [chr(c) for c in joined["symbol"]] != list(notes.symbol):
        return f"{extension}: symbols differ"
    for name, theirs_ in (("sub", notes.subtype), ("chan", notes.chan), ("num", notes.num)):
        if not np.array_equal(joined[name], np.asarray(theirs_).astype(np.uint8)):
            return f"{extension}: {name} differs"
    notes.sample = positions
    texts = [(int(s), t.split("\0")[0]) for s, t in zip(notes.sample, notes.aux_note) if t.split("\0")[0]]
    got = [(s, t) for m in mine[2] for s, all_ in sorted(m[1].items()) for t in all_]
    if sorted(texts) != sorted(got):
        return f"{extension}: texts differ: {sorted(set(texts) ^ set(got))[:3]}"
    return "equal"


def weighted_sum(values):
    """A sum of the values' bits that every change and every exchange changes; NaN counts as the quiet one."""
    bits = np.where(np.isnan(values), np.uint32(0x7FC00000), values.view(np.uint32)).astype(np.uint64)
    with np.errstate(over="ignore"):
        return int(np.sum(bits * np.arange(1, len(bits) + 1, dtype=np.uint64), dtype=np.uint64))


def sums(folder):
    """Fixture of the unit tests: a line a lead with the record, the lead's number, its length and the sum of its values."""
    chosen = [h[:-4] for h in sorted(glob.glob(os.path.join(folder, "wfdb-formats", "**", "*.hea"), recursive=True))]
    chosen += [os.path.join(folder, "mitdb", r) for r in ("100", "207", "232")]
    chosen += [os.path.join(folder, "ptb-xl", r) for r in ("records100/00000/00001_lr", "records500/00000/00001_hr")]
    for path in chosen:
        if any(path.endswith(k) for k in KNOWN):
            continue
        try:
            _, values = theirs(path, True)
        except Exception:
            continue
        for lead, row in enumerate(values):
            print(os.path.relpath(path, folder), lead, len(row), weighted_sum(row))


def main():
    if sys.argv[1] == "--sums":
        sums(sys.argv[2])
        return 0
    build, folders = sys.argv[1], sys.argv[2:] or ["../shared/data"]
    tool = os.path.join(build, "ecg-read")
    counts, bad = {}, 0
    for folder in folders:
        for header in sorted(glob.glob(os.path.join(folder, "**", "*.hea"), recursive=True)):
            path = header[:-4]
            verdicts = [(path, compare(tool, path))]
            for extension in ("atr", "qrs", "sqrs", "gqrsh", "gqrsl", "ii", "v1", "anI", "wqrs", "wabp"):
                if os.path.exists(f"{path}.{extension}"):
                    verdict = compare_annotations(tool, path, extension)
                    if verdict:
                        verdicts.append((f"{path}.{extension}", verdict))
            for name, verdict in verdicts:
                kind = verdict if verdict in ("equal", "both fail") else verdict.split(":")[0]
                counts[kind] = counts.get(kind, 0) + 1
                if verdict not in ("equal", "both fail"):
                    print(f"{name}: {verdict}")
                    bad += not verdict.startswith("only ecg-read") and not any(path.endswith(k) for k in KNOWN)
    print(", ".join(f"{n} {kind}" for kind, n in sorted(counts.items())))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
