/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKENDS_FILE_SEEN_H
#define BACKENDS_FILE_SEEN_H

#include <stdbool.h>
#include <stdint.h>

#include <lwcred/backend.h>

#include "backends/file/format.h"

/*
 * The highest generation seen of each store, kept apart from the stores: a store file that was
 * put back to an older state is authentic, and only this can tell.
 *
 * A file for each store in $XDG_STATE_HOME/lwcred, else $HOME/.local/state/lwcred, named by the
 * store id in hexadecimal; it holds the generation as a decimal number and a newline.
 *
 * Best effort: what goes wrong here is logged once and fails nothing.
 */
struct lwc_seen {
    const struct lwc_host *host; /* borrowed                                             */
    bool complained;
};

/*
 * An authentic store of this id has this generation.  An older one than seen before is logged
 * as a warning that names @path; a newer one is remembered.
 */
void lwc_seen_note(struct lwc_seen *seen, const char *path,
                   const uint8_t store_id[static LWC_FORMAT_ID_LEN], uint64_t generation);

#endif
