/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_AGENT_MANIFEST_H
#define PLUGINS_AGENT_MANIFEST_H

#include "base/buffer.h"
#include "base/error.h"

/* Texts by which machines and clusters get a token for their agents. */

#define LWC_AGENT_SECRET_NAME "lacework-agent-access-token"
#define LWC_AGENT_SECRET_KEY "agent-access-token"

/* Checks the name of a Kubernetes object: DNS labels, at most 253 bytes.  LWC_E_INVALID. */
enum lwc_code lwc_agent_object_name_check(const char *name, struct lwc_error *err) LWC_RESULT;

/*
 * Appends a shell script that installs the agent.  It holds no token: it reads it from the file
 * that is its argument, else from standard input, and hands it to the vendor's installer through a
 * pipe, so that it stands in no command line.
 *
 * @alias  of the token, for the comment.
 * @url    to which the agent reports, or NULL.
 */
enum lwc_code lwc_agent_script_write(const char *alias, const char *url, struct lwc_buf *out,
                                     struct lwc_error *err) LWC_RESULT;

/* Appends a Secret that holds @token.  @name_space may be NULL. */
enum lwc_code lwc_agent_secret_write(const char *name, const char *name_space, const char *token,
                                     struct lwc_buf *out, struct lwc_error *err) LWC_RESULT;

/* Appends values of the Helm chart that name the Secret; they hold no token.  @url may be NULL. */
enum lwc_code lwc_agent_helm_write(const char *name, const char *url, struct lwc_buf *out,
                                   struct lwc_error *err) LWC_RESULT;

#endif
