"""Packages with one defect each, and what must be said of it.

REFUSED: (at, code) of the whole package. ROWS: (file, line, field, code), the first that is told.
"""

import io
import struct
import zipfile
from collections.abc import Callable
from typing import Any

from coreskills.domain.oneroster.columns import header
from tests.oneroster import as_delta, changed, district, enrolment, files, package, packed, role

Texts = dict[str, Any]
Refused = dict[str, tuple[Callable[[], bytes], tuple[str, str]]]
Rows = dict[str, tuple[Callable[[], bytes], tuple[str, int, str, str]]]


def texts(**changes: Callable[[str], str]) -> bytes:
    """The district, with the text of some files changed."""
    made: Texts = files(district())
    for name, change in changes.items():
        made[f"{name}.csv"] = change(made[f"{name}.csv"])
    return packed(made)


def replaced(file: str, old: str, new: str) -> Callable[[], bytes]:
    def change(text: str) -> str:
        assert old in text
        return text.replace(old, new, 1)

    return lambda: texts(**{file: change})


def with_file(name: str, content: str = "x\n", **modes: Any) -> Callable[[], bytes]:
    return lambda: packed(files(district(), **modes) | {name: content})


def without(name: str) -> Callable[[], bytes]:
    return lambda: packed({n: t for n, t in files(district()).items() if n != name})


def encrypted() -> bytes:
    """The flag is all that is looked at."""
    body = bytearray(package(district()))
    at = body.index(b"PK\x01\x02")
    body[at + 8 : at + 10] = struct.pack("<H", 1)
    return bytes(body)


def twice() -> bytes:
    return with_file("usera.csv")().replace(b"usera.csv", b"users.csv")


def damaged() -> bytes:
    body = bytearray(package(district()))
    with zipfile.ZipFile(io.BytesIO(bytes(body))) as archive:
        info = archive.getinfo("orgs.csv")
    start = info.header_offset + 30 + len(info.filename)
    body[start + 4 : start + 12] = b"\xff" * 8
    return bytes(body)


def many() -> bytes:
    return packed({f"{n}.csv": "" for n in range(65)})


def bomb() -> bytes:
    """One that says how large it would be: it is refused before anything is unpacked."""
    body = bytearray(packed({"users.csv": "0"}))
    at = body.index(b"PK\x01\x02")
    body[at + 24 : at + 28] = struct.pack("<I", 600 * 2**20)
    return bytes(body)


def lzma() -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("users.csv", "x")
    return body.getvalue()


