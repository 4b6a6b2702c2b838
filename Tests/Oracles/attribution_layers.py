#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write a small network with what the maps of its layers and of switched parts must be: autograd, SciPy and Captum.

usage: attribution_layers.py [DIR]      (DIR: Tests/ECGExplainTests/Fixtures)

Layers.onnx takes items [n, 2, 40]; Layers.npy is [what, item, lead, time] in the order of the calls of `keep` below.
"""
import os
import sys
import warnings

warnings.filterwarnings("ignore")
import numpy as np
import torch
from captum import attr
from scipy.ndimage import zoom
from torch import nn
from torch.nn import functional as F

here = os.path.dirname(os.path.abspath(__file__))
folder = sys.argv[1] if len(sys.argv) > 1 else os.path.join(here, "..", "ECGExplainTests", "Fixtures")
ITEMS, LEADS, TIME = 3, 2, 40


class Net(nn.Module):
    """The last convolution in file order has one tap: it is a shortcut, and no layer for Grad-CAM."""
    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Conv1d(2, 6, 5, padding=2), nn.Conv1d(6, 8, 4, stride=2, padding=1)
        self.shortcut, self.dense = nn.Conv1d(8, 8, 1), nn.Linear(8, 3)
        self.layers = {}

    def forward(self, x):
        first = self.first(x)
        last = self.last(F.relu(first))
        self.layers = {"first": first, "last": last}
        return self.dense((torch.tanh(last) + self.shortcut(F.relu(last))).mean(2))


torch.manual_seed(8)
net = Net().eval()
x, base = torch.randn(ITEMS, LEADS, TIME), 0.4 * torch.randn(LEADS, TIME)
torch.onnx.export(net, (x,), f"{folder}/Layers.onnx", input_names=["ecg"], output_names=["logits"], dynamo=False, opset_version=17,
                  dynamic_axes={"ecg": {0: "batch"}, "logits": {0: "batch"}})
kept = []


def keep(maps):
    kept.append(maps.detach().reshape(ITEMS, LEADS, TIME).float())


keep(x)
keep(base.expand(ITEMS, LEADS, TIME))

# Paper 001: the absolute gradient of the mean of a layer's outputs
for layer in ["last", "first"]:
    leaf = x.clone().requires_grad_()
    net(leaf)
    keep(torch.autograd.grad(net.layers[layer].mean((1, 2)).sum(), leaf)[0].abs())

# Paper 000: Grad-CAM of class 1, by layer, score and interpolation
for layer in ["last", "first"]:
    for probability in [False, True]:
        logits = net(x)
        score = torch.softmax(logits, 1)[:, 1] if probability else logits[:, 1]
        outputs = net.layers[layer]
        weights = torch.autograd.grad(score.sum(), outputs)[0].mean(2, keepdim=True)
        row = F.relu((weights * outputs).sum(1, keepdim=True))
        keep(F.interpolate(row, size=TIME, mode="linear").expand(-1, LEADS, -1))
        spline = np.stack([zoom(r[0], TIME / r.shape[1], order=3) for r in row.detach().double().numpy()])
        keep(torch.from_numpy(spline)[:, None].expand(-1, LEADS, -1))


def edges(*places):
    """A number for each sample: how many of the places lie at or before it."""
    return torch.tensor([sum(t >= place for place in places) for t in range(TIME)])


def ablation(mask):
    keep(attr.FeatureAblation(net).attribute(x, baselines=base[None], target=1, feature_mask=mask[None].contiguous()))


lead = torch.arange(LEADS)[:, None].expand(LEADS, TIME)
beats = edges(9, 22)  # R peaks at 4, 15 and 29
segments = edges(2, 7, 12, 17, 22, 27, 32, 37)  # of 5 samples, outwards from the R peak at 12
windows = torch.arange(TIME) // 8
ablation(beats.expand(LEADS, TIME))
ablation(windows + 5 * lead)
ablation(windows.expand(LEADS, TIME))
ablation(lead)
ablation(segments + 9 * lead)
ablation(segments.expand(LEADS, TIME))
occlusion = attr.Occlusion(net)
keep(occlusion.attribute(x, (1, 8), strides=(1, 4), baselines=base[None], target=1))
keep(occlusion.attribute(x, (LEADS, 8), strides=(LEADS, 4), baselines=base[None], target=1))
np.save(f"{folder}/Layers.npy", torch.stack(kept).numpy())
