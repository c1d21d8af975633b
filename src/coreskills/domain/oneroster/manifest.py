"""manifest.csv: which files the package has, and whether each is all there is or only changes."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from coreskills.domain.oneroster.columns import FILES, REFUSED, TABLES, Mode
from coreskills.domain.oneroster.lines import Line
from coreskills.errors import Fault

NAME = "manifest.csv"
LARGEST = 64 * 1024  # bytes; a right one has two thousand
MOST_FAULTS = 200  # told of a package that is refused
VERSIONS = {
    "manifest.version": ("1.0",),
    "oneroster.version": ("1.2", "1.2.0", "1.2.1"),
}
MODES = ("absent", "bulk", "delta")
SOURCE = ("source.systemName", "source.systemCode")
_PREFIX = "file."
_KNOWN = (*VERSIONS, *(_PREFIX + file for file in FILES), *SOURCE)
_OPTIONAL = frozenset(SOURCE)


@dataclass(frozen=True)
class Manifest:
    """The mode of each file that has one; those with faults are left out."""

    modes: dict[str, Mode]
    lines: dict[str, int]


def read(lines: Iterable[Line], faults: list[Fault]) -> Manifest:
    """Adds every fault to `faults`; reads no further once there are more than can be told."""
    values: dict[str, str] = {}
    where: dict[str, int] = {}
    for line in _body(lines, faults):
        if wrong := _property(line, values):
            faults.append(wrong)
        else:
            values[line.values[0]] = line.values[1]
            where[line.values[0]] = line.number
    for name in _KNOWN:
        if name not in values and name not in _OPTIONAL:
            faults.append(Fault(f"{NAME}, {name}", "manifest_property_missing", "is missing"))
    modes: dict[str, Mode] = {}
    for name, value in values.items():
        wrong = _value(name, value, where[name])
        if wrong:
            faults.append(wrong)
        elif name.startswith(_PREFIX):
            # _value has refused all but the three modes
            modes[name.removeprefix(_PREFIX)] = value  # type: ignore[assignment]
    return Manifest(modes, {name.removeprefix(_PREFIX): line for name, line in where.items()})


def compare(manifest: Manifest, names: Collection[str]) -> list[Fault]:
    """What the manifest says of the files, against the files there are."""
    found: list[Fault] = []
    present = {name.removesuffix(".csv") for name in names} - {"manifest"}
    for name in sorted(present - set(FILES)):
        found.append(Fault(name, "file_unknown", "is no file of OneRoster 1.2"))
    for file, mode in manifest.modes.items():
        at = f"{NAME} line {manifest.lines[file]}, {_PREFIX}{file}"
        if mode == "absent" and file in present:
            found.append(Fault(at, "file_not_declared", f"says absent, but {file}.csv is there"))
        elif mode != "absent" and file in REFUSED:
            found.append(Fault(at, "file_not_supported", "must be absent: it is not read here"))
        elif mode != "absent" and file not in present:
            found.append(Fault(at, "file_missing", f"says {mode}, but there is no {file}.csv"))
    if not any(mode != "absent" and file in TABLES for file, mode in manifest.modes.items()):
        found.append(Fault(NAME, "manifest_empty", "declares no file to import"))
    return found


def written(modes: dict[str, Mode]) -> list[list[str]]:
    """The rows of a manifest of ours."""
    files = [[_PREFIX + file, modes.get(file, "absent")] for file in FILES]
    source = [["source.systemName", "CoreSkills Command Center"], ["source.systemCode", ""]]
    versions = [["manifest.version", "1.0"], ["oneroster.version", "1.2"]]
    return [["propertyName", "value"], *versions, *files, *source]


def _body(lines: Iterable[Line], faults: list[Fault]) -> Iterable[Line]:
    first = True
    for line in lines:
        if len(faults) >= MOST_FAULTS:
            return
        if line.fault:
            faults.append(Fault(f"{NAME} line {line.number}", line.fault.code, line.fault.message))
        elif first and line.values != ["propertyName", "value"]:
            message = "must be propertyName,value"
            faults.append(Fault(f"{NAME} line {line.number}", "manifest_header", message))
        elif not first:
            yield line
        first = False
    if first:
        faults.append(Fault(f"{NAME} line 1", "manifest_header", "must be propertyName,value"))


def _property(line: Line, seen: dict[str, str]) -> Fault | None:
    at = f"{NAME} line {line.number}"
    if len(line.values) != 2:
        return Fault(at, "row_width", "does not have two values")
    name = line.values[0]
    if name not in _KNOWN:
        return Fault(f"{at}, {name[:60]}", "manifest_property_unknown", "is no known property")
    if name in seen:
        return Fault(f"{at}, {name}", "manifest_property_duplicate", "appears more than once")
    return None


def _value(name: str, value: str, line: int) -> Fault | None:
    at = f"{NAME} line {line}, {name}"
    if name in VERSIONS and value not in VERSIONS[name]:
        allowed = " or ".join(VERSIONS[name])
        return Fault(at, "manifest_version", f"must be {allowed}, is {value[:60]!r}")
    if name.startswith(_PREFIX) and value not in MODES:
        return Fault(at, "manifest_mode", f"must be absent, bulk or delta, is {value[:60]!r}")
    return None
