from tests.changes import WORK, Case, Kind
from tests.oneroster import as_delta, package, person
from tests.people import ADA

PURPOSE = {"party": "the library", "purpose": "its own accounts"}
ADAS = person("u-ada", ADA["student_id"], grades="11") | {
    "givenName": ADA["first_name"],
    "familyName": ADA["last_name"],
}
PACKAGE = package({"users": as_delta([ADAS])}, users="delta")  # Ada gets her sourcedId

CASES = {
    "POST /api/v1/imports/oneroster": Case(
        "oneroster_import.requested", "imports/oneroster", PACKAGE, WORK
    ),
    "POST /api/v1/exports/oneroster": Case(
        "oneroster_export.requested", "exports/oneroster", PURPOSE, WORK
    ),
}
KINDS = {
    "oneroster_import": Kind("student.changed", file=("imports/oneroster", PACKAGE)),
    "oneroster_export": Kind("roster.exported", PURPOSE, tells=frozenset()),
}
