/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/util.h"
#include "module/descriptor.h"

/*
 * Any bytes as the file of the module "elfmod".  A descriptor that is accepted has texts that end,
 * and the functions that its capabilities promise.
 */

#define INPUT_MAX 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check(const struct lwc_descriptor *descriptor)
{
    const struct lwc_backend *backend = &descriptor->backend;
    bool is_whole = LWC_ABI_MAJOR(backend->abi) == 1 && backend->open != NULL &&
                    backend->close != NULL && (backend->caps & ~LWC_CAPS_KNOWN) == 0 &&
                    ((backend->caps & LWC_CAP_READ) == 0 || backend->find != NULL);

    if (!is_whole || !lwc_streq(backend->name, "elfmod") ||
        strlen(backend->summary) > LWC_BACKEND_SUMMARY_MAX) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct lwc_descriptor descriptor = {0};
    struct lwc_elf elf;
    int fd = -1;

    if (len > INPUT_MAX) {
        return 0;
    }
    fd = memfd_create("module", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data, len) != (ssize_t)len) {
        abort();
    }
    if (lwc_elf_check(fd, "module", &elf, NULL) == LWC_OK &&
        lwc_descriptor_read(&elf, "module", "elfmod", &descriptor, NULL) == LWC_OK) {
        check(&descriptor);
    }
    (void)close(fd);
    return 0;
}
