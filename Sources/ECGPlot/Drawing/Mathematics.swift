// SPDX-License-Identifier: GPL-3.0-or-later
import Glibc

/// C's functions under the names used here, so that no figure imports the C library.
func power(_ base: Double, _ exponent: Double) -> Double { pow(base, exponent) }

func commonLogarithm(_ value: Double) -> Double { log10(value) }

/// The smallest multiple of a step that is not below a value, give or take rounding.
func roundedUp(_ value: Double, to step: Double) -> Double { ((value / step) - 1e-9).rounded(.up) * step }
