#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""fftw_wisdom.py [LENGTH ...]: prints Sources/ECGSignal/FFTW/FFTWWisdom.swift: FFTW's plans for the block lengths of the filters, found by measuring.

Run it on a machine that does nothing else; it takes two minutes. Where the wisdom does not fit FFTW's version or the processor, FFTW makes plans of its
own. With lengths, only their cases are printed.
"""
import ctypes
import ctypes.util
import sys

fftw = ctypes.CDLL(ctypes.util.find_library("fftw3f"))
fftw.fftwf_alloc_complex.restype = ctypes.c_void_p
fftw.fftwf_export_wisdom_to_string.restype = ctypes.c_char_p
fftw.fftwf_plan_dft_1d.restype = ctypes.c_void_p
fftw.fftwf_plan_dft_1d.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_uint]
FORWARD, BACKWARD, MEASURE, PATIENT, DESTROY_INPUT = -1, 1, 0, 1 << 5, 1
# The lengths that most filters meet are worth a longer search.
OFTEN = {1024, 2048, 4096, 5120, 6144, 8192}


def case(length):
    fftw.fftwf_forget_wisdom()
    flags = DESTROY_INPUT | (PATIENT if length in OFTEN else MEASURE)
    samples, spectrum = fftw.fftwf_alloc_complex(length), fftw.fftwf_alloc_complex(length)
    fftw.fftwf_plan_dft_1d(length, samples, spectrum, FORWARD, flags)
    fftw.fftwf_plan_dft_1d(length, spectrum, samples, BACKWARD, flags)
    lines = fftw.fftwf_export_wisdom_to_string().decode().strip().split("\n")
    # FFTW writes its own version and the solvers first; a hash in another order says the same.
    body = "\n".join("                " + line for line in lines)
    return f'        case {length}:\n            return """\n{body}\n                """'


if len(sys.argv) > 1:
    for length in sys.argv[1:]:
        print(case(int(length)), flush=True)
    sys.exit()
print("""// SPDX-License-Identifier: GPL-3.0-or-later

/// FFTW's plans for the filters' block lengths, found by Tests/Oracles/fftw_wisdom.py: they take up to half the time less than those that FFTW guesses.
enum FFTWWisdom {
    /// What FFTW knows of the transforms of one length, forward and backward. Another version of FFTW, or a processor without AVX, refuses it.
    static func of(length: Int) -> String? {
        switch length {""")
lengths = [1 << k for k in range(10, 17)] + [factor << k for factor in (5, 6, 7) for k in range(8, 12)]
for length in sorted(lengths):
    print(case(length), flush=True)
print("""        default: return nil
        }
    }
}""")
