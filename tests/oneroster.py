"""Small packages in OneRoster's form, right unless a test makes them wrong."""

import io
import zipfile
from typing import Any

from coreskills.domain.oneroster import manifest
from coreskills.domain.oneroster.columns import METADATA, header

Rows = list[dict[str, str]]


def person(id: str, key: str, **more: str) -> dict[str, str]:
    names = {"givenName": "Ada", "familyName": "Lovelace"}
    shared = {"sourcedId": id, "enabledUser": "true", "username": id, "identifier": key}
    return shared | names | more


def role(id: str, user: str, role: str = "student", org: str = "north") -> dict[str, str]:
    shared = {"sourcedId": id, "userSourcedId": user, "roleType": "primary"}
    return shared | {"role": role, "orgSourcedId": org}


def enrolment(id: str, user: str, role: str = "student", of: str = "algebra-1") -> dict[str, str]:
    shared = {"sourcedId": id, "classSourcedId": of, "schoolSourcedId": "north"}
    return shared | {"userSourcedId": user, "role": role}


def district() -> dict[str, Rows]:
    """Two schools, two pupils, a teacher, one class."""
    return {
        "orgs": [
            {"sourcedId": "kisd", "name": "Kemp ISD", "type": "district"},
            {"sourcedId": "north", "name": "North High", "type": "school"}
            | {"parentSourcedId": "kisd"},
            {"sourcedId": "south", "name": "South High", "type": "school"}
            | {"parentSourcedId": "kisd"},
        ],
        "academicSessions": [
            {"sourcedId": "y28", "title": "2027-2028", "type": "schoolYear", "schoolYear": "2028"}
            | {"startDate": "2027-08-16", "endDate": "2028-05-26"},
            {"sourcedId": "fall", "title": "Fall", "type": "term", "schoolYear": "2028"}
            | {"startDate": "2027-08-16", "endDate": "2027-12-17", "parentSourcedId": "y28"},
        ],
        "users": [
            person("u-ada", "S2028001", grades="11", primaryOrgSourcedId="north"),
            person("u-jo", "S2030001", grades="09", givenName="Jo", familyName="Nuñez"),
            person("u-ivan", "E100", givenName="Ivan", familyName="O'Brien"),
        ],
        "roles": [
            role("r-ada", "u-ada"),
            role("r-jo", "u-jo"),
            role("r-ivan", "u-ivan", "teacher"),
        ],
        "courses": [
            {"sourcedId": "algebra", "title": "Algebra, part 1", "orgSourcedId": "kisd"}
            | {"schoolYearSourcedId": "y28", "grades": "09,10"},
        ],
        "classes": [
            {"sourcedId": "algebra-1", "title": "Algebra 1", "courseSourcedId": "algebra"}
            | {"classType": "scheduled", "schoolSourcedId": "north", "termSourcedIds": "fall"},
        ],
        "enrollments": [
            enrolment("e-ada", "u-ada"),
            enrolment("e-jo", "u-jo"),
            enrolment("e-ivan", "u-ivan", "teacher") | {"primary": "true"},
        ],
    }


def changed(file: str, number: int, **values: str | None) -> dict[str, Rows]:
    """The district, with other values in row `number` of a file; None: no such value."""
    files = district()
    row = files[file][number] | values
    files[file][number] = {name: value for name, value in row.items() if value is not None}
    return files


def as_delta(rows: Rows) -> Rows:
    fresh = {"status": "active", "dateLastModified": "2027-09-01T06:00:00.000Z"}
    return [fresh | row for row in rows]


def columns(file: str) -> list[str]:
    return header(file) + list(METADATA if file == "users" else ())


def text(file: str, rows: Rows) -> str:
    names = columns(file)
    lines = [",".join(names), *(",".join(_cell(row.get(n, "")) for n in names) for row in rows)]
    return "\n".join(lines) + "\n"


def files(rows: dict[str, Rows], **modes: Any) -> dict[str, str]:
    """The texts of a package, manifest first. `modes` of those that are not bulk."""
    said = dict.fromkeys(rows, "bulk") | modes
    lines = [",".join(row) for row in manifest.written(said)]
    texts = {f"{file}.csv": text(file, part) for file, part in rows.items()}
    return {"manifest.csv": "\n".join(lines) + "\n"} | texts


def packed(texts: dict[str, str | bytes]) -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in texts.items():
            archive.writestr(name, content)
    return body.getvalue()


def package(rows: dict[str, Rows], **modes: Any) -> bytes:
    # a test may give a mode that there is not
    return packed(files(rows, **modes))  # type: ignore[arg-type]


def _cell(value: str) -> str:
    if any(mark in value for mark in ',"\n'):
        value = '"' + value.replace('"', '""') + '"'
    return value
