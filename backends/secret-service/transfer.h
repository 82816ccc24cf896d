/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKENDS_SECRET_SERVICE_TRANSFER_H
#define BACKENDS_SECRET_SERVICE_TRANSFER_H

#include "backends/secret-service/bus.h"
#include "base/buffer.h"
#include "base/error.h"

/*
 * Secrets on their way over the bus: encrypted where the keyring offers it, in memory that is
 * wiped. Ends with the visit.
 */
struct lwc_transfer;

/* Agrees with the keyring about encryption; NULL with @error. */
struct lwc_transfer *lwc_transfer_begin(const struct lwc_bus *bus, GError **error);
void lwc_transfer_end(struct lwc_transfer **transfer);

/* Path of the session, which the keyring wants to hear with each request for a secret. */
const char *lwc_transfer_session(struct lwc_transfer *transfer);

/* Turns a secret into what the methods of the keyring take, and back; floating. */
GVariant *lwc_transfer_seal(struct lwc_transfer *transfer, const struct lwc_buf *line);
enum lwc_code lwc_transfer_unseal(struct lwc_transfer *transfer, GVariant *sealed,
                                  struct lwc_buf **line_out, struct lwc_error *err) LWC_RESULT;

#endif
