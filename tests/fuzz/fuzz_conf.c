/* SPDX-License-Identifier: Apache-2.0 */
/* Stack files: any bytes parse or are refused with a reason. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "stack/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    LWC_AUTO_CONF conf = NULL;
    struct lwc_error err = {0};
    enum lwc_code code = lwc_conf_parse((const char *)data, size, "fuzz", &conf, &err);

    assert((code == LWC_OK) == (conf != NULL));
    assert(code == LWC_OK || (err.code == code && err.msg[0] != '\0'));
    return 0;
}
