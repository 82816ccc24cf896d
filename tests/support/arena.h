/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_ARENA_H
#define TESTS_SUPPORT_ARENA_H

/*
 * Take all of the memory that small secrets share, so that the next one needs a region of its own,
 * which a test can let fail; and give it back.
 */
void arena_fill(void);
void arena_drain(void);

#endif
