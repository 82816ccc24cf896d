/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_BASE_BYTES_H
#define CORE_BASE_BYTES_H

#include <stddef.h>
#include <stdint.h>

/* Big-endian numbers at any address, @len bytes long, 8 at most. */

static inline uint64_t lwc_bytes_get(const uint8_t *at, size_t len)
{
    uint64_t number = 0;

    for (size_t i = 0; i < len; i++) {
        number = number << 8 | at[i];
    }
    return number;
}

static inline void lwc_bytes_put(uint8_t *at, size_t len, uint64_t number)
{
    for (size_t i = len; i > 0; i--) {
        at[i - 1] = (uint8_t)number;
        number >>= 8;
    }
}

static inline uint16_t lwc_bytes_get16(const uint8_t *at)
{
    return (uint16_t)lwc_bytes_get(at, 2);
}

static inline uint32_t lwc_bytes_get32(const uint8_t *at)
{
    return (uint32_t)lwc_bytes_get(at, 4);
}

static inline uint64_t lwc_bytes_get64(const uint8_t *at)
{
    return lwc_bytes_get(at, 8);
}

static inline void lwc_bytes_put16(uint8_t *at, uint16_t number)
{
    lwc_bytes_put(at, 2, number);
}

static inline void lwc_bytes_put32(uint8_t *at, uint32_t number)
{
    lwc_bytes_put(at, 4, number);
}

static inline void lwc_bytes_put64(uint8_t *at, uint64_t number)
{
    lwc_bytes_put(at, 8, number);
}

#endif
