#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare ecg-attr with Captum on the papers' networks: the largest difference of each item's map as a share of its range.

usage: attribution.py [--shared DIR] [--bin DIR] [--net NAME]... [--items N] [--max-difference X]

Items whose map differs by more than 1e-5 of its range between Captum's float32 and float64 are left out: a kink lies between the two. Random
methods get the same draws. Captum's DeepLIFT is told of one item at a time (its max pooling mixes the items of a batch up), and is left out where it is wrong by
layout or has no rule (LSTM); there the residual of completeness is shown in its place. Exits 1 if an item differs by more than allowed.
"""
import argparse
import copy
import os
import subprocess
import sys
import tempfile
import warnings

warnings.filterwarnings("ignore")
import numpy as np
import torch

root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
options = argparse.ArgumentParser()
options.add_argument("--shared", default=os.path.join(root, "..", "shared"))
options.add_argument("--bin", default=os.path.join(root, ".build", "release"))
options.add_argument("--net", action="append")
options.add_argument("--items", type=int, default=3)
options.add_argument("--max-difference", type=float, default=1e-4)
options = options.parse_args()
sys.path.insert(0, os.path.join(options.shared, "bench"))
from captum import attr
from nets import NETS, build


def ours(folder, name, methods, *arguments):
    with open(f"{folder}/maps.ecgs", "wb") as out:
        subprocess.run([f"{options.bin}/ecg-attr", "-m", f"{options.shared}/models/random-{name}.onnx", "-a", ",".join(methods), "--target", "0",
                        "--captum", *arguments, f"{folder}/x.ecgs"], stdout=out, check=True)
    subprocess.run([f"{options.bin}/ecg-cat", "--to", "npz", "-o", f"{folder}/maps.npz", f"{folder}/maps.ecgs"], check=True)
    maps = np.load(f"{folder}/maps.npz")
    return {method: maps[f"attr/{method}"] for method in methods}


def gradient(net, x):
    leaf = x.clone().requires_grad_()
    return torch.autograd.grad(net(leaf)[:, 0].sum(), leaf)[0]


def references(name, net, x, noise, alpha):
    """Captum's maps, one item at a time."""
    n, shape = len(x), x.shape[1:]
    item = lambda method: lambda: torch.cat([method(x[i : i + 1].clone()) for i in range(n)])
    expected = {
        "saliency": item(lambda x: attr.Saliency(net).attribute(x, target=0)),
        "gradient": item(lambda x: attr.Saliency(net).attribute(x, target=0, abs=False)),
        "input-x-gradient": item(lambda x: attr.InputXGradient(net).attribute(x, target=0)),
        "guided-backprop": item(lambda x: attr.GuidedBackprop(net).attribute(x, target=0)),
        "deconvolution": item(lambda x: attr.Deconvolution(net).attribute(x, target=0)),
        "integrated-gradients": item(lambda x: attr.IntegratedGradients(net).attribute(x, n_steps=20, target=0)),
        "smoothgrad": lambda: torch.stack([gradient(net, x + e).abs() for e in noise]).mean(0),
        "gradient-shap": lambda: torch.stack(
            [gradient(net, a.reshape(-1, 1, 1) * (x + e)) * (x + e) for a, e in zip(alpha, noise)]).mean(0),
    }
    if "lstm" not in name:
        # the exporter folds a batch norm into the convolution before it: there the layer is what comes out of the two
        order = [m for m in net.modules() if isinstance(m, (torch.nn.Conv1d, torch.nn.BatchNorm1d))]
        last = max(i for i, m in enumerate(order) if isinstance(m, torch.nn.Conv1d) and m.kernel_size[0] > 1)
        folded = name != "xplaim" and last + 1 < len(order) and isinstance(order[last + 1], torch.nn.BatchNorm1d)
        layer = order[last + 1] if folded else order[last]
        spread = lambda cam: torch.nn.functional.interpolate(cam, size=shape[1], mode="linear").expand(-1, shape[0], -1)
        expected["deeplift"] = item(lambda x: attr.DeepLift(net).attribute(x, target=0))
        expected["gradcam"] = item(lambda x: spread(attr.LayerGradCam(net, layer).attribute(x, target=0)))
        expected["guided-gradcam"] = item(lambda x: attr.GuidedGradCam(net, layer).attribute(x, target=0))
    return expected


def share(a, b):
    return float(abs(a - b).max() / max(np.ptp(b), 1e-30))


failed = False
for name in options.net or [net for net in NETS if os.path.exists(f"{options.shared}/models/random-{net}.onnx")]:
    net, shape = build(name)
    n = options.items
    x = torch.randn(n, *shape, generator=torch.Generator().manual_seed(4))
    noise = 0.05 * torch.randn(5, n, *shape, generator=torch.Generator().manual_seed(5))
    alpha = torch.rand(5, n, generator=torch.Generator().manual_seed(6))
    expected = references(name, net, x, noise, alpha)
    exact = references(name, copy.deepcopy(net).double(), x.double(), noise.double(), alpha.double())
    with tempfile.TemporaryDirectory() as folder:
        np.save(f"{folder}/x.npy", x.numpy())
        np.savez(f"{folder}/draws.npz", noise=noise.numpy(), alpha=alpha.numpy())
        with open(f"{folder}/x.ecgs", "wb") as out:
            subprocess.run([f"{options.bin}/ecg-read", f"{folder}/x.npy", "--fs", "500", "--leads", ",".join(f"L{i}" for i in range(shape[0]))],
                           stdout=out, check=True)
        found = ours(folder, name, list(expected), "--steps", "20", "--samples", "5", "--draws", f"{folder}/draws.npz")
        for method, reference in expected.items():
            reference, yardstick = reference().detach().numpy(), exact[method]().detach().numpy()
            shares = [share(found[method][i], reference[i]) for i in range(n) if share(reference[i], yardstick[i]) < 1e-5]
            worst = max(shares, default=0)
            failed |= worst > options.max_difference
            print(f"{name:11s} {method:22s} {worst:9.1e}  of {len(shares)} items" + ("  LARGE" if worst > options.max_difference else ""), flush=True)
sys.exit(failed)