ORGS = ",".join(header("orgs"))
REFUSED: Refused = {
    "no zip": (lambda: b"StudentID,FirstName\n", ("zip", "zip_invalid")),
    "an empty body": (lambda: b"", ("zip", "zip_invalid")),
    "half a zip": (lambda: package(district())[:200], ("zip", "zip_invalid")),
    "a damaged member": (damaged, ("orgs.csv", "zip_damaged")),
    "a zip bomb": (bomb, ("zip", "zip_unpacked")),
    "too many entries": (many, ("zip", "zip_entries")),
    "a path": (lambda: packed({"../users.csv": "x"}), ("../users.csv", "zip_path")),
    "a folder": (with_file("roster/users.csv"), ("roster/users.csv", "zip_path")),
    "an encrypted member": (encrypted, ("manifest.csv", "zip_encrypted")),
    "a member packed by LZMA": (lzma, ("users.csv", "zip_method")),
    "a file twice": (twice, ("users.csv", "file_duplicate")),
    "no manifest": (without("manifest.csv"), ("manifest.csv", "manifest_missing")),
    "a manifest without its header": (
        replaced("manifest", "propertyName,value\n", ""),
        ("manifest.csv line 1", "manifest_header"),
    ),
    "a property that is missing": (
        replaced("manifest", "file.results,absent\n", ""),
        ("manifest.csv, file.results", "manifest_property_missing"),
    ),
    "a property twice": (
        replaced("manifest", "file.orgs,bulk\n", "file.orgs,bulk\nfile.orgs,bulk\n"),
        ("manifest.csv line 16, file.orgs", "manifest_property_duplicate"),
    ),
    "an unknown property": (
        replaced("manifest", "file.orgs,", "file.organs,bulk\nfile.orgs,"),
        ("manifest.csv line 15, file.organs", "manifest_property_unknown"),
    ),
    "a property without a value": (
        replaced("manifest", "file.orgs,bulk", "file.orgs"),
        ("manifest.csv line 15", "row_width"),
    ),
    "version 1.1": (
        replaced("manifest", "oneroster.version,1.2", "oneroster.version,1.1"),
        ("manifest.csv line 3, oneroster.version", "manifest_version"),
    ),
    "another manifest version": (
        replaced("manifest", "manifest.version,1.0", "manifest.version,2"),
        ("manifest.csv line 2, manifest.version", "manifest_version"),
    ),
    "an unknown mode": (
        replaced("manifest", "file.orgs,bulk", "file.orgs,full"),
        ("manifest.csv line 15, file.orgs", "manifest_mode"),
    ),
    "a declared file that is missing": (
        without("courses.csv"),
        ("manifest.csv line 9, file.courses", "file_missing"),
    ),
    "a file that is said to be absent": (
        lambda: packed(files(district(), courses="absent")),
        ("manifest.csv line 9, file.courses", "file_not_declared"),
    ),
    "an unknown file": (with_file("readme.txt"), ("readme.txt", "file_unknown")),
    "a file of the grade book": (
        with_file("results.csv", results="bulk"),
        ("manifest.csv line 18, file.results", "file_not_supported"),
    ),
    "nothing but a manifest": (
        lambda: packed({"manifest.csv": files({})["manifest.csv"]}),
        ("manifest.csv", "manifest_empty"),
    ),
    "a file without a header": (
        lambda: texts(orgs=lambda text: ""),
        ("orgs.csv line 1", "header_missing"),
    ),
    "a header and no row": (
        lambda: texts(orgs=lambda text: ORGS + "\n"),
        ("orgs.csv", "no_rows"),
    ),
    "a column without a name": (
        replaced("orgs", "identifier,", ","),
        ("orgs.csv line 1, column 6", "header_empty"),
    ),
    "a column twice": (
        replaced("orgs", "identifier,", "identifier,identifier,"),
        ("orgs.csv line 1, identifier", "header_duplicate"),
    ),
    "an unknown column": (
        replaced("orgs", "identifier,", "identifier,colour,"),
        ("orgs.csv line 1, colour", "header_unknown"),
    ),
    "a column in other letters": (
        replaced("orgs", "sourcedId", "SourcedID"),
        ("orgs.csv line 1, SourcedID", "header_unknown"),
    ),
    "a missing column": (
        replaced("orgs", "identifier,", ""),
        ("orgs.csv line 1, identifier", "header_missing"),
    ),
    "columns in another order": (
        replaced("orgs", "name,type", "type,name"),
        ("orgs.csv line 1", "header_order"),
    ),
    "metadata in the middle": (
        replaced("orgs", "name,type", "name,metadata.colour,type"),
        ("orgs.csv line 1", "header_metadata"),
    ),
    "a line of a megabyte": (
        lambda: texts(orgs=lambda text: text + "x" * 2**20),
        ("orgs.csv line 5", "csv_line_length"),
    ),
}


def row(file: str, number: int, **values: str | None) -> Callable[[], bytes]:
    return lambda: package(changed(file, number, **values))


def more(file: str, *added: dict[str, str]) -> Callable[[], bytes]:
    def make() -> bytes:
        made = district()
        made[file] += added
        return package(made)

    return make


def delta(**values: str | None) -> Callable[[], bytes]:
    def make() -> bytes:
        (made,) = as_delta(district()["orgs"][:1])
        kept = {n: v for n, v in (made | values).items() if v is not None}
        return package({"orgs": [kept]}, orgs="delta")

    return make


