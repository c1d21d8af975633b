"""Small packages, made here and now."""

import base64
import hashlib
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

METADATA = "Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"


@dataclass(frozen=True)
class Wheel:
    """A small package: a module `name` and as many further files as asked for."""

    name: str
    files: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def filename(self) -> str:
        return f"{self.name}-1.0-py3-none-any.whl"

    def write(self, folder: Path) -> None:
        info = f"{self.name}-1.0.dist-info"
        content = {
            f"{self.name}/__init__.py": b"VALUE = 42\n",
            **{f"{self.name}/{path}": data for path, data in self.files.items()},
            f"{info}/METADATA": METADATA.format(name=self.name).encode(),
            f"{info}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        }
        rows = [f"{path},{record_hash(data)},{len(data)}" for path, data in content.items()]
        content[f"{info}/RECORD"] = "\n".join([*rows, f"{info}/RECORD,,", ""]).encode()
        folder.mkdir(exist_ok=True)
        with zipfile.ZipFile(folder / self.filename, "w") as archive:
            for path, data in content.items():
                archive.writestr(zipfile.ZipInfo(path), data, zipfile.ZIP_DEFLATED)


def of_many_files(name: str) -> Wheel:
    """One whose installation takes long enough to be met in the middle."""
    return Wheel(name, {f"file{number}.py": b"x = 1\n" * 50 for number in range(1000)})


def record_hash(data: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=")
    return f"sha256={digest.decode()}"


def lock_line(wheel: Wheel, folder: Path) -> str:
    digest = hashlib.sha256((folder / wheel.filename).read_bytes()).hexdigest()
    return f"{wheel.name}==1.0 --hash=sha256:{digest}\n"
