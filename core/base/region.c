/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sodium_malloc() does much the same, but not without sodium_init(), which asks the processor what
 * it can do.  In a virtual machine each of these questions is a trap, and all of them together a
 * tenth of what an answer from the cache costs.
 */
#include "region.h"

#include <sys/mman.h>
#include <unistd.h>

#include "secret.h"

/* Where @len bytes lie: pages_len bytes of pages, a guard of page_len bytes on either side. */
struct layout {
    size_t page_len;
    size_t pages_len;
};

static struct layout layout_of(size_t len)
{
    size_t page_len = (size_t)getpagesize();

    return (struct layout){page_len, (len + page_len - 1) / page_len * page_len};
}

uint8_t *lwc_region_new(size_t len, bool *locked_out)
{
    const struct layout layout = layout_of(len);
    size_t whole_len = layout.pages_len + 2 * layout.page_len;
    uint8_t *whole = mmap(NULL, whole_len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uint8_t *pages = NULL;

    if (whole == MAP_FAILED) {
        return NULL;
    }
    pages = whole + layout.page_len;
    if (mprotect(pages, layout.pages_len, PROT_READ | PROT_WRITE) != 0) {
        (void)munmap(whole, whole_len);
        return NULL;
    }
    (void)madvise(pages, layout.pages_len, MADV_DONTDUMP); /* where the kernel knows it */
    *locked_out = mlock(pages, layout.pages_len) == 0;
    return pages + layout.pages_len - len;
}

void lwc_region_free(uint8_t *bytes, size_t len)
{
    const struct layout layout = layout_of(len);

    if (bytes == NULL) {
        return;
    }
    lwc_wipe(bytes, len);
    (void)munmap(bytes + len - layout.pages_len - layout.page_len,
                 layout.pages_len + 2 * layout.page_len);
}
