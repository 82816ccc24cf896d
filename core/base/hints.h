/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_BASE_HINTS_H
#define CORE_BASE_HINTS_H

/*
 * Hints of the library and of its backends whose cure a program can name in its own words: its
 * command, its option (plugins/helper/cure.c).  Here they speak of credentials and backends alone.
 * They are told apart by their text, which passes unchanged through a backend's host and through
 * remembered failures: no '%', no two blanks in a row, none the beginning of another.
 */
#define LWC_HINT_EXISTS "replace it, or choose another profile"
#define LWC_HINT_CHOOSE "choose one by its profile"
#define LWC_HINT_ABSENT "name another credential, or store an access key"
#define LWC_HINT_EMPTY "store an access key"
#define LWC_HINT_BACKEND "choose a backend of the stack"
#define LWC_HINT_NOT_TAKEN "the backends of the stack say why"
#define LWC_HINT_UNREADABLE \
    "another program wrote it: remove it in \"Passwords and Keys\" (seahorse), or store it again"
#define LWC_HINT_WINDOW "look for the window, or give more time"
#define LWC_HINT_RIGHT "has the owner of the key the right, in this account?"

#endif
