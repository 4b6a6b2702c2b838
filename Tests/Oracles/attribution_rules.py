#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write small networks that need a rule of their own, as ONNX, with the maps that the rules must give.

usage: attribution_rules.py [DIR [NAME...]]      (DIR: Tests/ECGExplainTests/Fixtures; NAME: only these networks)

NAME.onnx takes items [n, 2, 40]; NAME.npy is [what, item, lead, time]: the items, baselines, the gradient of one output, and, where every activation
is a ReLU, guided backpropagation and deconvolution with the rule at each *use* of the activation (an autograd function in its place), which hooks on modules
can't do for reused and functional ones. DeepLIFT needs no reference: its contributions must add up to the difference of the scores.
"""
import os
import sys
import warnings

warnings.filterwarnings("ignore")
import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

here = os.path.dirname(os.path.abspath(__file__))
folder = sys.argv[1] if len(sys.argv) > 1 else os.path.join(here, "..", "ECGExplainTests", "Fixtures")
rule = "gradient"


class Gate(torch.autograd.Function):
    @staticmethod
    def forward(context, x):
        context.save_for_backward(x)
        return x.clamp(min=0)

    @staticmethod
    def backward(context, g):
        (x,) = context.saved_tensors
        if rule == "deconvolution":
            return g.clamp(min=0)
        g = g.clamp(min=0) if rule == "guided" else g
        return g * (x > 0)


def relu(x):
    return F.relu(x) if rule == "export" else Gate.apply(x)


class Net(nn.Module):
    explained = 0

    def __init__(self):
        super().__init__()
        self.a, self.b, self.skip = nn.Conv1d(2, 6, 5, padding=2), nn.Conv1d(6, 6, 5, padding=2), nn.Conv1d(2, 6, 1)
        self.norm, self.pool, self.dense = nn.BatchNorm1d(6), nn.MaxPool1d(2), nn.Linear(6, 3)

    def head(self, x):
        return self.dense(x.mean(2))


class Reused(Net):
    """One activation used three times, a functional one, and one in place; its input is used elsewhere too."""
    def forward(self, x):
        h = self.a(x)
        return self.head(relu(self.norm(relu(self.b(relu(h))) + h)) * 1.5 + self.skip(x))


class ReluPool(Net):
    """An activation right before max pooling, where hooks on modules read a stale gradient."""
    def forward(self, x):
        return self.head(self.pool(relu(self.a(x))))


class PoolRelu(Net):
    def forward(self, x):
        return self.head(relu(self.pool(self.a(x))))


class SharedPool(Net):
    """Ribeiro's skip: max pooling of a value that the main path reads too."""
    def forward(self, x):
        h = relu(self.a(x))
        return self.head(relu(F.avg_pool1d(self.b(h), 2) + self.pool(h)))


class Overlapping(Net):
    def forward(self, x):
        return self.head(relu(self.b(F.max_pool1d(relu(self.a(x)), 5, stride=2, padding=2))))


class Normed(Net):
    """A batch norm that no convolution stands before, and layer normalisation."""
    def forward(self, x):
        h = self.norm(relu(self.a(x)))
        return self.head(relu(self.b(F.layer_norm(relu(h), (40,)))))


class Leaky(Net):
    def forward(self, x):
        return self.head(F.elu(self.b(F.leaky_relu(self.norm(self.a(x)), 0.3))))


class Smooth(Net):
    """GELU and SiLU as exporters write them out: Erf and products, Sigmoid and a product."""
    def forward(self, x):
        return self.head(F.silu(self.b(F.gelu(self.a(x)))))


class Gated(Net):
    """Products of two values that both depend on the item, and a quotient."""
    def forward(self, x):
        h = self.a(x) * torch.sigmoid(self.skip(x))
        return self.head(h / (1 + self.b(h) ** 2))


class Attention(Net):
    """Softmax inside, and matrix products of two values that both depend on the item."""
    def forward(self, x):
        q, k = self.a(x).transpose(1, 2), self.skip(x)
        weights = torch.softmax(q @ k / 2, -1)
        return self.head((weights @ q).transpose(1, 2))


class FarScores(Net):
    """Attention scores that move by some tens between baseline and item, as they do without a division by the square root of the width."""
    def forward(self, x):
        q, k = self.a(x).transpose(1, 2), self.skip(x)
        return self.head((torch.softmax(12 * q @ k, -1) @ q).transpose(1, 2))


class EachSample(Net):
    """An output a sample and class."""
    explained = 104

    def __init__(self):
        super().__init__()
        self.each = nn.Conv1d(6, 3, 1)

    def forward(self, x):
        return self.each(relu(self.norm(self.a(x))))


class EachLead(Net):
    """One convolution for each lead."""
    def __init__(self):
        super().__init__()
        self.lead = nn.Conv1d(1, 6, 5, padding=2)

    def forward(self, x):
        return self.head(relu(self.lead(x[:, :1])) + relu(self.lead(x[:, 1:])))


