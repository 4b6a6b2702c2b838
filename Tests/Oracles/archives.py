#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""archives.py FOLDER: the .npz files of Tests/ECGFormatsTests, stored and deflated, as numpy writes them."""
import pathlib
import sys

import numpy

folder = pathlib.Path(sys.argv[1])
arrays = {"ramp": numpy.arange(600, dtype="<i2").reshape(2, 300), "empty": numpy.zeros((0, 3), "<f4")}
numpy.savez(folder / "stored.npz", **arrays)
numpy.savez_compressed(folder / "deflated.npz", **arrays)
