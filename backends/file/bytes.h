/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKENDS_FILE_BYTES_H
#define BACKENDS_FILE_BYTES_H

#include <stdint.h>

/* Big-endian numbers at any address. */

static inline uint16_t lwc_bytes_get16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

static inline uint32_t lwc_bytes_get32(const uint8_t *at)
{
    return (uint32_t)lwc_bytes_get16(at) << 16 | lwc_bytes_get16(at + 2);
}

static inline uint64_t lwc_bytes_get64(const uint8_t *at)
{
    return (uint64_t)lwc_bytes_get32(at) << 32 | lwc_bytes_get32(at + 4);
}

static inline void lwc_bytes_put16(uint8_t *at, uint16_t number)
{
    at[0] = (uint8_t)(number >> 8);
    at[1] = (uint8_t)number;
}

static inline void lwc_bytes_put32(uint8_t *at, uint32_t number)
{
    lwc_bytes_put16(at, (uint16_t)(number >> 16));
    lwc_bytes_put16(at + 2, (uint16_t)number);
}

static inline void lwc_bytes_put64(uint8_t *at, uint64_t number)
{
    lwc_bytes_put32(at, (uint32_t)(number >> 32));
    lwc_bytes_put32(at + 4, (uint32_t)number);
}

#endif
