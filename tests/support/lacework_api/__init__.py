# SPDX-License-Identifier: Apache-2.0
"""The stand-in for the Lacework API: one file for each thing that the API knows.

    state          files, log, tokens, rate limits: shared by all threads
    call           one request and what is known about it
    roles          keys, roles, accounts: who reaches what
    connection     TLS, reading a request, writing a reply
    endpoints      which function answers which path
    access_tokens  the token endpoint
    agent_tokens   agent access tokens
    records        UserProfile, OrganizationInfo, AgentInfo, Alerts
    pages          paging
    forms          reply, and the ways to write times, tokens, errors
    modes          how a reply is spoiled, and the choices where the facts are missing
    proxy          a CONNECT proxy that leads every host to the stand-in
"""
