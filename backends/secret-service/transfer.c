/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/secret-service/transfer.h"

#define SECRET_API_SUBJECT_TO_CHANGE
#include <libsecret/secret.h>

#include "base/util.h"

/* struct lwc_transfer is the library's own object. */
static SecretService *service_of(struct lwc_transfer *transfer)
{
    return (SecretService *)(void *)transfer;
}

struct lwc_transfer *lwc_transfer_begin(const struct lwc_bus *bus, GError **error)
{
    return (struct lwc_transfer *)(void *)secret_service_open_sync(
        SECRET_TYPE_SERVICE, bus->owner, SECRET_SERVICE_OPEN_SESSION, bus->cancel, error);
}

void lwc_transfer_end(struct lwc_transfer **transfer)
{
    if (*transfer != NULL) {
        g_object_unref(service_of(*transfer));
        *transfer = NULL;
    }
}

const char *lwc_transfer_session(struct lwc_transfer *transfer)
{
    return secret_service_get_session_dbus_path(service_of(transfer));
}

GVariant *lwc_transfer_seal(struct lwc_transfer *transfer, const struct lwc_buf *line)
{
    g_autoptr(SecretValue) value =
        secret_value_new(lwc_buf_text(line), (gssize)lwc_buf_len(line), "text/plain");

    return secret_service_encode_dbus_secret(service_of(transfer), value);
}

enum lwc_code lwc_transfer_unseal(struct lwc_transfer *transfer, GVariant *sealed,
                                  struct lwc_buf **line_out, struct lwc_error *err)
{
    g_autoptr(SecretValue) value = secret_service_decode_dbus_secret(service_of(transfer), sealed);
    const char *line = NULL;
    gsize len = 0;

    if (value != NULL) {
        line = secret_value_get(value, &len);
    }
    return lwc_buf_copy(line != NULL ? line : "", len, line_out, err);
}
