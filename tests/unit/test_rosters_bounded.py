"""A crafted package or file is refused before it costs anything: counted is what is read of it."""

import io
import struct
import tracemalloc
import zipfile

import pytest

from coreskills.actions.csv_import import request_import
from coreskills.actions.oneroster_import import checked
from coreskills.actions.oneroster_zip import opened
from coreskills.domain.oneroster.lines import MOST_COLUMNS, parsed
from coreskills.domain.oneroster.manifest import MOST_FAULTS
from coreskills.domain.people import Planned
from coreskills.errors import Invalid, TooLarge
from tests.oneroster import district, files, packed
from tests.pipeline import GRACE, NOWHERE

MIB = 2**20


class Read(io.BytesIO):
    """Counts what is read of it."""

    total = 0

    def read(self, size=-1):
        found = super().read(size)
        self.total += len(found)
        return found

    def readline(self, size=-1):
        found = super().readline(size)
        self.total += len(found)
        return found

    def read1(self, size=-1):
        found = super().read1(size)
        self.total += len(found)
        return found


def stored(texts) -> Read:
    """A zip that is not packed, so that its size is no excuse."""
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        for name, content in texts.items():
            archive.writestr(name, content)
    return Read(body.getvalue())


def codes(body: Read) -> list[str]:
    with pytest.raises(Invalid) as refusal, opened(body) as archive:
        checked(archive)
    return [fault.code for fault in refusal.value.faults]


def with_manifest(text: str) -> dict[str, str]:
    return files(district()) | {"manifest.csv": text}


def test_a_manifest_over_64_kib_is_not_read():
    body = stored(with_manifest("a\n" * MIB))
    assert codes(body) == ["manifest_size"]
    assert body.total < 300_000


def test_of_a_manifest_of_faults_only_the_first_are_kept():
    body = stored(with_manifest("propertyName,value\n" + "a\n" * 32_000))
    tracemalloc.start()
    found = codes(body)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(found) == MOST_FAULTS
    assert peak < 4 * MIB


def test_a_header_of_thousands_of_columns_is_one_fault():
    texts = files(district())
    texts["users.csv"] = "a," * 30_000 + "\n" + texts["users.csv"]
    assert codes(stored(texts)) == ["header_width"]


@pytest.mark.parametrize("blank", ["\n", "\r\n"])
@pytest.mark.parametrize("file", ["users", "enrollments"])
def test_blank_lines_count_as_lines(file, blank):
    texts = files(district())
    texts[f"{file}.csv"] += blank * 8_000_000
    body = stored(texts)
    with pytest.raises(TooLarge), opened(body) as archive:
        checked(archive)
    assert body.total < 3 * MIB


def test_lines_count_through_all_files():
    texts = files(district())
    texts["orgs.csv"] += "\n" * 300_000
    with opened(stored(texts)) as archive:
        assert checked(archive).count == 16
    texts["users.csv"] += "\n" * 300_000
    with pytest.raises(TooLarge), opened(stored(texts)) as archive:
        checked(archive)


def test_quoted_empty_values_count_as_values_before_they_are_parsed():
    texts = files(district())
    names = texts["users.csv"].splitlines()[0].split(",")
    names += [f"metadata.m{n}" for n in range(MOST_COLUMNS - len(names))]
    row = ",".join(['""'] * len(names)) + "\n"
    texts["users.csv"] = ",".join(names) + "\n" + row * 130_000
    body = stored(texts)
    with pytest.raises(TooLarge, match="10,000,000 values"), opened(body) as archive:
        checked(archive)
    assert body.total < 32 * MIB < len(texts["users.csv"]) // 2


def test_nothing_below_a_header_that_cannot_be_read_is_parsed():
    texts = files(district())
    texts["users.csv"] = '"a\n' + (",".join(['""'] * 200) + "\n") * 10_000
    body = stored(texts)
    assert codes(body) == ["csv_open_quote"]
    assert body.total < MIB


def test_a_line_wider_than_its_header_is_not_read_to_its_end():
    for wide in (",".join(["x"] * 20_000), ",".join(['""'] * 20_000)):
        first, second = parsed([b"a,b\n", wide.encode()])
        assert (len(first.values), len(second.values)) == (2, 3)


def test_what_unpacks_to_hundreds_of_times_its_size_is_not_unpacked():
    body = Read(packed(files(district()) | {"users.csv": "\n" * (8 * MIB)}))
    assert codes(body) == ["zip_ratio"]
    assert body.total < 100_000


@pytest.mark.parametrize("blank", [b"\n", b"\r\n", b"\r", b",,,,\n", b'"\n",,,,\n'])
def test_of_a_csv_file_blank_lines_count_as_lines(blank):
    """No database is asked: so nothing was staged."""
    header = b"StudentID,FirstName,LastName,GradeLevel,GraduationYear\n"
    file = [header, blank * 500_000]
    with pytest.raises(TooLarge, match="400,000 lines"):
        request_import(None, NOWHERE, GRACE, file, filename="r.csv", planned=Planned())


def directory(entries: int) -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        for n in range(entries):
            archive.writestr(f"{n}", "")
    return body.getvalue()


def test_the_list_of_too_many_entries_is_not_read():
    body = Read(directory(20_000))
    assert codes(body) == ["zip_entries"]
    assert body.total < 100_000


def test_an_end_record_that_lies_about_the_number_does_not_help():
    crafted = bytearray(directory(20_000))
    at = crafted.rindex(b"PK\x05\x06")
    crafted[at + 8 : at + 12] = struct.pack("<HH", 5, 5)
    body = Read(crafted)
    assert codes(body) == ["zip_directory"]
    assert body.total < 100_000


def test_what_a_zip64_record_says_counts():
    crafted = bytearray(directory(70_000))
    assert crafted.count(b"PK\x06\x07") == 1
    at = crafted.rindex(b"PK\x05\x06")
    crafted[at + 8 : at + 16] = struct.pack("<HHL", 5, 5, 500)
    body = Read(crafted)
    assert codes(body) == ["zip_entries"]
    assert body.total < 100_000


def test_a_comment_at_the_end_does_not_hide_the_end_record():
    body = io.BytesIO(packed(files(district())))
    with zipfile.ZipFile(body, "a") as archive:
        archive.comment = b"from the district" * 100
    with opened(body) as archive:
        assert checked(archive).count == 16
