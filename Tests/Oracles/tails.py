#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks that end in linear layers, and begin with layers of no layout of their own: model, items, outputs and the gradient of the last output in float64.

usage: tails.py FILE        (Tests/ECGModelTests/Fixtures/tails.bin)
A case is as in networks.py; its title is `NAME STEPS`: the kinds of steps, joined by `+`, that are left of Conv, Slice, Pad and Layout.
"""
import io
import struct
import sys
import warnings

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from onnx import numpy_helper
from torch import nn

warnings.filterwarnings("ignore")
archive = bytearray()


class Tail(nn.Module):
    """A convolution, an activation, and what follows."""

    def __init__(self, classes, kind):
        super().__init__()
        self.kind = kind
        self.first = nn.Conv1d(2, 6, 3, padding=1)
        stride, dilation = (2, 1) if kind == "sliced" else (1, 2 if kind == "dilated" else 1)
        self.last = nn.Conv1d(6, 12 if kind == "sliced" else 6, 7, stride, padding=3 * dilation, dilation=dilation, bias=kind != "normalised")
        self.norm = nn.BatchNorm1d(6)
        nn.init.uniform_(self.norm.running_mean, -0.2, 0.2), nn.init.uniform_(self.norm.running_var, 0.5, 1.5)
        self.dense = nn.Linear({"sliced": 12 * 12, "dilated": 6 * 25}.get(kind, 6 * 25), classes)

    def forward(self, x):
        h = F.relu(self.first(x))
        if self.kind == "sliced":
            y = self.last(h)[..., :12] + F.max_pool1d(F.pad(h, (0, 0, 0, 6)), 2)
        elif self.kind == "dilated":
            y = self.last(h)
        elif self.kind == "normalised":
            y = self.norm(self.last(h)) + h
        elif self.kind == "shortcut":
            y = h + self.last(h)
        else:
            y = F.relu(self.last(h) + h)
        return self.dense(y.flatten(1))


class Head(nn.Module):
    """Batch normalisation, padding and a convolution, with a shortcut around them."""

    def __init__(self):
        super().__init__()
        self.norm, self.conv, self.dense = nn.BatchNorm1d(2), nn.Conv1d(2, 2, 4), nn.Linear(2 * 25, 2)
        nn.init.uniform_(self.norm.running_mean, -0.2, 0.2), nn.init.uniform_(self.norm.running_var, 0.5, 1.5)

    def forward(self, x):
        return self.dense(F.relu(self.conv(F.pad(F.relu(self.norm(x)), (1, 2))) + x).flatten(1))


def case(name, steps, net):
    torch.manual_seed(len(name))
    net = net.eval()
    x = torch.randn(5, 2, 25)
    file = io.BytesIO()
    torch.onnx.export(
        net, (x,), file, opset_version=17, dynamo=False, input_names=["ecg"], output_names=["logits"],
        dynamic_axes={"ecg": {0: "batch"}, "logits": {0: "batch"}})
    model = onnx.load_from_string(file.getvalue())
    net, exact = net.double(), x.double().requires_grad_(True)
    outputs = net(exact)
    outputs[:, -1].sum().backward()
    parts = [f"{name} {steps}".encode(), model.SerializeToString()]
    for group in ([x.numpy()], [outputs.detach().numpy(), exact.grad.numpy()]):
        parts.append(struct.pack("<I", len(group)))
        parts += [numpy_helper.from_array(np.array(v, order="C")).SerializeToString() for v in group]
    for part in parts:
        archive.extend(struct.pack("<I", len(part)))
        archive.extend(part)


torch.manual_seed(0)
case("sliced", "Conv+Pad", Tail(2, "sliced"))
case("dilated", "Conv", Tail(3, "dilated"))
case("normalised", "Conv", Tail(1, "normalised"))
case("shortcut", "Conv", Tail(2, "shortcut"))
# an activation stands behind it, and so many classes that both together would be more work than one after the other
case("activated", "Conv+Conv", Tail(2, "activated"))
case("classes", "Conv+Conv", Tail(40, "shortcut"))
case("head", "Conv", Head())
with open(sys.argv[1], "wb") as file:
    file.write(archive)
print(f"{len(archive)} bytes")
