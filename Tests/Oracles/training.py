# SPDX-License-Identifier: GPL-3.0-or-later
"""What PyTorch computes in training, for Tests/ECGLearnTests: the papers' networks with weights that are a formula of their names, a loss and the
gradients of all parameters; losses, optimisers and learning rates.

usage: training.py SHARED/bench OUTPUT   (nets.py lies in the folder)
"""
import sys
import warnings

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

warnings.filterwarnings("ignore")
sys.path.insert(0, sys.argv[1])
import nets  # noqa: E402

MASK = (1 << 32) - 1
torch.set_default_dtype(torch.float64)


def formula(name, count):
    """Numbers in ±0.5 that a name and a place decide, exactly representable in float32."""
    seed = 0x811C9DC5
    for byte in name.encode():
        seed = ((seed ^ byte) * 0x01000193) & MASK
    u = (np.arange(count, dtype=np.uint64) * np.uint64(2654435761) + np.uint64(seed)) & np.uint64(MASK)
    u ^= u >> np.uint64(15)
    u = (u * np.uint64(2246822519)) & np.uint64(MASK)
    u ^= u >> np.uint64(13)
    return (u >> np.uint64(8)).astype(np.float64) / 2**24 - 0.5


def weight(name, shape):
    """A parameter or running statistic, rounded to float32."""
    v = formula(name, int(np.prod(shape))).reshape(shape)
    if name.endswith("running_var") or (name.endswith("weight") and len(shape) == 1):
        v = 1 + 0.5 * v
    elif len(shape) == 1:
        v = 0.2 * v
    else:
        v = v * 2 * np.sqrt(3 / np.prod(shape[1:]))
    return torch.tensor(v.astype(np.float32).astype(np.float64))


def gates(x, hidden):
    """ONNX's i, o, f, c from or to PyTorch's i, f, g, o: the rows of both orders, as PyTorch wants them."""
    i, o, f, c = x.split(hidden)
    return torch.cat([i, f, c, o])


def back(x, hidden):
    i, f, c, o = x.split(hidden)
    return torch.cat([i, o, f, c])


CASES = [
    ("jones-cnn", lambda: nets.JonesCNN(samples=300), (1, 300)), ("jones-lstm", nets.JonesLSTM, (1, 60)),
    ("ribeiro", lambda: nets.Ribeiro(samples=1001), (12, 1001)), ("storas", nets.Storas, (12, 101)), ("arends", nets.Arends, (8, 600)),
    ("xplaim", nets.Xplaim, (12, 203)),
]
out = open(sys.argv[2], "w")


def write(*words):
    print(*[f"{w:.12g}" if isinstance(w, float) else w for w in words], file=out)


for name, make, shape in CASES:
    torch.manual_seed(0)
    net = make()
    lstm = {}
    with torch.no_grad():
        for key, tensor in net.state_dict().items():
            if "num_batches" in key:
                continue
            if key.startswith("lstm."):
                kind = {"weight_ih_l0": "weight_ih", "weight_hh_l0": "weight_hh", "bias_ih_l0": "bias", "bias_hh_l0": "bias"}[key[5:]]
                if kind == "bias":
                    both = weight("lstm.bias", (1, 8 * 64)).reshape(2, 256)
                    tensor.copy_(gates(both[0 if "ih" in key else 1], 64))
                else:
                    tensor.copy_(gates(weight("lstm." + kind, (1,) + tuple(tensor.shape))[0], 64))
            else:
                tensor.copy_(weight(key, tuple(tensor.shape)))
    for m in net.modules():
        if isinstance(m, nn.Dropout):
            m.p = 0.0
    items = 4
    x = torch.tensor((2 * formula("input", items * shape[0] * shape[1])).astype(np.float32).astype(np.float64)).reshape(items, *shape)
    logits = net.eval()(x)
    outputs = logits.shape[1]
    write("network", name, shape[0], shape[1], outputs, items)
    write("logits", *[float(v) for v in logits.flatten()])
    logits = net.train()(x)
    if outputs > 1:
        loss = F.cross_entropy(logits, torch.arange(items) % outputs)
    else:
        loss = F.mse_loss(logits[:, 0], 0.3 * torch.arange(items, dtype=torch.float64))
    loss.backward()
    write("loss", float(loss))
    gradients = {k: p.grad for k, p in net.named_parameters()}
    if name == "jones-lstm":
        gradients = {
            "lstm.weight_ih": back(gradients["lstm.weight_ih_l0"], 64), "lstm.weight_hh": back(gradients["lstm.weight_hh_l0"], 64),
            "lstm.bias": torch.cat([back(gradients["lstm.bias_ih_l0"], 64), back(gradients["lstm.bias_hh_l0"], 64)]),
            **{k: v for k, v in gradients.items() if not k.startswith("lstm.")}}
    for key, g in gradients.items():
        g = g.flatten()
        write("gradient", key, float(g.norm()), float((g * torch.tensor(formula(key + "#", g.numel()))).sum()))
    for key, s in net.state_dict().items():
        if "running" in key:
            write("state", key, float(s.norm()), float((s * torch.tensor(formula(key + "#", s.numel()))).sum()))

# Losses: 5 items, 3 outputs.
z = torch.tensor(8 * formula("z", 15)).reshape(5, 3).requires_grad_()
labels = torch.tensor([0, 2, 1, 1, 0])
values = torch.tensor((formula("y", 15) > 0).astype(np.float64)).reshape(5, 3)
w = torch.tensor([1.0, 2.0, 0.5])


def focal(z, labels):
    p = torch.softmax(z, 1).gather(1, labels[:, None])[:, 0]
    return (-(1 - p) ** 2 * torch.log(p)).mean()


for name, loss in [
    ("cross-entropy", F.cross_entropy(z, labels)), ("cross-entropy-weighted", F.cross_entropy(z, labels, weight=w)), ("focal", focal(z, labels)),
    ("binary", F.binary_cross_entropy_with_logits(z, values)), ("binary-weighted", F.binary_cross_entropy_with_logits(z, values, pos_weight=w)),
    ("squared-error", F.mse_loss(z, values)),
]:
    g, = torch.autograd.grad(loss, z, retain_graph=True)
    write("case", name, float(loss), *[float(v) for v in g.flatten()])

# Optimisers: 6 steps on two parameters whose gradients are a formula of the step.
for name, make in [
    ("adam", lambda p: torch.optim.Adam(p, lr=0.01, eps=1e-7)), ("adamw", lambda p: torch.optim.AdamW(p, lr=0.01, eps=1e-7, weight_decay=0.1)),
    ("nadam", lambda p: torch.optim.NAdam(p, lr=0.01, eps=1e-7)), ("sgd", lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9, weight_decay=0.1)),
]:
    p = torch.tensor(formula("p", 4)).requires_grad_()
    optimiser = make([p])
    for step in range(6):
        p.grad = torch.tensor(formula(f"g{step}", 4))
        optimiser.step()
    write("optimiser", name, *[float(v) for v in p.detach()])

p = torch.zeros(1).requires_grad_()
for name, make in [
    ("cosine", lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, T_max=20)),
    ("one-cycle", lambda o: torch.optim.lr_scheduler.OneCycleLR(o, max_lr=0.1, total_steps=21, cycle_momentum=False)),
]:
    optimiser = torch.optim.SGD([p], lr=0.1)
    schedule = make(optimiser)
    rates = []
    for _ in range(20):
        rates.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        schedule.step()
    write("rates", name, *[float(r) for r in rates])
