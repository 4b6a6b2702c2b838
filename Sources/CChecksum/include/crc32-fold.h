// SPDX-License-Identifier: GPL-3.0-or-later
// The inner loop of CRC-32 (polynomial 0x04C11DB7, bits reversed, as in zlib) by carry-less products of vectors of 64 bytes: Gopal and others, "Fast CRC
// Computation for Generic Polynomials Using PCLMULQDQ Instruction", Intel, 2009. Libraries of before 2024 take 16 bytes at a time, at a third of the speed.
#ifndef ECG_CRC32_FOLD_H
#define ECG_CRC32_FOLD_H

#include <stddef.h>
#include <stdint.h>

/// Makes 64 bytes of many that leave the same state behind, when they are taken from the state zero.
///
/// \param state before the bytes: the complement of a CRC
/// \param count at least 256, a multiple of it
typedef void ecg_crc32_fold_function(uint32_t state, const uint8_t *_Nonnull bytes, size_t count, uint8_t *_Nonnull rest);

/// Null where this processor or this build has no such products.
ecg_crc32_fold_function *_Nullable ecg_crc32_fold(void);

#endif
