"""How a person's account is named and where it stands in the directory.

The username keeps the shape lessons know, initial + surname + last four of the id, made safe for
directories: folded to a-z0-9, at most 20 characters (the limit of sAMAccountName). A collision
appends 2, 3 ... 99 to username and e-mail together. The counter has its own room, so it is never
the part that is cut.
"""

import re
import unicodedata
from collections.abc import Collection

from coreskills.domain.people import Person, Student
from coreskills.errors import EngineFailed

LONGEST = 20
LAST_TOKEN = 99
RESERVED = frozenset(
    [
        "admin",
        "administrator",
        "root",
        "postmaster",
        "hostmaster",
        "webmaster",
        "abuse",
        "security",
        "support",
        "helpdesk",
        "noreply",
        "guest",
        "test",
        "test.admin",
        "system",
        "service",
    ]
)
_SPECIAL = str.maketrans(
    {"ß": "ss", "ẞ": "ss", "æ": "ae", "Æ": "ae", "œ": "oe", "Œ": "oe", "ø": "o", "Ø": "o"}
    | {"ł": "l", "Ł": "l", "đ": "d", "Đ": "d", "ð": "d", "Ð": "d", "þ": "th", "Þ": "th", "ı": "i"}
)
_DROP = re.compile(r"[^a-z0-9]")
_DN_SPECIAL = re.compile(r'([,+"\\<>;=])')  # RFC 4514, section 2.4


def fold(text: str) -> str:
    """a-z0-9 of a name: Nuñez -> nunez, O'Brien -> obrien, 王 -> nothing."""
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text.translate(_SPECIAL))
    return _DROP.sub("", text.lower())


def username_stem(person: Person) -> str:
    """The username before a collision token; at most LONGEST - 2 characters, never empty."""
    is_student = isinstance(person, Student)
    return stem(is_student, person.first_name, person.last_name, person.key)


def stem(is_student: bool, first_name: str, last_name: str, key: str) -> str:
    """The same of a person's parts: batches of many thousands come without objects."""
    given, family, key = fold(first_name), fold(last_name), fold(key)
    room = LONGEST - 2
    if not (given or family):
        return key[-room:]
    if is_student:
        return f"{given[:1]}{family[:11]}{key[-4:]}"
    return ".".join(filter(None, (given, family)))[:room].rstrip(".")


def free_username(stem: str, taken: Collection[str]) -> str:
    """The first of stem, stem2 ... stem99 that is neither taken nor reserved.

    Raises EngineFailed `username_exhausted`, for good, when all are gone.
    """
    for token in ("", *range(2, LAST_TOKEN + 1)):
        name = f"{stem}{token}"
        if name not in taken and name not in RESERVED:
            return name
    raise EngineFailed(
        f"Every username from {stem} to {stem}{LAST_TOKEN} is taken; change the name or the id",
        permanent=True,
        code="username_exhausted",
    )


def student_unit(graduation_year: int, suffix: str) -> str:
    """Students stand under their class, not their grade: promotion moves nobody."""
    return f"OU=Class of {graduation_year},OU=Students,{suffix}"


def staff_unit(department: str, suffix: str) -> str:
    return f"OU={_escape(department)},OU=Staff,{suffix}"


def _escape(value: str) -> str:
    value = _DN_SPECIAL.sub(r"\\\1", value)
    return f"\\{value}" if value.startswith("#") else value
