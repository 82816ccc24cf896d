/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_CACHE_QUOTA_H
#define CORE_CACHE_QUOTA_H

/*
 * The kernel's limits on the keys of a user (keyrings(7)), and our share of them: other programs
 * of the user need the rest.
 */
struct lwc_quota {
    long keys;
    long bytes;
};

/* Returns our share of the effective user's limits: a quarter. */
struct lwc_quota lwc_quota_share(void);

#endif
