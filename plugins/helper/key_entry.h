/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_HELPER_KEY_ENTRY_H
#define PLUGINS_HELPER_KEY_ENTRY_H

#include <stdbool.h>

#include <lwcred/backend.h>

#include "base/buffer.h"
#include "base/error.h"
#include "plugins/helper/app.h"

/*
 * An access key as the user enters it: --key-id, --secret-file and --secret-stdin, and questions
 * for the rest.
 *
 * is_kept  the secret is a token that is only kept: no key id is asked for, no form expected.
 */
struct lwc_key_entry {
    struct lwc_app *app;
    bool is_kept;
    char key_id[LWC_KEY_ID_MAX + 1];
    struct lwc_buf *secret;
};

/* Begins an entry; call lwc_key_entry_clear().  LWC_E_INVALID for options that exclude others. */
enum lwc_code lwc_key_entry_begin(struct lwc_key_entry *entry, struct lwc_app *app, bool is_kept,
                                  struct lwc_error *err) LWC_RESULT;

/* Reads the file of --secret-file, if there is one: before a store's passphrase is asked for. */
enum lwc_code lwc_key_entry_read_file(struct lwc_key_entry *entry, struct lwc_error *err)
    LWC_RESULT;

/* Asks for the key id unless it is given; warns of an unusual form. */
enum lwc_code lwc_key_entry_ask_id(struct lwc_key_entry *entry, struct lwc_error *err) LWC_RESULT;

/* Reads or asks for the secret unless lwc_key_entry_read_file() has read it, and checks it. */
enum lwc_code lwc_key_entry_ask_secret(struct lwc_key_entry *entry, struct lwc_error *err)
    LWC_RESULT;

/* Wipes the secret. */
void lwc_key_entry_clear(struct lwc_key_entry *entry);
#define LWC_AUTO_KEY_ENTRY LWC_AUTO(struct lwc_key_entry, lwc_key_entry_clear)

/* Asks @question for the value of an option that is missing; LWC_E_LOCKED if not interactive. */
enum lwc_code lwc_key_entry_ask_missing(struct lwc_app *app, const char *option_name,
                                        const char *question, uint32_t flags,
                                        struct lwc_buf **answer_out, struct lwc_error *err)
    LWC_RESULT;

#endif
