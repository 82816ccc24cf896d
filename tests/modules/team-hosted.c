/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/modules/team.h"

TEAM_BACKEND("team-hosted", LWC_CAP_BLOCKING);
