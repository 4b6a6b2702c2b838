#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pairs of maps with the correlations that SciPy finds, and maps with masks and where they lie.

usage: agreement.py > Tests/ECGExplainTests/Fixtures/agreement.txt

The figures of localisation are computed from their definitions: the share of mass and rank accuracy of Arras, Osman and Samek (CLEVR-XAI), the pointing
game of Zhang et al.
"""
import numpy as np
from scipy.signal import savgol_filter
from scipy.stats import pearsonr, spearmanr

rng = np.random.default_rng(5)
show = lambda a: " ".join(repr(float(v)) for v in np.ravel(a))
for case in range(3):
    a = rng.normal(size=(2, 48)).astype(np.float32)
    b = (a * rng.normal() + rng.normal(size=(2, 48)) * 0.7).astype(np.float32)
    if case == 1:
        a, b = np.round(a * 3) / 3, np.maximum(b, 0)
    print("pair a", show(a))
    print("pair b", show(b))
    smooth = lambda x: savgol_filter(x.astype(float), 31, 3, axis=-1)
    figures = [
        pearsonr(a.ravel(), b.ravel())[0],
        spearmanr(a.ravel(), b.ravel())[0],
        pearsonr(smooth(a).ravel(), smooth(b).ravel())[0],
        np.mean([pearsonr(x, y)[0] for x, y in zip(a, b)]),
        pearsonr(np.abs(a).ravel(), np.abs(b).ravel())[0],
    ]
    print("pair expect", show(figures))
values = rng.normal(3, 2, 50)
print("moments values", show(values))
print("moments expect", show([values.mean(), values.std(ddof=1)]))
for case in range(3):
    a = rng.normal(size=60).astype(np.float32)
    if case == 2:
        a = np.round(a)
    inside = rng.random(60) < 0.3
    if case == 0:
        inside[np.argmax(np.abs(a))] = True
    m = np.abs(a).astype(float)
    k = inside.sum()
    edge = np.sort(m)[::-1][k - 1]
    clear, equal = m > edge, m == edge
    rank = (inside[clear].sum() + (k - clear.sum()) * inside[equal].mean()) / k
    print("place map", show(a))
    print("place inside", *inside.astype(int))
    print("place expect", show([inside.mean(), m[inside].sum() / m.sum(), inside[m == m.max()].mean(), rank]))
