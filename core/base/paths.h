/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_BASE_PATHS_H
#define CORE_BASE_PATHS_H

/*
 * Directories fixed at build time.  Compiled twice: for the build tree, where the tests run, and
 * for the installation.
 */
extern const char lwc_lib_dir[];     /* holds net.so and backends/                        */
extern const char lwc_libexec_dir[]; /* holds lwcred-backend-host                     */
extern const char lwc_sysconf_dir[]; /* holds stack.d/                                    */

#endif
