#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""train.py LUDB QRS OUT: trains the network of Sources/ECGSignal/Delineation on the first 80 records of the LUDB.

QRS is a folder with the detector's annotation files (pipelines/ec57 writes them to OUT/ludb); OUT is the folder of the Swift sources, whose
WaveNetworkWeights files are written. Needs PyTorch. A few minutes on two cores; another machine gives slightly other weights.
"""
import base64
import os
import sys

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
import wfdb

LEADS = ["i", "ii", "iii", "avr", "avl", "avf", "v1", "v2", "v3", "v4", "v5", "v6"]
CLASSES = {"p": 1, "N": 2, "t": 3}
LENGTH = 2496  # grid samples of a record, at 250 Hz
CROP = 768
rng = np.random.default_rng(0)


class Network(nn.Module):
    """As WaveNetwork.swift has it, with batch normalisation, which the export folds in."""

    order = [("c0", [2]), ("c1", [12]), ("d2", [12]), ("c2", [16]), ("d3", [16]), ("c3", [24]), ("d4", [24]), ("c4", [24]),
             ("c5", [24, 24]), ("u3", [24, 24, 24]), ("u2", [24, 16, 16]), ("u1", [16, 12, 12]), ("o", [16])]
    outputs = {"c0": 12, "c1": 12, "d2": 16, "c2": 16, "d3": 24, "c3": 24, "d4": 24, "c4": 24, "c5": 24, "u3": 24, "u2": 16, "u1": 16, "o": 8}
    taps = {"c0": 9, "c4": 9, "c5": 9, "u3": 3, "u2": 3, "o": 3}

    def __init__(self):
        super().__init__()
        self.conv, self.norm = nn.ModuleDict(), nn.ModuleDict()
        for name, inputs in self.order:
            taps = self.taps.get(name, 5)
            self.conv[name] = nn.Conv1d(sum(inputs), self.outputs[name], taps, 2 if name in ("c0", "d2", "d3", "d4") else 1, taps // 2)
            if name != "o":
                self.norm[name] = nn.BatchNorm1d(self.outputs[name])
        self.drop = nn.Dropout1d(0.12)

    def forward(self, x, records, leads):
        """x [record · lead, 2, time] -> scores [record · lead, 4, time]"""
        def layer(name, *maps):
            return F.relu(self.norm[name](self.conv[name](torch.cat(maps, 1))))

        def mean(z):
            grouped = z.view(records, leads, *z.shape[1:])
            return grouped.mean(1, keepdim=True).expand_as(grouped).reshape(z.shape)

        def up(z):
            return z.repeat_interleave(2, -1)

        z1 = layer("c1", layer("c0", x))
        z2 = layer("c2", layer("d2", z1))
        z3 = layer("c3", layer("d3", z2))
        z4 = layer("c4", layer("d4", z3))
        z = self.drop(layer("c5", self.drop(torch.cat([z4, mean(z4)], 1))))
        z = layer("u3", up(z), z3, mean(z3))
        z = layer("u2", up(z), z2, mean(z2))
        z = layer("u1", up(z), z1, mean(z1))
        scores = self.conv["o"](z)
        return scores.view(len(scores), 2, 4, -1).permute(0, 2, 3, 1).reshape(len(scores), 4, -1)


def load(folder, qrs):
    """Signals at 250 Hz [record, lead, time], classes, weights (0 where nothing is marked), R peaks, and the P waves' places."""
    records = [line.strip() for line in open(os.path.join(folder, "RECORDS"))][:80]
    x = np.zeros((len(records), 12, LENGTH), "f4")
    y, w = np.zeros(x.shape, "i8"), np.zeros(x.shape, "f4")
    peaks, p_waves = [], []
    places = 2 * np.arange(LENGTH) + 1
    for i, record in enumerate(records):
        path = os.path.join(folder, record)
        signal = wfdb.rdrecord(path).p_signal.T
        x[i] = (signal[:, 0:2 * LENGTH:2] + 2 * signal[:, 1:2 * LENGTH:2] + signal[:, 2:2 * LENGTH + 1:2]) / 4
        peaks.append((wfdb.rdann(os.path.join(qrs, os.path.basename(record)), "qrs").sample - 1) / 2)
        p_waves.append([[] for _ in LEADS])
        for l, lead in enumerate(LEADS):
            marks = wfdb.rdann(path, lead)
            waves, onset, peak = [], None, None
            for sample, symbol in zip(marks.sample, marks.symbol):
                if symbol == "(":
                    onset, peak = sample, None
                elif symbol == ")":
                    if peak:
                        waves.append((*peak, onset, sample))
                    onset = peak = None
                else:
                    peak = symbol, sample
            whole = [v for v in waves if v[2] is not None]
            w[i, l] = (places >= min(v[2] for v in whole)) & (places <= max(v[3] for v in whole))
            for symbol, place, onset, offset in waves:
                if onset is None:
                    w[i, l][(places >= place - 100) & (places <= offset)] = 0
                    continue
                y[i, l][(places >= onset) & (places <= offset)] = CLASSES[symbol]
                if symbol == "p":
                    p_waves[i][l].append((onset // 2 - 2, offset // 2 + 2))
    return x, y, w, peaks, p_waves


def prepared(x, peaks):
    """[lead, 2, time]: each lead without its median and scaled by its QRS complexes, and a mark at the R peaks; see GridInput.swift."""
    x = x - np.median(x, 1, keepdims=True)
    heights = [np.ptp(x[:, max(0, int(p) - 15):int(p) + 16], axis=1) for p in peaks if int(p) < x.shape[1] - 5]
    height = np.median(heights, 0) if heights else np.abs(x).max(1)
    height = np.maximum(height, 0.25 * max(height.max(), 1e-6))
    marks = np.zeros(x.shape[1], "f4")
    for p in peaks:
        marks = np.maximum(marks, 1 - np.abs(np.arange(x.shape[1]) - p) / 8)
    return np.stack([x / height[:, None], np.broadcast_to(marks, x.shape)], 1).astype("f4")


def fluttering(x, time):
    """Waves as the atria make them in fibrillation, instead of P waves."""
    rate = rng.uniform(4, 9) + rng.normal(0, 8, CROP).cumsum() * 0.01
    phase = np.cumsum(rate) / 250 * 2 * np.pi
    height = np.abs(x - np.median(x, 1, keepdims=True)).max(1, keepdims=True) * rng.uniform(0.01, 0.10)
    wave = np.sin(phase) + rng.uniform(0, 0.5) * np.sin(2 * phase + 1)
    slow = 1 + 0.4 * np.sin(2 * np.pi * rng.uniform(0.2, 1) * time)
    return height * rng.uniform(0.3, 1.5, (len(x), 1)) * rng.choice([-1, 1], (len(x), 1)) * wave * slow


def example(data, chances, count):
    """A crop of `count` leads of one record, changed at random."""
    signals, classes, weights, all_peaks, p_waves = data
    i = rng.choice(len(signals), p=chances)
    leads = rng.choice(12, count, replace=False)
    stretch = rng.uniform(0.8, 1.25) if rng.random() < 0.7 else 1.0
    span = int(CROP * stretch) + 2
    marked = np.flatnonzero(weights[i, leads].max(0))
    low, high = max(0, marked[0] - 60), max(marked[0], marked[-1] + 60 - span)
    start = int(np.clip(rng.integers(low, max(low, high) + 1), 0, LENGTH - span - 1))
    source, classes = signals[i][leads].copy(), classes[i][leads].copy()
    # P waves are made higher, lower, or taken away.
    chance = rng.random()
    if chance < 0.5:
        gain = 0.0 if chance < 0.15 else float(np.exp(rng.uniform(-0.9, 0.9)))
        for row, lead in enumerate(leads):
            for a, b in p_waves[i][lead]:
                if a >= 0 and b < LENGTH:
                    line = np.linspace(source[row, a], source[row, b], b - a + 1)
                    source[row, a:b + 1] = line + gain * (source[row, a:b + 1] - line)
        if gain == 0:
            classes[classes == 1] = 0
    place = np.clip(start + np.arange(CROP) * stretch, 0, LENGTH - 2)
    whole = place.astype(int)
    x = source[:, whole] * (1 - (place - whole)) + source[:, whole + 1] * (place - whole)
    time = np.arange(CROP) / 250
    if chance < 0.15 and rng.random() < 0.8:
        x = x + fluttering(x, time)
    if rng.random() < 0.3 and count > 1:
        x = x + rng.uniform(-0.35, 0.35, (count, 1)) * x[rng.permutation(count)]
    nearest = np.clip(np.rint(place), 0, LENGTH - 1).astype(int)
    y, w = classes[:, nearest], weights[i][leads][:, nearest].copy()
    peaks = [(p - start) / stretch + rng.normal(0, 2) for p in all_peaks[i] if 0 <= (p - start) / stretch < CROP]
    if rng.random() < 0.25 and peaks:  # one beat, as ecg-beats and ecg-median cut it
        p = peaks[rng.integers(len(peaks))]
        a, b = int(max(0, p - rng.integers(60, 150))), int(min(CROP, p + rng.integers(90, 220)))
        x[:, :a], x[:, b:] = x[:, a:a + 1], x[:, b - 1:b]
        w[:, :a], w[:, b:] = 0, 0
        peaks = [v for v in peaks if a <= v < b]
    level = np.abs(x - np.median(x, 1, keepdims=True)).mean()
    if rng.random() < 0.6:
        wander = np.sin(2 * np.pi * rng.uniform(0.05, 0.6) * time + rng.uniform(0, 6.3))
        x = x + rng.normal(0, 1, (count, 1)) * rng.uniform(0, 2) * level * wander
    if rng.random() < 0.4:
        x = x + rng.normal(0, 1, (count, CROP)) * rng.uniform(0, 0.25) * level
    z = prepared(x, peaks)
    z[:, 0] *= rng.uniform(0.7, 1.4, (count, 1))
    if rng.random() < 0.3:
        z[:, 0] *= rng.choice([-1, 1], (count, 1))
    return z, y, w


def train(network, data, steps, rate, class_weights):
    # Records without P waves are few and are seen more often.
    chances = np.array([1.0 if any(p) else 2.5 for p in data[4]])
    chances /= chances.sum()
    optimizer = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps)
    class_weights = torch.tensor(class_weights)
    network.train()
    total = 0.0
    for step in range(steps):
        leads = int(rng.choice([1, 2, 4, 6, 8]))
        records = max(4, 48 // leads)
        z, y, w = (torch.tensor(np.concatenate(v)) for v in zip(*(example(data, chances, leads) for _ in range(records))))
        loss = F.cross_entropy(network(z, records, leads), y, weight=class_weights, reduction="none")
        loss = (loss * w).sum() / w.sum().clamp(min=1)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        total += loss.item()
        if (step + 1) % 200 == 0:
            print(f"step {step + 1}: loss {total / 200:.4f}", flush=True)
            total = 0.0
    network.eval()


def export(network, folder):
    """Folds the normalisation in, rounds the weights to int8 with a scale an output, and writes them as Swift; see WeightReader.swift."""
    data = b""
    for name, _ in network.order:
        weight = network.conv[name].weight.detach().double()
        bias = network.conv[name].bias.detach().double()
        if name in network.norm:
            norm = network.norm[name]
            gain = norm.weight.double() / torch.sqrt(norm.running_var.double() + norm.eps)
            weight, bias = weight * gain[:, None, None], (bias - norm.running_mean.double()) * gain + norm.bias.double()
        weight = weight.permute(0, 2, 1).detach().numpy()
        scale = np.maximum(np.abs(weight).max((1, 2)) / 127, 1e-9)
        rounded = np.clip(np.rint(weight / scale[:, None, None]), -127, 127).astype("i1")
        data += scale.astype("<f4").tobytes() + bias.detach().numpy().astype("<f4").tobytes() + rounded.tobytes()
    text = base64.b64encode(data).decode()
    lines = [text[i:i + 128] for i in range(0, len(text), 128)]
    per = -(-len(lines) // 3)
    for part in range(3):
        with open(os.path.join(folder, f"WaveNetworkWeights+Part{part + 1}.swift"), "w") as file:
            body = "\n".join("        " + line for line in lines[part * per:(part + 1) * per])
            file.write("// SPDX-License-Identifier: GPL-3.0-or-later\n\nextension WaveNetworkWeights {\n"
                       f'    static let part{part + 1} = """\n{body}\n        """\n}}\n')


def main():
    folder, qrs, out = sys.argv[1:]
    torch.manual_seed(0)
    data = load(folder, qrs)
    network = Network()
    # First with more weight on P and QRS, which are short; then without, so that their ends have no bias.
    train(network, data, 2600, 6e-3, [1.0, 1.5, 1.5, 1.0])
    train(network, data, 1000, 3e-3, [1.0, 1.0, 1.0, 1.0])
    export(network, out)


if __name__ == "__main__":
    main()
