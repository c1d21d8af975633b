"""A crafted package or file is refused before it costs anything: counted is what is read of it."""

import io
import tracemalloc
import zipfile

import pytest

from coreskills.actions.packages import opened
from coreskills.actions.rosters import checked
from coreskills.domain.oneroster.manifest import MOST_FAULTS
from coreskills.errors import Invalid
from tests.oneroster import district, files

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
