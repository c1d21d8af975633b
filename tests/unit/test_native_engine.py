"""The reference engine: KISDIdentity's commands, in Python."""

import pytest

from coreskills.engine.choice import engine_named
from coreskills.engine.native import COMMANDS, NativeEngine
from coreskills.errors import EngineFailed, Invalid
from tests.people import ADA, JEAN

FACTS = {
    "TakenUsernames": [],
    "StudentMailDomain": "students.coreskills.example",
    "StaffMailDomain": "coreskills.example",
    "DirectorySuffix": "DC=coreskills,DC=example",
}
STUDENT = {
    "StudentID": "S2028001",
    "FirstName": "Ada",
    "LastName": "Lovelace",
    "GradeLevel": 11,
    "GraduationYear": 2028,
}
STAFF = {
    "EmployeeID": "E1001",
    "FirstName": "Jean",
    "LastName": "Bartik",
    "Department": "Computing",
    "Role": "Teacher",
}


def invoke(command, parameters, **facts):
    return NativeEngine().invoke(command, parameters, FACTS | facts, 60)


def refusal(command, parameters, **facts) -> EngineFailed:
    with pytest.raises(EngineFailed) as failed:
        invoke(command, parameters, **facts)
    return failed.value


def test_a_students_account_is_described():
    account = invoke("New-KISDStudentAccount", STUDENT)
    assert (
        account.items()
        >= {
            "StudentID": "S2028001",
            "Username": "alovelace8001",
            "Email": "alovelace8001@students.coreskills.example",
            "OU": "OU=Class of 2028,OU=Students,DC=coreskills,DC=example",
            "Created": True,
        }.items()
    )


def test_an_account_of_staff_is_described():
    account = invoke("New-KISDStaffAccount", STAFF)
    assert (
        account.items()
        >= {
            "EmployeeID": "E1001",
            "Username": "jean.bartik",
            "Email": "jean.bartik@coreskills.example",
            "OU": "OU=Computing,OU=Staff,DC=coreskills,DC=example",
            "Created": True,
        }.items()
    )


def test_a_taken_name_gets_its_token_in_name_and_mail_alike():
    account = invoke("New-KISDStudentAccount", STUDENT, TakenUsernames=["alovelace8001"])
    assert account["Username"] == "alovelace80012"
    assert account["Email"] == "alovelace80012@students.coreskills.example"


def test_an_engine_changes_nothing_it_was_given():
    parameters, taken = dict(STUDENT), ["alovelace8001"]
    invoke("New-KISDStudentAccount", parameters, TakenUsernames=taken)
    invoke("New-KISDAccountBatch", {"Rows": [ADA, ADA]}, TakenUsernames=taken)
    assert parameters == STUDENT
    assert taken == ["alovelace8001"]


@pytest.mark.parametrize("command", ["Remove-Item", "", "new-kisdstudentaccount"])
def test_a_command_that_is_not_on_the_list_is_refused_for_good(command):
    failed = refusal(command, {})
    assert (failed.code, failed.permanent) == ("unknown_command", True)
    assert command in failed.message


def test_every_fault_of_the_parameters_is_told_at_once():
    failed = refusal("New-KISDStudentAccount", {"StudentID": "-", "GradeLevel": 13})
    assert (failed.code, failed.permanent) == ("validation_failed", True)
    for field in ("StudentID", "FirstName", "LastName", "GradeLevel", "GraduationYear"):
        assert field in failed.message


def test_a_batch_names_its_rows_in_order_and_counts_earlier_ones_as_taken():
    rows = [ADA, ADA | {"student_id": "T2028001"}, JEAN]
    answer = invoke("New-KISDAccountBatch", {"Rows": rows})
    assert [account["Username"] for account in answer["Accounts"]] == [
        "alovelace8001",
        "alovelace80012",
        "jean.bartik",
    ]


def test_a_row_that_finds_no_name_does_not_spoil_the_batch():
    taken = ["jean.bartik"] + [f"jean.bartik{n}" for n in range(2, 100)]
    answer = invoke("New-KISDAccountBatch", {"Rows": [JEAN, ADA]}, TakenUsernames=taken)
    assert answer["Accounts"][0]["ErrorCode"] == "username_exhausted"
    assert answer["Accounts"][1]["Username"] == "alovelace8001"


def test_an_account_that_is_not_there_cannot_be_disabled():
    failed = refusal("Disable-KISDAccount", {"Reason": "admin"}, Account=None)
    assert (failed.code, failed.permanent) == ("not_found", True)


@pytest.mark.parametrize(("taken", "exists"), [(["self.test"], True), ([], False)])
def test_whether_an_account_exists_is_read_from_the_facts(taken, exists):
    answer = invoke("Test-KISDAccountExists", {"Username": "self.test"}, TakenUsernames=taken)
    assert answer == {"Username": "self.test", "Exists": exists}


def test_the_commands_carry_names_of_powershell():
    assert all(command.split("-")[1].startswith("KISD") for command in COMMANDS)


def test_the_configured_engine_is_found_by_name_or_refused_by_name():
    assert engine_named("native").name == "native"
    with pytest.raises(Invalid, match="no engine 'bash'"):
        engine_named("bash")
