"""The files of a package and their columns, as data.

A column is written `name*:kind>target`: `*` is required, `kind` is one of values.KINDS (text if it
is not said), `target` the file in which the id must stand. `-` at the end: it is never kept, be it
a secret or something that nobody here needs. The order is the order of the header.
"""

from dataclasses import dataclass
from typing import Literal

Mode = Literal["absent", "bulk", "delta"]
BASE = "sourcedId*:id status:status dateLastModified:moment"
WRITTEN = {
    "orgs": f"{BASE} name*:label type*:org_type identifier parentSourcedId:id>orgs",
    "academicSessions": f"{BASE} title* type*:session_type startDate*:date endDate*:date "
    "parentSourcedId:id>academicSessions schoolYear*:year",
    "userProfiles": f"{BASE} userSourcedId*:id>users profileType* vendorId*- applicationId- "
    "description- credentialType*- username*- password-",
    "users": f"{BASE} enabledUser*:boolean username* userIds:user_ids givenName* familyName* "
    "middleName- identifier email- sms- phone- agentSourcedIds:ids>users grades:grades password- "
    "userMasterIdentifier- resourceSourcedIds:ids preferredGivenName- preferredMiddleName- "
    "preferredFamilyName- primaryOrgSourcedId:id>orgs pronouns-",
    "roles": f"{BASE} userSourcedId*:id>users roleType*:role_type role*:role beginDate:date "
    "endDate:date orgSourcedId*:id>orgs userProfileSourcedId:id>userProfiles",
    "courses": f"{BASE} schoolYearSourcedId:id>academicSessions title* courseCode grades:grades "
    "orgSourcedId*:id>orgs subjects:list subjectCodes:list",
    "classes": f"{BASE} title* grades:grades courseSourcedId*:id>courses classCode "
    "classType*:class_type location schoolSourcedId*:id>orgs termSourcedIds*:ids>academicSessions "
    "subjects:list subjectCodes:list periods:list",
    "enrollments": f"{BASE} classSourcedId*:id>classes schoolSourcedId*:id>orgs "
    "userSourcedId*:id>users role*:enrollment_role primary:boolean beginDate:date endDate:date",
}
DEMOGRAPHICS = (
    "sourcedId status dateLastModified birthDate sex americanIndianOrAlaskaNative asian "
    "blackOrAfricanAmerican nativeHawaiianOrOtherPacificIslander white "
    "demographicRaceTwoOrMoreRaces hispanicOrLatinoEthnicity countryOfBirthCode "
    "stateOfBirthAbbreviation cityOfBirth publicSchoolResidenceStatus"
)
OPTIONAL = {"users": frozenset({"resourceSourcedIds"})}  # 1.2.0 has it, 1.2.1 has not
IGNORED = ("userProfiles", "demographics")  # their rows are counted, and never taken over
REFUSED = (
    "categories",
    "classResources",
    "courseResources",
    "lineItemLearningObjectiveIds",
    "lineItems",
    "lineItemScoreScales",
    "resources",
    "resultLearningObjectiveIds",
    "results",
    "resultScoreScales",
    "scoreScales",
    "userResources",
)
# Our own, at the right of users.csv: what a pupil's grade or a role's name cannot tell exactly.
METADATA = ("metadata.graduationYear", "metadata.department", "metadata.title")


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    kind: str = "text"
    required: bool = False
    target: str | None = None
    kept: bool = True


def _column(written: str) -> Column:
    text, kept = written.removesuffix("-"), not written.endswith("-")
    text, _, target = text.partition(">")
    name, _, kind = text.partition(":")
    return Column(name.removesuffix("*"), kind or "text", name.endswith("*"), target or None, kept)


def _demographic(name: str) -> Column:
    return Column(name, "id" if name == "sourcedId" else "text", name == "sourcedId", None, False)


TABLES: dict[str, tuple[Column, ...]] = {
    **{file: tuple(map(_column, text.split())) for file, text in WRITTEN.items()},
    "demographics": tuple(map(_demographic, DEMOGRAPHICS.split())),
}
ORDER = tuple(TABLES)  # a row refers to earlier files, or to its own
FILES = tuple(sorted((*TABLES, *REFUSED), key=str.lower))


def header(file: str) -> list[str]:
    """As version 1.2.1 has it."""
    left_out = OPTIONAL.get(file, frozenset())
    return [column.name for column in TABLES[file] if column.name not in left_out]
