# SPDX-License-Identifier: GPL-3.0-or-later
"""What SciPy makes of one signal with each step of ecg-filter: Tests/ECGSignalTests/Fixtures/filters/*.f4 (little-endian float32)."""
import pathlib
import numpy as np
from scipy import ndimage, signal

folder = pathlib.Path(__file__).parent.parent / "ECGSignalTests" / "Fixtures" / "filters"
folder.mkdir(parents=True, exist_ok=True)
fs, n = 250, 2000
rng = np.random.default_rng(7)
t = np.arange(n) / fs
beats = sum(np.exp(-0.5 * ((t - b) / 0.02) ** 2) for b in np.arange(0.4, 8, 0.83))
x = 0.35 + 1.2 * beats + 0.3 * np.sin(2 * np.pi * 0.2 * t) + 0.1 * np.sin(2 * np.pi * 50 * t) + 0.03 * rng.standard_normal(n)
x = x.astype(np.float32)


def save(name, values):
    np.asarray(values).astype("<f4").tofile(folder / f"{name}.f4")


def odd(value):
    return int(np.ceil(value)) | 1


def fir(taps, hold=False):
    y = x.astype(float)
    if hold:
        half = len(taps) // 2
        return signal.oaconvolve(np.pad(y, half, mode="edge"), taps, mode="valid")
    return signal.oaconvolve(y, taps, mode="same")


save("input", x)
band = signal.firwin(odd(3.3 * fs / 0.5), [0.5, 40], pass_zero=False, fs=fs)
save("band", fir(band))
save("band-hold", fir(band, hold=True))
save("highpass", fir(signal.firwin(odd(3.3 * fs / 2), 2, pass_zero=False, fs=fs)))
save("lowpass", fir(signal.firwin(odd(3.3 * fs / 10), 40, fs=fs)))
save("notch", fir(signal.firwin(odd(3.3 * fs), [49, 51, 99, 101], pass_zero=True, fs=fs)))
for name, order, *design in [
    ("iir-band", 4, [0.5, 40], "bandpass"),
    ("iir-highpass", 3, 0.5, "highpass"),
    ("iir-lowpass", 5, 35, "lowpass"),
    ("iir-band-odd", 3, [1, 30], "bandpass"),
]:
    save(name, signal.sosfiltfilt(signal.butter(order, *design, fs=fs, output="sos"), x))
y = x
for low, high in [(49, 51), (99, 101)]:
    y = signal.sosfiltfilt(signal.butter(2, [low, high], "bandstop", fs=fs, output="sos"), y)
save("iir-notch", y)
short, long = 49, 149  # the odd numbers nearest to 0.2 and 0.6 s; a tie goes to the lower one
short = 2 * int(np.floor((0.2 * fs - 1) / 2 + 0.5)) + 1
long = 2 * int(np.floor((0.6 * fs - 1) / 2 + 0.5)) + 1
save("baseline", x - ndimage.median_filter(ndimage.median_filter(x, short, mode="nearest"), long, mode="nearest"))
save("baseline-zero", x - signal.medfilt(signal.medfilt(x, short), long))
for name, window, order, deriv in [("savgol", 31, 3, 0), ("savgol-deriv", 31, 3, 1), ("savgol-even", 30, 4, 0), ("savgol-long", 301, 5, 2)]:
    save(name, signal.savgol_filter(x.astype(float), window, order, deriv=deriv))
taps = signal.firwin(2 * 10 * 36 + 1, 1 / 36, window=("kaiser", 5.0))
save("taps", taps)
save("resample-taps", signal.resample_poly(x.astype(float), 36, 25, window=taps.astype(np.float32).astype(float)))
down = signal.firwin(2 * 27 * 5 + 1, 1 / 5, window=("kaiser", 0.1102 * (84 - 8.7)))
save("resample", signal.resample_poly(x.astype(float), 2, 5, window=down, padtype="edge"))
