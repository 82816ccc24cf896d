/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_BASE_ARENA_H
#define CORE_BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/util.h"

/*
 * The region that small secrets share: 256 KiB between two guard pages.  A region for each secret
 * would cost eleven system calls, and a process may have some 16,000 at most.
 *
 * MUST:
 *  1. Memory is locked before it is given out, where the system allows, and left out of core dumps.
 *  2. A block is wiped before it is given out again.
 *  3. A process that fork() made finds zeros in place of its parent's secrets.
 *  4. Threads do not wait for one another, so that a child of fork() cannot find a lock held.
 *
 * The region grows in steps of 32 KiB: a common limit for locked memory (RLIMIT_MEMLOCK) is 64 KiB,
 * and a page that no secret needed costs nothing.
 */
#define LWC_ARENA_SLOTS 1024
#define LWC_ARENA_SLOT_LEN ((size_t)256)
#define LWC_ARENA_BLOCK_MAX (64 * LWC_ARENA_SLOT_LEN)

/*
 * Returns @len zero bytes; NULL if @len is 0 or above LWC_ARENA_BLOCK_MAX, if the arena is full, or
 * if there is no arena: under the address sanitizer each secret is a block of its own.  Any thread.
 */
uint8_t *lwc_arena_take(size_t len) LWC_RESULT;

/* Wipes and takes back a block of lwc_arena_take(@len).  Returns false for any other memory. */
bool lwc_arena_give(uint8_t *block, size_t len);

/* Returns whether all memory that was given out is locked; false where there is no arena. */
bool lwc_arena_is_locked(void);
bool lwc_arena_exists(void);

/* Counts the fork()s between the program's start and this process.  Secrets end with each. */
unsigned lwc_arena_life(void);

#endif
