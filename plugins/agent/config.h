/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_AGENT_CONFIG_H
#define PLUGINS_AGENT_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buffer.h"
#include "base/error.h"

/*
 * The configuration file of the Lacework agent, /var/lib/lacework/config/config.json.
 *
 * MUST:
 *  1. Only tokens.AccessToken and serverurl are changed, in place: all other bytes stay.  Names are
 *     found in either case, as the agent does, and keep their spelling.  A name that is there in
 *     two spellings is refused: the agent may obey either.
 *  2. Owner, group, mode and extended attributes (access lists, labels) of the file stay.
 *  3. The file is replaced in one step, or is as it was.  A link, a hard link, a file of another
 *     user, or one that its owner may not write is refused.
 *  4. Two at once wait for each other.  A file that another program changed since it was read is
 *     left alone (LWC_E_BUSY), up to the instant before the replacement.
 *  5. No message holds a token.
 */

/* Longest text of a token for agents, by the rule of the agent's install.sh; shortest is 2. */
#define LWC_AGENT_TOKEN_MAX 57
#define LWC_AGENT_URL_MAX 272

/* Checks the form [A-Za-z0-9][A-Za-z0-9-]{0,55}[A-Za-z0-9].  LWC_E_INVALID; never quotes it. */
enum lwc_code lwc_agent_token_check(const char *token, size_t len, struct lwc_error *err)
    LWC_RESULT;

/*
 * Makes a region (us, us-02, eu, anz) or an https URL of lacework.net the URL to which agents
 * report.  LWC_E_INVALID for other words.
 */
enum lwc_code lwc_agent_url_parse(const char *word, char url_out[LWC_AGENT_URL_MAX + 1],
                                  struct lwc_error *err) LWC_RESULT;

/*
 * Returns whether agents of @account, a canonical host, need a serverurl: those with a cluster in
 * their name, such as acme.fra.lacework.net.
 *
 * @region_out  the region of a known cluster, static, or NULL.
 */
bool lwc_agent_url_is_needed(const char *account, const char **region_out);

/*
 * The change to a file: @token, checked, ends in NUL; @url a URL, or NULL: as it is.
 * @timeout_ms  for the lock.  @umask of the caller, for a new file of mode 0640.
 */
struct lwc_agent_change {
    const char *token;
    const char *url;
    int64_t timeout_ms;
    mode_t umask;
};

enum lwc_agent_outcome {
    LWC_AGENT_CREATED,
    LWC_AGENT_CHANGED,
    LWC_AGENT_UNCHANGED, /* the file says so already and was not touched */
};

/*
 * Appends to @out the text of a configuration file with the change made; an empty @text makes a new
 * file.  LWC_E_INVALID for text that is no JSON object, or holds other than texts and objects
 * where these must be.
 */
enum lwc_code lwc_agent_config_edit(const char *text, size_t len,
                                    const struct lwc_agent_change *change, struct lwc_buf *out,
                                    struct lwc_error *err) LWC_RESULT;

/* As lwc_agent_config_read(), for the text of a file. */
enum lwc_code lwc_agent_config_parse(const char *text, size_t len, bool *has_url_out,
                                     struct lwc_buf **token_out, struct lwc_error *err) LWC_RESULT;

/*
 * Makes the change to the file at @path, which need not exist; its directory must.  LWC_E_INVALID,
 * LWC_E_UNSAFE, LWC_E_BUSY, LWC_E_IO: nothing has changed.
 */
enum lwc_code lwc_agent_config_write(const char *path, const struct lwc_agent_change *change,
                                     enum lwc_agent_outcome *outcome_out, struct lwc_error *err)
    LWC_RESULT;

/*
 * Reads a file.  *@has_url_out: it names a server; *@token_out is its token, or NULL, owned by the
 * caller.  A missing file has neither.  The failures of lwc_agent_config_write() that concern
 * reading.
 */
enum lwc_code lwc_agent_config_read(const char *path, bool *has_url_out, struct lwc_buf **token_out,
                                    struct lwc_error *err) LWC_RESULT;

#endif
