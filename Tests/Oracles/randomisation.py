#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check models that ecg-randomize wrote: they load and run in ONNX Runtime, differ from the original in the layers that were drawn and in no other.

usage: randomisation.py MODEL DIR [own|permute|fresh] [each]
"""
import os
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper

model, folder = sys.argv[1:3]
how = sys.argv[3] if len(sys.argv) > 3 else "own"


def tensors(path):
    graph = onnx.load(path)
    onnx.checker.check_model(graph)
    return {t.name: numpy_helper.to_array(t) for t in graph.graph.initializer}


def run(path):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    entry = session.get_inputs()[0]
    shape = [n if isinstance(n, int) and n > 0 else 2 for n in entry.shape]
    x = np.random.default_rng(0).random(shape).astype(np.float32)
    return session.run(None, {entry.name: x})[0]


original, said = tensors(model), run(model)
before = set()
files = sorted(os.listdir(folder))
assert files, "no models"
for number, name in enumerate(files):
    now = tensors(f"{folder}/{name}")
    changed = {k for k in now if k not in original or not np.array_equal(now[k], original[k])}
    assert changed, f"{name}: nothing was drawn"
    if len(sys.argv) <= 4:
        assert before < changed, f"{name}: not cumulative"
        for k in before:
            assert np.array_equal(now[k], earlier[k]), f"{name}: {k} was drawn twice"
    before, earlier = changed, now
    for k in changed & set(original):
        a, b = original[k].astype(float).ravel(), now[k].astype(float).ravel()
        if how == "permute":
            assert np.array_equal(np.sort(a), np.sort(b)), k
        if how == "own" and a.size > 1000:
            assert abs(b.mean() - a.mean()) < 6 * a.std() / a.size**0.5 and abs(b.std() / a.std() - 1) < 0.1, k
    out = run(f"{folder}/{name}")
    assert np.isfinite(out).all() and out.shape == said.shape and not np.array_equal(out, said), name
print(f"{len(files)} models, {len(before)} of {len(original)} tensors drawn in the last")
