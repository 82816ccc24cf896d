# SPDX-License-Identifier: Apache-2.0
"""Keys, roles and accounts: who gets a token, and which account a call acts on.

A line of the file "keys" is

    KEYID SHA256-OF-SECRET [ROLE [home=NAME] [accounts=NAME,...] [off=NAME,...] [access=read-only]
                                 [user=NAME]]

home      the account in which the key, and so each token of it, was made
accounts  where a sub-admin is admin
off       accounts in which the user is disabled
access    what a service user may do: admin (default), power, read-only
user      whose rate limit it is; without it each key has a user of its own

role       gets a token   reaches
admin      yes            home: the admin of an account outside of any organization
org        yes            every account of the organization, organization-level data
org-user   yes            the same, reading alone
sub-admin  yes            the accounts in which it is admin
service    yes            home
user       no: 403        nothing
demoted    no: 403        nothing, with tokens made before either
disabled   no: 401        what its tokens reach, until they expire (a choice)
"""

import collections

ORGANIZATION = "ORGANIZATION"  # organization-level data, as an account
PRIMARY = "ACME"
SUB_ACCOUNTS = ("DEV", "PROD", "LAB")

Role = collections.namedtuple("Role", "tokens in_organization reach organization reads_alone")

ROLES = {
    "admin": Role(True, False, "home", False, False),
    "org": Role(True, True, "all", True, False),
    "org-user": Role(True, True, "all", True, True),
    "sub-admin": Role(True, True, "listed", False, False),
    "service": Role(True, False, "home", False, False),
    "user": Role(False, False, "none", False, False),
    "demoted": Role(False, True, "none", False, False),
    "disabled": Role(True, False, "home", False, False),
}


def names(text):
    return tuple(name.upper() for name in text.split(",") if name)


class Key:
    """A line of the file "keys", split into words."""

    def __init__(self, words):
        options = dict(word.partition("=")[::2] for word in words[3:])
        self.key_id, self.secret_digest = words[:2]
        self.role_name = (words[2:] or ["admin"])[0]
        self.role = ROLES[self.role_name]
        self.accounts = names(options.get("accounts", "DEV,PROD"))
        first = self.accounts[0] if self.role.reach == "listed" else PRIMARY
        self.home = options.get("home", first).upper()
        self.off = names(options.get("off", ""))
        self.access = options.get("access", "admin")
        self.user = options.get("user", self.key_id)

    def may_write(self):
        return not self.role.reads_alone and self.access != "read-only"


def sub_accounts(call):
    """The organization's accounts beside its own."""
    args = call.choice("sub-accounts")
    if args is None:
        return SUB_ACCOUNTS
    return tuple("SUB-%d" % i for i in range(int(args[0]))) if args[0].isdigit() else names(args[0])


def reachable(call, key):
    """The accounts in which a call with this key may act."""
    alone = call.choice("keys-per-account") is not None
    reach = {
        "none": (),
        "home": (key.home,),
        "listed": key.accounts,
        "all": (key.home,) if alone else (PRIMARY, *sub_accounts(call)),
    }[key.role.reach]
    return [name for name in reach if name not in key.off]


def account_of(call, key):
    """The account on which a call acts, ORGANIZATION, or None where the role forbids it."""
    wanted = call.headers.get("Account-Name", "").upper()
    asks_all = call.headers.get("Org-Access", "").lower() == "true"
    if asks_all and key.role.organization:
        return ORGANIZATION
    # The header is without effect for a sub-account's admin who names a sub-account.
    named = wanted and key.role.reach == "listed"
    if asks_all and not named and call.choice("ignore-org-access") is None:
        return None
    wanted = wanted or key.home
    return wanted if wanted in reachable(call, key) else None


def is_sub_account_host(call, key):
    """Does the call go to the host of a sub-account, whose organization has a host for all?"""
    host = call.headers.get("Host", "").partition(":")[0].lower()
    name, _, domain = host.partition(".")
    return (key.role.in_organization and domain == "lacework.net" and
            name.upper() in sub_accounts(call))
