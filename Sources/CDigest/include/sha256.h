// SPDX-License-Identifier: GPL-3.0-or-later
// The compression function of SHA-256 (FIPS 180-4), with the processor's own instructions for it where it has them.
#ifndef ECG_SHA256_H
#define ECG_SHA256_H

#include <stddef.h>
#include <stdint.h>

/// Takes `blocks` blocks of 64 bytes into the state of eight words.
typedef void ecg_sha256_function(uint32_t *_Nonnull state, const uint8_t *_Nonnull bytes, size_t blocks);

/// In plain C.
ecg_sha256_function ecg_sha256_portable;

/// With the SHA extensions of x86-64, or null where this processor or this build has none.
ecg_sha256_function *_Nullable ecg_sha256_extensions(void);

#endif
