#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""fftw_wisdom.py: prints Sources/ECGSignal/FFTW/FFTWWisdom.swift: FFTW's plans for the block lengths of the filters, searched patiently.

Run it on a machine that does nothing else. Where the wisdom does not fit FFTW's version or the processor, FFTW makes plans of its own.
"""
import ctypes
import ctypes.util

fftw = ctypes.CDLL(ctypes.util.find_library("fftw3f"))
fftw.fftwf_alloc_real.restype = fftw.fftwf_alloc_complex.restype = ctypes.c_void_p
fftw.fftwf_export_wisdom_to_string.restype = ctypes.c_char_p
for name in ("fftwf_plan_dft_r2c_1d", "fftwf_plan_dft_c2r_1d"):
    getattr(fftw, name).restype = ctypes.c_void_p
    getattr(fftw, name).argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint]
PATIENT, DESTROY_INPUT = 1 << 5, 1

print("""// SPDX-License-Identifier: GPL-3.0-or-later

/// FFTW's plans for the filters' block lengths, found by Tests/Oracles/fftw_wisdom.py: to make them takes FFTW 3 ms, as long as
/// half an hour of two leads takes to filter.
enum FFTWWisdom {
    /// What FFTW knows of the transforms of one length, forward and backward. Another version of FFTW, or a processor without AVX, refuses it.
    static func of(length: Int) -> String? {
        switch length {""")
for length in [1 << k for k in range(10, 17)]:
    fftw.fftwf_forget_wisdom()
    samples, spectrum = fftw.fftwf_alloc_real(length), fftw.fftwf_alloc_complex(length // 2 + 1)
    fftw.fftwf_plan_dft_r2c_1d(length, samples, spectrum, PATIENT | DESTROY_INPUT)
    fftw.fftwf_plan_dft_c2r_1d(length, spectrum, samples, PATIENT | DESTROY_INPUT)
    lines = fftw.fftwf_export_wisdom_to_string().decode().strip().split("\n")
    # FFTW writes its own version and the solvers first; a hash in another order says the same.
    body = "\n".join("            " + line for line in lines)
    print(f'        case {length}:\n            return """\n{body}\n            """', flush=True)
print("""        default: return nil
        }
    }
}""")
