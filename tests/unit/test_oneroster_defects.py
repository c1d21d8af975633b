"""Every kind of defect of a package: found, named by its code, and located."""

import io

import pytest

from coreskills.actions.oneroster_import import checked
from coreskills.actions.oneroster_zip import opened
from coreskills.domain.oneroster.lines import parsed
from coreskills.domain.oneroster.references import Index
from coreskills.errors import Invalid
from coreskills.worker.oneroster_records import judged
from tests.oneroster import district, files, package, packed
from tests.oneroster_defects import REFUSED, ROWS


def rejected(body: bytes) -> list[tuple[str, int, str, str]]:
    """(file, line, field, code) of every fault of every row."""
    with opened(io.BytesIO(body)) as archive:
        found = checked(archive)
        index = Index(found.modes, {})
        staged = list(found.staged())
    for _, _, _, record, file, _ in staged:
        index.see(file, record)
    return [
        (file, line, fault["at"], fault["code"])
        for _, _, _, record, file, line in staged
        if file != "userProfiles" and (verdict := judged(index, found.modes, file, record))
        for fault in verdict["faults"]
    ]


def test_there_are_more_than_forty_kinds():
    codes = {code for _, (_, code) in REFUSED.values()} | {told[3] for _, told in ROWS.values()}
    assert len(REFUSED) + len(ROWS) > 75
    assert len(codes) > 40


def test_a_right_package_has_none():
    assert rejected(package(district())) == []


@pytest.mark.parametrize("name", REFUSED)
def test_a_package_is_refused(name):
    make, (at, code) = REFUSED[name]
    with pytest.raises(Invalid) as refusal, opened(io.BytesIO(make())) as archive:
        checked(archive)
    assert (at, code) in [(fault.at, fault.code) for fault in refusal.value.faults]


@pytest.mark.parametrize("name", ROWS)
def test_a_row_is_rejected(name):
    make, told = ROWS[name]
    assert rejected(make())[0] == told


def test_every_fault_of_a_package_is_told_at_once():
    texts = files(district())
    texts["manifest.csv"] = texts["manifest.csv"].replace("1.0", "2").replace("orgs,bulk", "orgs,x")
    texts["users.csv"] = texts["users.csv"].replace("givenName", "firstName")
    with pytest.raises(Invalid) as refusal, opened(io.BytesIO(packed(texts))) as archive:
        checked(archive)
    assert [fault.code for fault in refusal.value.faults] == [
        "manifest_version",
        "manifest_mode",
        "header_unknown",
        "header_missing",
    ]


def test_version_1_2_0_has_a_column_more():
    texts = files(district())
    texts["users.csv"] = texts["users.csv"].replace(
        "userMasterIdentifier,", "userMasterIdentifier,resourceSourcedIds,"
    )
    lines = texts["users.csv"].splitlines()
    at = lines[0].split(",").index("resourceSourcedIds")
    for number, line in enumerate(lines[1:], 1):
        cells = line.split(",")
        lines[number] = ",".join([*cells[:at], "", *cells[at:]])
    texts["users.csv"] = "\n".join(lines) + "\n"
    assert rejected(packed(texts)) == []


@pytest.mark.parametrize(
    ("line", "values"),
    [
        (b'a,"b, c",d', ["a", "b, c", "d"]),
        (b'"a ""b""",', ['a "b"', ""]),
        (b'"",""\r\n', ["", ""]),
        ("\N{ZERO WIDTH NO-BREAK SPACE}a,é".encode(), ["a", "é"]),
        (b'",",","', [",", ","]),
    ],
)
def test_lines_are_read_as_rfc_4180_has_them(line, values):
    (found,) = parsed([line])
    assert (found.values, found.fault) == (values, None)


def test_blank_lines_are_no_rows_and_are_counted():
    assert [line.number for line in parsed([b"a\n", b"\r\n", b"b\n"])] == [1, 3]
