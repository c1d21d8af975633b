"""What a single value must look like. Each check answers what is wrong, or nothing."""

import re
from collections.abc import Callable
from datetime import date, datetime

Check = Callable[[str], str | None]
ENUMS: dict[str, str] = {
    "status": "active tobedeleted",
    "org_type": "department district local national school state",
    "session_type": "gradingPeriod schoolYear semester term",
    "class_type": "homeroom scheduled",
    "role_type": "primary secondary",
    "role": "aide counselor districtAdministrator guardian parent principal proctor relative "
    "siteAdministrator student systemAdministrator teacher",
    "enrollment_role": "administrator proctor student teacher",
}
CLOSED = frozenset(
    {"status", "role_type", "org_type"}
)  # every other list may be extended by `ext:`
GRADES = frozenset(
    ["IT", "PR", "PK", "TK", "KG", "PS", "UG", "AS", "AB", "Other"]
    + [f"{grade:02}" for grade in range(1, 14)]
)
_ID = re.compile(r"[0-9A-Za-z./@_-]{1,255}\Z")
_EXTENSION = re.compile(r"ext:[A-Za-z0-9._-]+\Z")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z\Z")
_USER_ID = re.compile(r"\{([^:{}]+):([^{}]+)\}\Z")


def items(text: str) -> list[str]:
    """Of a list; its values are separated by commas."""
    return [item.strip() for item in text.split(",")] if text else []


def user_ids(text: str) -> list[tuple[str, str]]:
    """(type, id) of each `{type:id}`."""
    # groups() of any number, says its type; the pattern has two
    return [match.groups() for item in items(text) if (match := _USER_ID.match(item))]  # type: ignore[misc]


def _text(text: str) -> str | None:
    if len(text) > 1000:
        return "has more than 1000 characters"
    return None if text.isprintable() else "must be printable text"


def _label(text: str) -> str | None:
    return "has more than 100 characters" if len(text) > 100 else _text(text)


def _id(text: str) -> str | None:
    return None if _ID.match(text) else "must be 1 to 255 of 0-9 A-Z a-z . / @ _ -"


def _boolean(text: str) -> str | None:
    return None if text in ("true", "false") else "must be true or false"


def _year(text: str) -> str | None:
    return None if re.fullmatch(r"[12][0-9]{3}", text) else "must be a year like 2027"


def _date(text: str) -> str | None:
    try:
        if _DAY.match(text):
            date.fromisoformat(text)
            return None
    except ValueError:
        pass
    return "must be a day like 2027-08-30"


def _moment(text: str) -> str | None:
    try:
        if _MOMENT.match(text):
            datetime.fromisoformat(text)
            return None
    except ValueError:
        pass
    return "must be a time like 2027-08-30T07:00:00.000Z"


def _list(text: str) -> str | None:
    return None if all(items(text)) else "has an empty value in its list"


def _ids(text: str) -> str | None:
    return next((wrong for item in items(text) if (wrong := _id(item))), None)


def _grades(text: str) -> str | None:
    strange = [g for g in items(text) if g not in GRADES and not _EXTENSION.match(g)]
    return f"has no such grade: {strange[0] or 'an empty one'}" if strange else None


def _pairs(text: str) -> str | None:
    wrong = any(not _USER_ID.match(item) for item in items(text))
    return "must be a list of {type:id}" if wrong else None


def _one_of(kind: str) -> Check:
    words = frozenset(ENUMS[kind].split())

    def check(text: str) -> str | None:
        if text in words or (kind not in CLOSED and _EXTENSION.match(text)):
            return None
        return "must be one of " + ", ".join(sorted(words))

    return check


# Kind -> its check, and the code of the fault.
KINDS: dict[str, tuple[Check, str]] = {
    "text": (_text, "bad_text"),
    "label": (_label, "bad_text"),
    "id": (_id, "bad_id"),
    "ids": (_ids, "bad_id"),
    "boolean": (_boolean, "bad_boolean"),
    "year": (_year, "bad_year"),
    "date": (_date, "bad_date"),
    "moment": (_moment, "bad_datetime"),
    "list": (_list, "bad_list"),
    "grades": (_grades, "bad_grade"),
    "user_ids": (_pairs, "bad_user_ids"),
    **{kind: (_one_of(kind), "bad_enum") for kind in ENUMS},
}
