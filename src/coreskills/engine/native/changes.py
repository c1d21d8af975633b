"""Accounts that stay, and are changed: data, name, place, password."""

from typing import Any

from coreskills.domain.naming import LAST_TOKEN, free_username, staff_unit, stem, student_unit
from coreskills.engine.native.answers import Answer, Facts, account_of, change, fact, refusal
from coreskills.engine.parameters import MoveAccount, Nothing, RenameAccount, SetAccount

_OF_STUDENTS = frozenset({"GradeLevel", "GraduationYear"})
_OF_STAFF = frozenset({"Department", "Role"})
_OPEN = ("staged", "active", "suspended")


def set_account(wanted: SetAccount, facts: Facts) -> Answer:
    """Changes data of a person. The name does not rename: see Rename-KISDAccount. The unit follows
    the class or department if the account stands in that of the old one, and not elsewhere."""
    account = _known(facts, (*_OPEN, "disabled"), "changed")
    after = wanted.model_dump(exclude_unset=True)
    strange = sorted((_OF_STAFF if account["Kind"] == "student" else _OF_STUDENTS) & set(after))
    if strange:
        raise refusal("validation_failed", f"{', '.join(strange)}: not of a {account['Kind']}")
    place = "OriginalOU" if account["State"] == "disabled" else "OU"
    if account[place] == unit_of(account, facts):
        after[place] = unit_of(account | after, facts)
    return {"Username": account["Username"]} | change("update", account, after)


def rename_account(wanted: RenameAccount, facts: Facts) -> Answer:
    """Gives the username and e-mail that the new name would get, both with the same token. The old
    e-mail becomes an alias, and the old username a tombstone that nobody else gets; who returns to
    a former name gets it back. A name that fits already stays."""
    account = _known(facts, (*_OPEN, "disabled"), "renamed")
    after = wanted.model_dump(exclude_unset=True)
    person = account | after
    base = stem(
        account["Kind"] == "student", person["FirstName"], person["LastName"], account["PersonKey"]
    )
    tombstone = None
    if account["Username"] not in {base, *(f"{base}{n}" for n in range(2, LAST_TOKEN + 1))}:
        after |= _renamed(account, base, facts)
        tombstone = account["Username"]
    answer = change("rename" if tombstone else "update", account, after)
    return {"Username": after.get("Username", account["Username"]), "Tombstone": tombstone} | answer


def move_account(wanted: MoveAccount, facts: Facts) -> Answer:
    """Moves to another unit of the same directory. Units that only the lifecycle fills, listed in
    ProtectedOUs or below OU=Disabled, are refused."""
    account = _known(facts, _OPEN, "moved")
    suffix = fact(facts, "DirectorySuffix")
    if not wanted.OU.endswith(f",{suffix}"):
        raise refusal("validation_failed", f"{wanted.OU} is not below {suffix}")
    closed = [f"OU=Disabled,{suffix}", *facts.get("ProtectedOUs", ())]
    if any(unit == wanted.OU or wanted.OU.endswith(f",{unit}") for unit in closed):
        raise refusal("protected_target", f"{wanted.OU} is protected")
    return {"Username": account["Username"]} | change("move", account, {"OU": wanted.OU})


def reset_password(_: Nothing, facts: Facts) -> Answer:
    """Says that a new password is to be set and changed at the next login, and that sessions end.
    The secret itself is made by the worker, shown once, and never passes through an engine."""
    account = _known(facts, _OPEN, "given a password")
    return {
        "Username": account["Username"],
        "MustChangePassword": True,
        "RevokeSessions": True,
        "Action": "reset",
        "Changed": True,
        "Before": {"MustChangePassword": bool(account.get("MustChangePassword"))},
        "After": {"MustChangePassword": True},
    }


def unit_of(account: dict[str, Any], facts: Facts) -> str:
    """Where a person's account belongs."""
    suffix = fact(facts, "DirectorySuffix")
    if account["Kind"] == "student":
        return student_unit(account["GraduationYear"], suffix)
    return staff_unit(account["Department"], suffix)


def mail_domain(account: dict[str, Any], facts: Facts) -> str:
    kind = "StudentMailDomain" if account["Kind"] == "student" else "StaffMailDomain"
    return str(fact(facts, kind))


def _renamed(account: dict[str, Any], base: str, facts: Facts) -> dict[str, Any]:
    former = {alias.partition("@")[0] for alias in account["Aliases"]}
    username = free_username(base, set(fact(facts, "TakenUsernames")) - former)
    email = f"{username}@{mail_domain(account, facts)}"
    aliases = [alias for alias in account["Aliases"] if alias not in (email, account["Email"])]
    return {"Username": username, "Email": email, "Aliases": [*aliases, account["Email"]]}


def _known(facts: Facts, states: tuple[str, ...], verb: str) -> dict[str, Any]:
    account = account_of(facts)
    if account["State"] not in states:
        raise refusal("state_conflict", f"An account that is {account['State']} is not {verb}")
    return account
