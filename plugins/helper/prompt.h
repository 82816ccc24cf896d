/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_HELPER_PROMPT_H
#define PLUGINS_HELPER_PROMPT_H

#include <stdint.h>

#include <lwcred/backend.h>

#include "base/buffer.h"
#include "base/error.h"

/*
 * Questions on the controlling terminal.
 *
 * MUST:
 *  1. Ask and read on /dev/tty only, never on standard streams, which belong to the protocol.
 *  2. Show no typed text without LWC_PROMPT_ECHO, also while a hidden answer is used: stretching
 *     a passphrase takes seconds, in which a user may type on.
 *  3. Restore the terminal on every way out: the next question, the end of the
 *     command, error, end of input, SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP; these then do what
 *     they do otherwise.
 *  4. For a hidden answer, discard input typed before the question (it was shown) and after the
 *     answer: a paste of several lines must not end in the shell.
 *  5. Keep the answer in locked memory only.
 */

/* A terminal silently cuts longer lines. */
#define LWC_PROMPT_LINE_MAX 4000u

/*
 * Asks @text; @flags is enum lwc_prompt_flag.  Returns LWC_E_LOCKED for no terminal, end of input,
 * an empty answer, or three times two different answers.
 *
 * @answer_out  owned by the caller, lwc_buf_free().
 */
enum lwc_code lwc_prompt_ask(const char *text, uint32_t flags, struct lwc_buf **answer_out,
                             struct lwc_error *err) LWC_RESULT;

/* Restores a terminal that is still quiet after a hidden answer.  May be called repeatedly. */
void lwc_prompt_release(void);

#endif
