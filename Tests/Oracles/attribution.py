#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare ecg-attr with Captum, method by method, on the trained network and on the papers' networks.

usage: attribution.py [--shared DIR] [--bin DIR] [--net NAME]... [--method NAME]... [--items N] [--max-difference X] [--table FILE] [--fixture FILE]

For each network and method: the largest difference of an item's map, as a share of the map's range, over the items where Captum's float32 and float64
agree to 1e-5 of it. At the others a kink (of a ReLU, of a maximum) lies between the two, and any arithmetic may fall on either side: how many those are,
how far Captum's two are apart there, and how far ours is from the float64. A kink may also lie within the rounding of float32 without Captum's float32
stumbling over it. Where ours differs by more than allowed, Captum's float64 map is computed again with its items moved by what float32's rounding adds up to over
some layers, 5e-7 of the largest, and each layer's results by the last bit of a float32, 1e-7 of the largest, sixteen times: if that moves the map by more than
1e-5, the item is told apart as `near`, with our difference, and with the map's largest move. Random methods get the same draws on both sides. Captum's DeepLIFT is told of one item at
a time (its max pooling mixes the items of a batch up), and stands aside where it has no rule (LSTM): there the column says the residual of completeness.
ribeiro.onnx is written first (../shared/bench/export.py has it; it is too large to lie there). Exits 1 if an item without a kink differs by more than
allowed. --fixture keeps a few values of each map for the tests.
"""
import argparse
import copy
import json
import os
import subprocess
import sys
import tempfile
import warnings

warnings.filterwarnings("ignore")
import numpy as np
import torch
from torch import nn

root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
options = argparse.ArgumentParser()
options.add_argument("--shared", default=os.path.join(root, "..", "shared"))
options.add_argument("--bin", default=os.path.join(root, ".build", "release"))
options.add_argument("--net", action="append")
options.add_argument("--method", action="append")
options.add_argument("--items", type=int, default=3)
options.add_argument("--max-difference", type=float, default=1e-4)
options.add_argument("--table")
options.add_argument("--fixture")
options = options.parse_args()
sys.path.insert(0, os.path.join(options.shared, "bench"))
from captum import attr
from nets import NETS, build

STEPS, DRAWS, BASELINES = 20, 5, 3


class Trained(nn.Module):
    """mitbih-cnn.onnx as modules."""

    class Block(nn.Module):
        def __init__(self, take):
            super().__init__()
            self.mp, self.sk, self.c1, self.r1, self.c2, self.r2 = nn.MaxPool1d(4), take(), take(), nn.ReLU(), take(), nn.ReLU()

        def forward(self, x):
            skip, main = self.sk(self.mp(x + 0)), self.c2(self.r1(self.c1(x)))
            n = min(skip.shape[-1], main.shape[-1])
            return self.r2(main[..., :n] + skip[..., :n])

    def __init__(self, path):
        super().__init__()
        import onnx

        graph = onnx.load(path).graph
        weights = {w.name: torch.from_numpy(onnx.numpy_helper.to_array(w).copy()) for w in graph.initializer}
        nodes = iter([n for n in graph.node if n.op_type == "Conv"])

        def take():
            node = next(nodes)
            given = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
            w = weights[node.input[1]]
            conv = nn.Conv1d(w.shape[1], w.shape[0], w.shape[2], given["strides"][0], given["pads"][0], bias=len(node.input) > 2)
            conv.weight.data = w
            if len(node.input) > 2:
                conv.bias.data = weights[node.input[2]]
            return conv

        self.c0, self.r0 = take(), nn.ReLU()
        self.blocks = nn.Sequential(*[Trained.Block(take) for _ in range(4)])
        self.flatten, self.fc = nn.Flatten(), nn.Linear(*reversed(weights["fc.weight"].shape))
        self.fc.weight.data, self.fc.bias.data = weights["fc.weight"], weights["fc.bias"]

    def forward(self, x):
        return self.fc(self.flatten(self.blocks(self.r0(self.c0(x)))))


def counted(shape, step, offset, modulus):
    """Numbers in 0…1 that any language can make: no generator has to match."""
    k = np.arange(int(np.prod(shape)))
    return ((k * step + offset) % modulus / modulus).reshape(shape)


def rounded(made, draws, share=1e-7):
    """A layer's results with errors as of float32's rounding; zeros stay, and so do rows of equal results, as in any arithmetic."""
    size = made.abs().amax(tuple(range(1, made.dim())), keepdim=True)
    errors = torch.randn(made.shape, generator=draws, dtype=made.dtype)
    if made.dim() > 2:
        places = torch.arange(made.shape[-1]).expand(made.shape)
        changed = torch.ones(made.shape, dtype=torch.bool)
        changed[..., 1:] = (made[..., 1:] - made[..., :-1]).abs() > 1e-13 * size
        errors = errors.gather(-1, torch.where(changed, places, 0).cummax(-1).values)
    return made + share * size * torch.where(made == 0, 0, errors)


class Case:
    """A network with its items, targets and draws."""
    def __init__(self, name, folder):
        self.name, self.folder = name, folder
        oracle = f"{options.shared}/oracle/{'mitbih-cnn' if name == 'mitbih-cnn' else 'random-' + name}"
        if name == "mitbih-cnn":
            self.model = f"{options.shared}/models/mitbih-cnn.onnx"
            self.net = Trained(self.model).eval()
            self.x = torch.from_numpy(np.load(f"{oracle}/ecg.npy"))
            self.target = torch.from_numpy(np.load(f"{oracle}/target.npy"))
        else:
            self.net, shape = build(name)
            self.model = f"{options.shared}/models/random-{name}.onnx"
            if not os.path.exists(self.model):
                self.model = f"{folder}/random-{name}.onnx"
                torch.onnx.export(self.net, (torch.zeros(1, *shape),), self.model, input_names=["ecg"], output_names=["logits"], dynamo=False,
                                  opset_version=17, dynamic_axes={"ecg": {0: "batch"}, "logits": {0: "batch"}})
            self.x = torch.from_numpy(np.load(f"{oracle}/ecg.npy")) if os.path.exists(oracle) else torch.randn(
                3, *shape, generator=torch.Generator().manual_seed(1))
            self.x = self.x[: options.items]
            self.target = torch.zeros(len(self.x), dtype=torch.long)
        n, (leads, time) = len(self.x), self.x.shape[1:]
        self.window = max(time // 4, 1)
        self.noise = torch.from_numpy((0.1 * (counted((DRAWS, n, leads, time), 7919, 13, 1000) - 0.5)).astype(np.float32))
        self.alpha = torch.from_numpy(counted((DRAWS, n), 37, 11, 100))
        self.baselines = torch.from_numpy((0.2 * (counted((BASELINES, leads, time), 6007, 5, 900) - 0.5)).astype(np.float32))
        self.mask = (torch.arange(leads)[:, None] * -(-time // self.window) + torch.arange(time)[None] // self.window)[None].contiguous()
        # an item without an R peak is cut into segments from its start
        self.lead_mask = torch.arange(leads)[None, :, None].expand(1, leads, time).contiguous()
        # (0.1 s at 500 Hz, longer for long items)
        self.segment = 50 if time < 2000 else 500
        self.segment_mask = (
            torch.arange(leads)[:, None] * -(-time // self.segment) + torch.arange(time)[None] // self.segment)[None].contiguous()
        features = int(self.mask.max()) + 1
        self.permutation = np.array([np.argsort(counted((features,), 31 + 6 * d, d, 97) + 1e-6 * np.arange(features)) for d in range(2)])

    def references(self, net, kind, moved=None, only=None):
        """Captum's maps by method, an item at a time, in the arithmetic `kind`; of one item alone, moved by a seed's rounding errors, where asked for."""
        x, noise, alpha, baselines = self.x.to(kind), self.noise.to(kind), self.alpha.to(kind), self.baselines.to(kind)
        if moved is not None:
            draws = torch.Generator().manual_seed(moved)
            x, net = rounded(x, draws, 5e-7), copy.deepcopy(net)
            for layer in net.modules():
                if isinstance(layer, (nn.Conv1d, nn.Linear)):
                    layer.register_forward_hook(lambda layer, given, made: rounded(made, draws))
        items = range(len(x)) if only is None else [only]

        def each(method):
            return lambda: torch.cat([method(x[i : i + 1].clone(), int(self.target[i]), i) for i in items])

        def gradient(point, target):
            leaf = point.clone().requires_grad_()
            return torch.autograd.grad(net(leaf)[:, target].sum(), leaf)[0]

        def noisy(what):
            return each(lambda x, t, i: what(torch.stack([gradient(x + noise[d, i : i + 1], t) for d in range(DRAWS)])))

        def integrated(rule):
            return each(lambda x, t, i: attr.IntegratedGradients(net).attribute(x, n_steps=STEPS, target=t, method=rule))

        @torch.no_grad()
        def shapley(x, t, i):
            total = torch.zeros_like(x)
            for order in self.permutation:
                point = torch.zeros_like(x)
                last = net(point)[:, t]
                for feature in order:
                    part = self.mask == int(feature)
                    point = torch.where(part, x, point)
                    now = net(point)[:, t]
                    total += torch.where(part, now - last, torch.zeros_like(now)) / len(self.permutation)
                    last = now
            return total

        maps = {
            "saliency": each(lambda x, t, i: attr.Saliency(net).attribute(x, target=t)),
            "gradient": each(lambda x, t, i: attr.Saliency(net).attribute(x, target=t, abs=False)),
            "input-x-gradient": each(lambda x, t, i: attr.InputXGradient(net).attribute(x, target=t)),
            "guided-backprop": each(lambda x, t, i: attr.GuidedBackprop(net).attribute(x, target=t)),
            "deconvolution": each(lambda x, t, i: attr.Deconvolution(net).attribute(x, target=t)),
            "smoothgrad": noisy(lambda g: g.abs().mean(0)),
            "smoothgrad-signed": noisy(lambda g: g.mean(0)),
            "smoothgrad-squared": noisy(lambda g: (g.abs() ** 2).mean(0)),
            "vargrad": noisy(lambda g: (g.abs() ** 2).mean(0) - g.abs().mean(0) ** 2),
            "integrated-gradients": integrated("gausslegendre"),
            "integrated-gradients riemann-trapezoid": integrated("riemann_trapezoid"),
            "integrated-gradients riemann-left": integrated("riemann_left"),
            "integrated-gradients riemann-right": integrated("riemann_right"),
            "integrated-gradients riemann-middle": integrated("riemann_middle"),
            "ig-smoothgrad": each(lambda x, t, i: torch.stack([
                attr.IntegratedGradients(net).attribute(x + noise[d, i : i + 1], n_steps=STEPS, target=t) for d in range(DRAWS)]).mean(0)),
            "gradient-shap": each(lambda x, t, i: torch.stack([
                gradient(alpha[d, i] * (x + noise[d, i : i + 1]), t) * (x + noise[d, i : i + 1]) for d in range(DRAWS)]).mean(0)),
            "feature-ablation": each(lambda x, t, i: attr.FeatureAblation(net).attribute(x, feature_mask=self.mask, target=t)),
            "feature-ablation leads": each(lambda x, t, i: attr.FeatureAblation(net).attribute(x, feature_mask=self.lead_mask, target=t)),
            "feature-ablation lead-segments": each(
                lambda x, t, i: attr.FeatureAblation(net).attribute(x, feature_mask=self.segment_mask, target=t)),
            "occlusion": each(lambda x, t, i: attr.Occlusion(net).attribute(
                x, (1, self.window), strides=(1, self.window // 2), target=t)),
            "shapley-sampling": each(shapley),
        }
        if "lstm" not in self.name:
            # the exporter folds a batch norm into the convolution before it: there the layer is what comes out of the two
            order = [m for m in net.modules() if isinstance(m, (nn.Conv1d, nn.BatchNorm1d))]
            last = max(i for i, m in enumerate(order) if isinstance(m, nn.Conv1d) and m.kernel_size[0] > 1)
            folded = self.name != "xplaim" and last + 1 < len(order) and isinstance(order[last + 1], nn.BatchNorm1d)
            layer = order[last + 1] if folded else order[last]
            leads, time = x.shape[1:]
            spread = lambda cam: torch.nn.functional.interpolate(cam, size=time, mode="linear").expand(-1, leads, -1)
            maps["gradcam"] = each(lambda x, t, i: spread(attr.LayerGradCam(net, layer).attribute(x, target=t)))
            maps["guided-gradcam"] = each(lambda x, t, i: attr.GuidedGradCam(net, layer).attribute(x, target=t))
            maps["deeplift"] = each(lambda x, t, i: attr.DeepLift(net).attribute(x, target=t))
            maps["deeplift-shap"] = each(lambda x, t, i: torch.stack([
                attr.DeepLift(net).attribute(x.clone(), baselines=b[None], target=t) for b in baselines]).mean(0))
        return maps

    def ours(self, methods):
        """ecg-attr's maps and residuals by method."""
        f, n = self.folder, len(self.x)
        np.save(f"{f}/x.npy", self.x.numpy())
        np.save(f"{f}/baselines.npy", self.baselines.numpy())
        np.savez(f"{f}/draws.npz", noise=self.noise.numpy(), alpha=self.alpha.numpy(), permutation=self.permutation)
        names = ["A", "E", "j", "L", "N", "/", "R", "V"]
        with open(f"{f}/y.txt", "w") as labels:
            labels.writelines(names[int(t)] + "\n" for t in self.target)
        with open(f"{f}/x.ecgs", "wb") as out:
            subprocess.run([f"{options.bin}/ecg-read", f"{f}/x.npy", "--fs", "500", "--leads", ",".join(f"L{i}" for i in range(self.x.shape[1])),
                            "--labels", f"{f}/y.txt"], stdout=out, check=True)
        target = ["--target", "label", "--classes", ",".join(names)] if self.name == "mitbih-cnn" else ["--target", "0"]
        found, residuals = {}, {}

        def run(chosen, *arguments, suffix=""):
            if not chosen:
                return
            with open(f"{f}/maps.ecgs", "wb") as out:
                subprocess.run([f"{options.bin}/ecg-attr", "-q", "-m", self.model, "-a", ",".join(chosen), "--captum", "--steps", str(STEPS), "--draws",
                                f"{f}/draws.npz", *target, *arguments, f"{f}/x.ecgs"], stdout=out, check=True)
            subprocess.run([f"{options.bin}/ecg-cat", "--to", "npz", "-o", f"{f}/maps.npz", f"{f}/maps.ecgs"], check=True)
            lines = subprocess.run([f"{options.bin}/ecg-cat", "--to", "jsonl", f"{f}/maps.ecgs"], stdout=subprocess.PIPE, check=True).stdout
            evidence = [json.loads(line)["attr"] for line in lines.splitlines()]
            maps = np.load(f"{f}/maps.npz")
            for method in chosen:
                found[method + suffix] = maps[f"attr/{method}"]
                residuals[method + suffix] = [e[method].get("residual") for e in evidence]

        windows = ["--features", "windows", "--window", f"s{self.window}", "--stride", f"s{self.window // 2}"]
        plain = [m for m in methods if " " not in m and m not in ("deeplift-shap", "feature-ablation", "occlusion", "shapley-sampling")]
        run(plain, "--samples", str(DRAWS))
        run([m for m in methods if m == "occlusion"], *windows)
        parts = ["--features", "windows", "--window", f"s{self.window}", "--stride", f"s{self.window}"]
        run([m for m in methods if m == "feature-ablation"], *parts)
        run([m for m in methods if m == "shapley-sampling"], *parts, "--samples", "2")
        run([m for m in methods if m == "deeplift-shap"], "--baseline", f"{f}/baselines.npy")
        segment = ["--segment", str(self.segment / 500)]
        for method, choice in [m.split() for m in methods if " " in m]:
            run([method], "--quadrature" if "riemann" in choice else "--features", choice, *segment, suffix=" " + choice)
        return found, residuals


