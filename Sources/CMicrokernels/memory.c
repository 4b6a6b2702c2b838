// SPDX-License-Identifier: GPL-3.0-or-later
// What the process holds, for those who were told how much they may.
#include "microkernels.h"
#include <stdio.h>
#if defined(__GLIBC__)
#include <malloc.h>
#endif
#include <unistd.h>

long ecg_resident(void) {
    long pages = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (!file) return 0;
    if (fscanf(file, "%ld %ld", &pages, &resident) != 2) resident = 0;
    fclose(file);
    return resident * sysconf(_SC_PAGESIZE);
}

void ecg_trim(void) {
#if defined(__GLIBC__)
    malloc_trim(0);
#endif
}
