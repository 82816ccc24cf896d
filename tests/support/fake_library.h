/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_FAKE_LIBRARY_H
#define TESTS_SUPPORT_FAKE_LIBRARY_H

#include <lwcred.h>

/*
 * The functions of lwcred.h that most tests of commands replace alike: lwc_open(), which opens
 * nothing, and those that read a token.  A unit test that includes this header has them wrapped,
 * and may define another fake of one; other functions it wraps itself.
 */

struct fake_library {
    unsigned opened;            /* calls of lwc_open()  */
    struct lwc_options options; /* those of the last    */
};
extern struct fake_library fake_library;

/* The token is "tok-en" from backend "file", and ends in an hour, in 1800000000. */
extern const struct lwc_identity fake_identity;

#endif
