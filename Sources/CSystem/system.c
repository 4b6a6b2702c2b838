// SPDX-License-Identifier: GPL-3.0-or-later
#include "csystem.h"

#if defined(__GLIBC__) || defined(__linux__)
#include <malloc.h>
#endif

void ecg_keep_freed_memory(void) {
#if defined(M_TRIM_THRESHOLD)
    mallopt(M_MMAP_THRESHOLD, 32 << 20);
    mallopt(M_TRIM_THRESHOLD, 64 << 20);
#endif
}
