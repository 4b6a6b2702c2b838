#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ecg-perturb must say, from NumPy, SciPy, scikit-learn and ONNX Runtime.

usage: perturbation.py fixture > Tests/ECGExplainTests/Fixtures/perturbation.txt
       perturbation.py check MODEL MAPS.npz CURVES.csv road|zero STEPS insertion|deletion

`fixture` prints gaps and what ROAD's sparse linear system makes of them, and outputs with truths and the figures that follow.
`check` replaces the points of the items in an npz of ecg-cat, in the order of each map, without noise, and compares the figures of every step with
those that ecg-perturb printed; `predicted` is the truth.
"""
import csv
import sys

import numpy as np


def road(row, removed):
    """ROAD's linear system along one axis: (sum of weights) u_i - sum over removed neighbours w u_n = sum over kept neighbours w x_n."""
    from scipy.sparse import lil_matrix
    from scipy.sparse.linalg import spsolve

    gaps = np.flatnonzero(removed)
    if len(gaps) == 0:
        return row.copy()
    if len(gaps) == len(row):
        return np.full_like(row, row.mean())
    place = {p: i for i, p in enumerate(gaps)}
    a, b = lil_matrix((len(gaps), len(gaps))), np.zeros(len(gaps))
    for p, i in place.items():
        for n in (p - 1, p + 1):
            if not 0 <= n < len(row):
                continue
            a[i, i] += 0.5
            if n in place:
                a[i, place[n]] -= 0.5
            else:
                b[i] += 0.5 * row[n]
    out = row.copy()
    out[gaps] = spsolve(a.tocsr(), b)
    return out


def interpolated(row, removed):
    """The system's solution, which `fixture` proves: straight lines, the outermost kept point beyond it."""
    kept = np.flatnonzero(~removed)
    return np.full_like(row, row.mean()) if len(kept) == 0 else np.interp(np.arange(len(row)), kept, row[kept])


def fixture():
    from sklearn import metrics

    rng = np.random.default_rng(11)
    for share in (0.1, 0.4, 0.7, 0.95, 1.0):
        x = rng.normal(size=(2, 24)).astype(np.float32)
        removed = rng.random((2, 24)) < share
        expected = np.stack([road(r.astype(float), m) for r, m in zip(x, removed)])
        print("gap values", *(repr(float(v)) for v in x.ravel()))
        print("gap removed", *removed.ravel().astype(int))
        print("gap expect", *(repr(float(v)) for v in expected.ravel()))
    n, c = 60, 4
    truth = rng.integers(0, c, n)
    p = rng.random((n, c)).astype(np.float32) + 0.4 * np.eye(c, dtype=np.float32)[truth]
    p = (p / p.sum(1, keepdims=True)).astype(np.float32)
    print("classes truth", *truth)
    print("classes outputs", *(repr(float(v)) for v in p.ravel()))
    every = np.eye(c)[truth]
    print("classes auroc", metrics.roc_auc_score(every, p, average="macro"))
    print("classes auprc", metrics.average_precision_score(every, p, average="macro"))
    print("classes accuracy", metrics.accuracy_score(truth, p.argmax(1)))
    print("classes probability", float(p[np.arange(n), truth].astype(float).mean()))
    positive = truth == 2
    score = p[:, 2]
    fpr, tpr, thresholds = metrics.roc_curve(positive, score, drop_intermediate=False)
    best = thresholds[1:][np.argmax((tpr - fpr)[1:])]
    print("positive auroc", metrics.roc_auc_score(positive, score))
    print("positive auprc", metrics.average_precision_score(positive, score))
    print("positive accuracy", metrics.accuracy_score(positive, score >= best))
    y = rng.normal(0, 10, n)
    f = (y + rng.normal(0, 2, n)).astype(np.float32)
    print("values truth", *(repr(float(v)) for v in y))
    print("values outputs", *(repr(float(v)) for v in f))
    print("values mae", metrics.mean_absolute_error(y, f))
    print("values rmse", metrics.mean_squared_error(y, f) ** 0.5)
    print("values mape", metrics.mean_absolute_percentage_error(y, f))
    print("values signed", float(np.mean(np.abs(f - y) / y)))
    curve = rng.random(16)
    print("area values", *(repr(float(v)) for v in curve))
    print("area expect", float(np.trapezoid(curve)))


def check(model, maps, curves, scheme, steps, mode):
    import onnxruntime
    from sklearn import metrics

    data = np.load(maps)
    x = data["signal"]
    n, leads, length = x.shape
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name

    def run(items):
        logits = session.run(None, {name: items.astype(np.float32)})[0]
        e = np.exp(logits - logits.max(1, keepdims=True))
        return e / e.sum(1, keepdims=True)

    truth = run(x).argmax(1)
    steps = int(steps)
    found = {}
    for row in csv.DictReader(open(curves)):
        found[row["method"], row["order"], int(row["step"]), row["metric"]] = float(row["value"]) if row["value"] else None
    worst, compared = 0.0, 0
    for method in (m[5:] for m in data if m.startswith("attr/")):
        a = np.abs(data["attr/" + method].reshape(n, -1))
        for order in ("morf", "lerf"):
            if (method, order, 0, "accuracy") not in found:
                continue
            # stable: of equals the first
            ranked = np.argsort(-a if order == "morf" else a, axis=1, kind="stable")
            for step in range(steps + 1):
                total = leads * length
                k = step if scheme == "zero" else min(int(np.floor(step * 0.01 * total + 0.5)), total)
                removed = np.zeros((n, total), bool)
                for i in range(n):
                    removed[i, ranked[i, :k] if mode == "deletion" else ranked[i, k:]] = True
                removed = removed.reshape(x.shape)
                if scheme == "zero":
                    items = np.where(removed, 0, x)
                else:
                    items = np.stack([[interpolated(x[i, l].astype(float), removed[i, l]) for l in range(leads)] for i in range(n)])
                p = run(items)
                expected = {
                    "accuracy": metrics.accuracy_score(truth, p.argmax(1)),
                    "probability": float(p[np.arange(n), truth].mean()),
                }
                for metric, value in expected.items():
                    worst = max(worst, abs(found[method, order, step, metric] - value))
                    compared += 1
    assert compared > 0, "nothing to compare"
    print(f"{compared} figures, largest difference {worst:.2e}")
    sys.exit(0 if worst < 2e-4 else 1)


if __name__ == "__main__":
    fixture() if sys.argv[1:] == ["fixture"] else check(*sys.argv[2:])