class Softmaxed(Net):
    def forward(self, x):
        return torch.softmax(self.head(relu(self.a(x))), 1)


class LSTM(Net):
    def __init__(self):
        super().__init__()
        self.cell, self.dense = nn.LSTM(2, 5, batch_first=True), nn.Linear(5, 3)

    def forward(self, x):
        return self.dense(self.cell(x.transpose(1, 2))[0][:, -1])


class LSTMBoth(LSTM):
    def __init__(self):
        super().__init__()
        self.cell, self.dense = nn.LSTM(2, 5, 2, batch_first=True, bidirectional=True), nn.Linear(10, 3)

    def forward(self, x):
        return self.dense(self.cell(x.transpose(1, 2))[0].mean(1))


class GRU(LSTM):
    def __init__(self):
        super().__init__()
        self.cell, self.dense = nn.GRU(2, 5, batch_first=True, bidirectional=True), nn.Linear(10, 3)

    def forward(self, x):
        return self.dense(self.cell(x.transpose(1, 2))[0].mean(1))


class GRUStates(GRU):
    """Initial states: of the forward direction a constant, of the backward one what the item says."""
    def __init__(self):
        super().__init__()
        self.first, self.start = nn.Parameter(torch.randn(1, 1, 5)), nn.Linear(2, 5)

    def forward(self, x):
        states = torch.cat([self.first.expand(1, x.shape[0], 5), torch.tanh(self.start(x.mean(2)))[None]])
        return self.dense(self.cell(x.transpose(1, 2), states)[0].mean(1))


class LSTMStates(LSTM):
    """The same of an LSTM, whose last states are read beside its outputs."""
    def __init__(self):
        super().__init__()
        self.first, self.start, self.dense = nn.Parameter(torch.randn(1, 1, 5)), nn.Linear(2, 5), nn.Linear(15, 3)

    def forward(self, x):
        start = torch.tanh(self.start(x.mean(2)))[None]
        outputs, (hidden, cells) = self.cell(x.transpose(1, 2), (start, self.first.expand(1, x.shape[0], 5)))
        return self.dense(torch.cat([outputs.mean(1), hidden[-1], cells[-1]], 1))


class Chosen(Net):
    """Where by a comparison: DeepLIFT has no rule for it."""
    def forward(self, x):
        h = self.a(x)
        return self.head(torch.where(h > 0.1, h, 0.2 * self.skip(x)))


gated = {Reused, ReluPool, PoolRelu, SharedPool, Overlapping, Normed}
os.makedirs(folder, exist_ok=True)
networks = [
    Reused, ReluPool, PoolRelu, SharedPool, Overlapping, Normed, Leaky, Smooth, Gated, Attention, FarScores, EachSample, EachLead, Softmaxed, LSTM, LSTMBoth,
    LSTMStates, GRU, GRUStates, Chosen]
for make in [make for make in networks if len(sys.argv) < 3 or make.__name__ in sys.argv[2:]]:
    torch.manual_seed(3)
    net = make()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.mul_(1.7)
        for norm in net.modules():
            if isinstance(norm, nn.BatchNorm1d):
                norm.running_mean.uniform_(-0.3, 0.3)
                norm.running_var.uniform_(0.5, 1.5)
    net.eval()
    x = torch.randn(3, 2, 40)
    base = 0.3 * torch.randn(3, 2, 40)
    name = make.__name__
    rule = "export"
    torch.onnx.export(net, (x[:1] if "cell" in dict(net.named_children()) else x,), f"{folder}/{name}.onnx", input_names=["ecg"], output_names=["logits"],
                      dynamo=False, opset_version=17, do_constant_folding=True, dynamic_axes={"ecg": {0: "batch"}, "logits": {0: "batch"}})
    maps = [x, base]
    for rule in ["gradient", "guided", "deconvolution"] if make in gated else ["gradient"]:
        leaf = x.clone().requires_grad_()
        maps.append(torch.autograd.grad(net(leaf).flatten(1)[:, make.explained].sum(), leaf)[0])
    np.save(f"{folder}/{name}.npy", torch.stack(maps).detach().numpy())

if len(sys.argv) > 2:
    sys.exit()
# A network that takes two leads of any length, for pipelines.
torch.manual_seed(3)
rule = "export"


class AnyLength(Net):
    def forward(self, x):
        return self.head(relu(self.a(x)))


torch.onnx.export(AnyLength().eval(), (torch.zeros(1, 2, 40),), f"{folder}/AnyLength.onnx", input_names=["ecg"], output_names=["logits"], dynamo=False,
                  opset_version=17, dynamic_axes={"ecg": {0: "batch", 2: "time"}, "logits": {0: "batch"}})