def alone(file: str) -> Callable[[], bytes]:
    return lambda: package({file: as_delta(district()[file])}, **{file: "delta"})


def profile() -> bytes:
    made = district()
    made["userProfiles"] = [
        {"sourcedId": "p-jo", "userSourcedId": "u-jo", "profileType": "x", "vendorId": "v"}
        | {"credentialType": "basic", "username": "jo"}
    ]
    made["roles"][0]["userProfileSourcedId"] = "p-jo"
    return package(made)


NORTH = 'north,,,"North ""The"" High",school,,kisd'
PLAIN = "north,,,North High,school,,kisd"
ROWS: Rows = {
    "an open quote": (
        replaced("orgs", PLAIN, 'north,,,"North High,school,,kisd'),
        ("orgs", 3, "line", "csv_open_quote"),
    ),
    "a line break in a value": (
        replaced("orgs", PLAIN, 'north,,,"North\nHigh",school,,kisd'),
        ("orgs", 3, "line", "csv_line_break"),
    ),
    "text after a quote": (
        replaced("orgs", PLAIN, 'north,,,"North" High,school,,kisd'),
        ("orgs", 3, "line", "csv_after_quote"),
    ),
    "a quote that is not doubled": (
        replaced("orgs", PLAIN, 'north,,,North "The" High,school,,kisd'),
        ("orgs", 3, "line", "csv_stray_quote"),
    ),
    "a bare carriage return": (
        replaced("orgs", PLAIN, "north,,,North\rHigh,school,,kisd"),
        ("orgs", 3, "line", "csv_bare_cr"),
    ),
    "a NUL": (replaced("orgs", "North", "No\0rth"), ("orgs", 3, "line", "csv_encoding")),
    "Latin-1": (
        lambda: packed(
            files(district())
            | {"orgs.csv": files(district())["orgs.csv"].replace("North", "Nörth").encode("cp1252")}
        ),
        ("orgs", 3, "line", "csv_encoding"),
    ),
    "a row too short": (replaced("orgs", ",,kisd", ",kisd"), ("orgs", 3, "line", "row_width")),
    "a row too long": (replaced("orgs", ",,kisd", ",,kisd,"), ("orgs", 3, "line", "row_width")),
    "no id": (row("orgs", 1, sourcedId=None), ("orgs", 3, "sourcedId", "required")),
    "no name": (row("users", 0, givenName=None), ("users", 2, "givenName", "required")),
    "a status in a bulk file": (
        row("users", 0, status="active"),
        ("users", 2, "status", "forbidden_in_bulk"),
    ),
    "a date in a bulk file": (
        row("users", 0, dateLastModified="2027-09-01T06:00:00.000Z"),
        ("users", 2, "dateLastModified", "forbidden_in_bulk"),
    ),
    "a delta without a status": (
        delta(status=None),
        ("orgs", 2, "status", "required_in_delta"),
    ),
    "a delta without a date": (
        delta(dateLastModified=None),
        ("orgs", 2, "dateLastModified", "required_in_delta"),
    ),
    "an unknown status": (delta(status="inactive"), ("orgs", 2, "status", "bad_enum")),
    "a time without milliseconds": (
        delta(dateLastModified="2027-09-01T06:00:00Z"),
        ("orgs", 2, "dateLastModified", "bad_datetime"),
    ),
    "a bad id": (row("orgs", 1, sourcedId="no spaces"), ("orgs", 3, "sourcedId", "bad_id")),
    "an id of 256 characters": (
        row("orgs", 1, sourcedId="x" * 256),
        ("orgs", 3, "sourcedId", "bad_id"),
    ),
    "a long name of an org": (row("orgs", 1, name="x" * 101), ("orgs", 3, "name", "bad_text")),
    "an unknown type of org": (row("orgs", 1, type="ext:x"), ("orgs", 3, "type", "bad_enum")),
    "a boolean in capitals": (
        row("users", 0, enabledUser="TRUE"),
        ("users", 2, "enabledUser", "bad_boolean"),
    ),
    "a day that does not exist": (
        row("academicSessions", 0, startDate="2027-02-30"),
        ("academicSessions", 2, "startDate", "bad_date"),
    ),
    "an American day": (
        row("academicSessions", 0, startDate="08/16/2027"),
        ("academicSessions", 2, "startDate", "bad_date"),
    ),
    "a session that ends before it starts": (
        row("academicSessions", 0, endDate="2027-08-01"),
        ("academicSessions", 2, "endDate", "date_order"),
    ),
    "a year of two digits": (
        row("academicSessions", 0, schoolYear="28"),
        ("academicSessions", 2, "schoolYear", "bad_year"),
    ),
    "an unknown grade": (row("users", 0, grades="11th"), ("users", 2, "grades", "bad_grade")),
    "an id without its type": (
        row("users", 0, userIds="S2028001"),
        ("users", 2, "userIds", "bad_user_ids"),
    ),
    "an empty value in a list": (
        row("classes", 0, periods="1,,3"),
        ("classes", 2, "periods", "bad_list"),
    ),
    "subjects without their codes": (
        row("courses", 0, subjects="Maths,Algebra", subjectCodes="1"),
        ("courses", 2, "subjectCodes", "list_length"),
    ),
    "an unknown role": (row("roles", 0, role="pupil"), ("roles", 2, "role", "bad_enum")),
    "an extended type of role": (
        row("roles", 0, roleType="ext:third"),
        ("roles", 2, "roleType", "bad_enum"),
    ),
    "an unknown type of class": (
        row("classes", 0, classType="lecture"),
        ("classes", 2, "classType", "bad_enum"),
    ),
    "an org that is its own parent": (
        row("orgs", 1, parentSourcedId="north"),
        ("orgs", 3, "parentSourcedId", "parent_is_itself"),
    ),
    "an id twice": (
        more("enrollments", enrolment("e-ada", "u-jo")),
        ("enrollments", 2, "sourcedId", "duplicate_sourced_id"),
    ),
    "a person who is not there": (
        row("enrollments", 0, userSourcedId="u-eve"),
        ("enrollments", 2, "userSourcedId", "reference_missing"),
    ),
    "a term that is not there": (
        row("classes", 0, termSourcedIds="fall,spring"),
        ("classes", 2, "termSourcedIds", "reference_missing"),
    ),
    "a file that is not there": (
        alone("enrollments"),
        ("enrollments", 2, "classSourcedId", "reference_file_missing"),
    ),
    "an agent who is not there": (
        row("users", 0, agentSourcedIds="u-mother"),
        ("users", 2, "agentSourcedIds", "reference_missing"),
    ),
    "a row that refers to a rejected one": (
        row("courses", 0, title=None),
        ("courses", 2, "title", "required"),
    ),
    "a class of a district": (
        row("classes", 0, schoolSourcedId="kisd"),
        ("classes", 2, "schoolSourcedId", "org_type_mismatch"),
    ),
    "a course in a term": (
        row("courses", 0, schoolYearSourcedId="fall"),
        ("courses", 2, "schoolYearSourcedId", "session_type_mismatch"),
    ),
    "a primary org without a role": (
        row("users", 0, primaryOrgSourcedId="south"),
        ("users", 2, "primaryOrgSourcedId", "primary_org_without_role"),
    ),
    "two primary roles at one school": (
        more("roles", role("r-2", "u-ada")),
        ("roles", 2, "roleType", "several_primary_roles"),
    ),
    "the profile of somebody else": (
        profile,
        ("roles", 2, "userProfileSourcedId", "profile_of_another_user"),
    ),
    "an enrolment at another school": (
        row("enrollments", 0, schoolSourcedId="south"),
        ("enrollments", 2, "schoolSourcedId", "school_mismatch"),
    ),
    "two people with one id of the district": (
        row("users", 1, identifier="S2028001"),
        ("users", 2, "identifier", "duplicate_person"),
    ),
}
