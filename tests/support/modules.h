/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_MODULES_H
#define TESTS_SUPPORT_MODULES_H

/* Let $LWCRED_BACKEND_DIR name the modules of tests/modules, built beside the real ones. */
void modules_use_test_ones(void);

#endif
