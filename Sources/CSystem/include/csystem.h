// SPDX-License-Identifier: GPL-3.0-or-later
// What Glibc's module map leaves out.
#ifndef ECGPIPE_SYSTEM_H
#define ECGPIPE_SYSTEM_H

/// Keeps freed memory for the next part, item or record, up to 64 MiB, where the allocator would give it back to the system each time: to get it
/// again, a page at a time and cleared, costs more than most of what is done to it.
void ecg_keep_freed_memory(void);

/// Says that about so many bytes will be in use, after `ecg_keep_freed_memory`: they come in large pages then, at a tenth of the cost, and only as
/// far as they are used.
void ecg_expect_memory(long bytes);

/// Takes the first bytes of the memory that is expected from the system now, where each page would be taken when it is first used.
void ecg_take_memory(long bytes);

/// Calls `work` on a thread of its own that nobody waits for, while the caller goes on. Where the system has no thread, it is not called.
void ecg_detach(void (*_Nonnull work)(void));

/// Processors that this process may run on: taskset, batch systems and containers often give fewer than there are.
int ecg_usable_processors(void);

#endif
