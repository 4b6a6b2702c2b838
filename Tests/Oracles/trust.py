#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Perturbations of a small function with the infidelity and the largest sensitivity that Captum finds.

usage: trust.py > Tests/ECGExplainTests/Fixtures/trust.txt
"""
import warnings

import numpy as np
import torch
from captum.metrics import infidelity, sensitivity_max

warnings.filterwarnings("ignore")
torch.manual_seed(3)
show = lambda a: " ".join(repr(float(v)) for v in np.ravel(a))
weights = torch.randn(12)
f = lambda x: (torch.tanh(x) * weights).sum(1)
for case in range(3):
    x = torch.randn(1, 12)
    noise = torch.randn(20, 12) * 0.3
    leaf = x.clone().requires_grad_()
    gradient = torch.autograd.grad(f(leaf).sum(), leaf)[0]
    attribution = [gradient, 3 * gradient, torch.randn(1, 12)][case]
    perturb = lambda inputs: (noise[: len(inputs)], inputs - noise[: len(inputs)])
    values = [
        float(infidelity(f, perturb, x, attribution, n_perturb_samples=20, normalize=n)) for n in (False, True)
    ]
    print("infidelity products", show((noise * attribution).sum(1)))
    print("infidelity changes", show(f(x) - f(x - noise)))
    print("infidelity expect", show(values))
for case in range(3):
    x = torch.randn(1, 12)
    copies = x + torch.randn(5, 12) * 0.1
    # a map that is zero everywhere at the item itself
    plain = lambda x: torch.cos(x) * weights * (0 if case == 2 and len(x) == 1 else 1)
    explain = lambda inputs: tuple(plain(x) for x in inputs) if isinstance(inputs, tuple) else plain(inputs)
    value = sensitivity_max(explain, x, perturb_func=lambda inputs: copies, n_perturb_samples=5)
    print("sensitivity map", show(plain(x)))
    for row in plain(copies):
        print("sensitivity copy", show(row))
    print("sensitivity expect", show(value))