def share(a, b):
    # a map of one value everywhere has no range
    return float(abs(a - b).max() / max(np.ptp(b) or abs(b).max(), 1e-30))


lines = [f"{'network':11s} {'method':38s} {'items':>5s} {'worst':>8s}   {'kinks':>5s} {'captum 32-64':>12s} {'ours-64':>8s}"]
print(lines[0], flush=True)
failed, kept = False, []
for name in options.net or ["mitbih-cnn", *NETS]:
    with tempfile.TemporaryDirectory() as folder:
        case = Case(name, folder)
        exactly = copy.deepcopy(case.net).double()
        single, double = case.references(case.net, torch.float32), case.references(exactly, torch.float64)
        methods = [m for m in list(single) + ([] if "deeplift" in single else ["deeplift"]) if not options.method or m in options.method]
        found, residuals = case.ours(methods)
        for method in methods:
            if method not in single:
                line = f"{name:11s} {method:38s} {len(case.x):5d} residual {max(residuals[method]):.1e}"
            else:
                reference, exact = single[method]().detach().numpy(), double[method]().detach().numpy()
                apart = [share(reference[i], exact[i]) for i in range(len(exact))]
                even = [i for i in range(len(exact)) if apart[i] < 1e-5]
                kinks = [i for i in range(len(exact)) if apart[i] >= 1e-5]
                far = [i for i in even if share(found[method][i], reference[i]) > options.max_difference]
                moves = {i: max(share(case.references(exactly, torch.float64, seed, i)[method]().detach().numpy()[0], exact[i])
                                for seed in range(16)) for i in far}
                near = [i for i in far if moves[i] > 1e-5]
                met = max([share(found[method][i], reference[i]) for i in near], default=0)
                even = [i for i in even if i not in near]
                worst = max([share(found[method][i], reference[i]) for i in even], default=0)
                failed |= worst > options.max_difference
                line = f"{name:11s} {method:38s} {len(even):5d} {worst:8.1e}"
                if kinks:
                    line += (f"   {len(kinks):5d} {max(apart[i] for i in kinks):12.1e}"
                             f" {max(share(found[method][i], exact[i]) for i in kinks):8.1e}")
                line += f"   near: {len(near)}, {met:.1e}, moved {max(moves[i] for i in near):.1e}" if near else ""
                line += "  LARGE" if worst > options.max_difference else ""
                if even and name != "mitbih-cnn" and name != "ribeiro":
                    flat, i = reference[even[0]].ravel(), even[0]
                    places = np.arange(16) * flat.size // 16
                    kept.append(",".join([name, method, str(len(case.x)), str(i), repr(float(np.ptp(flat)))] + [repr(float(v)) for v in flat[places]]))
            lines.append(line)
            print(line, flush=True)
if options.table:
    with open(options.table, "w") as out:
        out.write("\n".join(lines) + "\n")
if options.fixture:
    with open(options.fixture, "w") as out:
        out.write("\n".join(kept) + "\n")
sys.exit(failed)
