"""Write a synthetic district roster as CSV: the same arguments always give the same bytes.

Every person is invented. Beside ordinary rows there are awkward rows, which an import must
accept, and bad rows, which it must reject; data/rosters/README.md has the rules.
"""

import argparse
import codecs
import csv
import json
import os
import random
import re
import sys
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO

HEADER = "Type,StudentID,EmployeeID,FirstName,LastName,GradeLevel,GraduationYear,Department,Role"
COLUMNS = HEADER.count(",") + 1
SENIORS_GRADUATE = 2027  # the school year is 2026-27
MOST_PEOPLE = 500_000  # keeps ordinary ids clear of S9xxxxxx and E9xxxxx, the special rows

GIVEN = """
Aaliyah Adaeze Aiden Akira Alejandra Amara Amina Anders Andrea Anika Anton Arjun Aroha Bao
Beatriz Benjamin Camila Carlos Chidi Chloe Daniela David Devon Diego Elena Elif Emeka Emily
Esther Ethan Fatima Felix Gabriel Grace Hana Hassan Hugo Imani Ingrid Isaac Jamal Jasmine
José Kai Kofi Lakshmi Lars Leilani Lucía Malik Marisol Mateo Mei Naomi Nia Noah Olivia Omar
Priya Rafael Renée Rosa Samir Sofía Tariq Thandi Tomás Yara Yusuf Zoë
""".split()  # noqa: SIM905 - a list would take a line for every name
FAMILY = """
Abdi Acosta Adeyemi Ahmed Almeida Andersen Bailey Baker Banerjee Bui Carter Castillo Chavez
Chen Cohen Cruz Dang Diallo Dubois Eze Fernández Fischer Flores Foster Garza Gonzalez Gupta
Haddad Hernández Hughes Ibrahim Ito Jackson Jensen Kamau Kaur Kim Kowalski Larsson Le Lopez
Mahmoud Martin Mbeki Mendoza Mishra Moreau Murphy Nakamura Ndiaye Nguyen Novak Núñez Okafor
Oliveira Osei Park Patel Petrov Quispe Ramos Reyes Rossi Sandoval Sato Schmidt Silva Singh
Tanaka Torres Tran Vargas Washington Yazzie Yilmaz Zhang
""".split()  # noqa: SIM905 - a list would take a line for every name
POSTS = [
    ("Mathematics", "Teacher"),
    ("English", "Teacher"),
    ("Science", "Lab Technician"),
    ("Counseling", "School Counselor"),
    ("Information Technology", "Systems Administrator"),
    ("Front Office", "Registrar"),
    ("Transportation", "Bus Driver"),
]

# Raw CSV lines. Escapes stand where an editor could change or hide the character.
AWKWARD_STUDENTS = f"""
Student,S9000001,,Siobhan,O'Brien,12,2027,,
STUDENT,S9000002,,Niamh,O\u2019Connor,11,2028,,
sTuDeNt,S9000003,,Luc\u00eda,Nu\u00f1ez,10,2029,,
student,S9000004,,Zoe\u0308,Mun\u0303oz,9,2030,,
student,S9000005,,Thi\u0323,Nguye\u0302\u0303n,12,2027,,
student,S9000006,,Gabriel,Garc\u00eda M\u00e1rquez,11,2028,,
student,S9000007,,Anne-Marie,Lefebvre-Diop,10,2029,,
student,S9000008,,X,Y,9,2030,,
student,S9000009,,\u4f1f,\u738b,12,2027,,
student,S9000010,,\u0410\u043d\u0430\u0441\u0442\u0430\u0441\u0438\u044f,\
\u0421\u043e\u043a\u043e\u043b\u043e\u0432\u0430,11,2028,,
student,S9000011,,\u0641\u0627\u0637\u0645\u0629,\
\u0627\u0644\u0632\u0647\u0631\u0627\u0621,10,2029,,
student,S9000012,,\u092a\u094d\u0930\u093f\u092f\u093e,\u0936\u0930\u094d\u092e\u093e,9,2030,,
student,S9000013,,Maximiliana,\
Wolkenstein-Brandauer-Lindenthal-Habersack-Morgenroth-Eichen,12,2027,,
student,S9000014,,Long,{"Vanderhoeven-Achterberg " * 4}Oo\u0308st,11,2028,,
  student , S9000015 ,,  Trimmed ,  Spaces  , 10 , 2029 ,,
"student","S9000016","","Quoted","Fields","9","2030","",""
student,S9000017,,Marcus,Ellison Jr.,12,2027,,
student,S9000018,,J. R.,St. Clair,11,2028,,
student,S9000019,,J\u00f6rg,Gro\u00dfmann,10,2029,,
student,S9000020,,\u0141ukasz,Wa\u0142\u0119sa-\u017b\u00f3\u0142ty,9,2030,,
student,S9000021,,I\u015f\u0131l,Y\u0131ld\u0131r\u0131m,12,2027,,
student,S9000022,,\u0130pek,\u0130n\u00f6n\u00fcl\u00fc,11,2028,,
student,S9000023,,Ka\u02bbimi,Kealoha,10,2029,,
student,S9000024,,S\u00f8ren,\u00c6ber\u00f8,9,2030,,
student,S9000025,,\u00de\u00f3r,Gu\u00f0mundsson,12,2027,,
student,S9000026,,Maya,Chen,11,2028,,
student,S9000027,,Maya,Chen,11,2028,,
student,S9101234,,Ana,Rivera,10,2029,,
student,S9201234,,Alma,Rivera,9,2030,,
student,S9301234,,Ana,Rivera,12,2027,,
student,S9102345,,Pedro,Nu\u00f1ez,11,2028,,
student,S9202345,,Pilar,Nunez,10,2029,,
student,S9103456,,Kevin,O'Brien,9,2030,,
student,S9203456,,Keira,OBrien,12,2027,,
student,s-2027.a_1,,Letters,In Id,11,2028,,
student,S9000000000000000000000000000036,,Widest,Id,10,2029,,
student,7,,Shortest,Id,9,2030,,
student,S9000038,,Null,None,12,2027,,
student,S9000039,,Test,Student,11,2028,,
""".strip("\n").splitlines()
AWKWARD_STAFF = """
staff,,E900001,Ad,Min,,,Information Technology,Systems Administrator
Staff,,E900002,Test,Admin,,,Information Technology,Help Desk
STAFF,,E900003,Mar\u00eda Jos\u00e9,D'Angelo-N\u00fa\u00f1ez,,,World Languages,Teacher
sTaFf,,E900004,Grace,Hopkins,,,"Library, Media and Research",Librarian
staff,,E900005,Grace,Hopkins,,,"Career and Technical (""CTE"")",Teacher
  staff ,, E900006 , Owen , ap Rhys ,,, Science , Teacher / Coach
staff,,E900007,Q,Li,,,\u00c9tudes fran\u00e7aises,Ma\u00eetre
staff,,E900008,Post,Master,,,Front Office,Mail Clerk
""".strip("\n").splitlines()
BAD = f"""
student,S9900001,,Grade,Eight,8,2031,,
student,S9900002,,Grade,Thirteen,13,2026,,
student,S9900003,,Grade,In Words,ten,2029,,
student,S9900004,,Grade,Empty,,2029,,
student,S9900005,,Year,Too Early,12,1999,,
student,S9900006,,Year,Too Long,12,20270,,
student,S9900007,,Year,Empty,12,,,
student,S9900008,,,Nogiven,11,2028,,
student,S9900009,,Only Spaces,   ,11,2028,,
student,,,Id,Empty,11,2028,,
student,S99 0011,,Id,With Space,10,2029,,
student,S99/0012,,Id,With Slash,10,2029,,
student,S9900013,,Same Id,First,10,2029,,
student,S9900013,,Same Id,Second,10,2029,,
staff,,E990001,No,Department,,,,Teacher
staff,,E990002,No,Role,,,Science,
alumni,S9900014,,Type,Unknown,12,2027,,
student,S9900015,,Too,Few,9,2030
student,S9900016,,Too,Many,9,2030,,,extra
student,S9900017,,Digits,12345,9,2030,,
student,S9900018,,Be\x07ll,Control,9,2030,,
student,S9900019,,=cmd(),Formula,9,2030,,
student,S9900020,,Overlong,{"n" * 101},9,2030,,
""".strip("\n").splitlines()

ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}")
NAME_SIGNS = " '\u2019-."


def student_lines(number: int, rng: random.Random) -> Iterator[str]:
    for n in range(number):
        grade = 9 + n % 4
        yield (
            f"student,S{1_000_001 + n},,{pick(GIVEN, rng)},{pick(FAMILY, rng)},"
            f"{grade},{SENIORS_GRADUATE + 12 - grade},,"
        )


def staff_lines(number: int, rng: random.Random) -> Iterator[str]:
    for n in range(number):
        department, role = POSTS[n % len(POSTS)]
        name = f"{pick(GIVEN, rng)},{pick(FAMILY, rng)}"
        yield f"staff,,E{100_001 + n},{name},,,{department},{role}"


def pick(names: list[str], rng: random.Random) -> str:
    # Only random() is promised to give the same sequence in every Python version.
    return names[int(rng.random() * len(names))]


def roster(students: int, staff: int, seed: int, *, clean: bool) -> Iterator[str]:
    """The lines of the file, header first, without line ends.

    Exactly `students` and `staff` valid people: first the awkward ones, then ordinary ones.
    """
    rng = random.Random(seed)
    odd_students, odd_staff = AWKWARD_STUDENTS[:students], AWKWARD_STAFF[:staff]
    copies = odd_students[:1] + [line.replace(",", " , ") for line in odd_staff[:1]]
    special = odd_students + odd_staff + copies + ([] if clean else BAD)
    shuffler = random.Random(seed)  # its own, so that --clean does not change ordinary names
    special.sort(key=lambda _: shuffler.random())
    more_students, more_staff = students - len(odd_students), staff - len(odd_staff)
    plain = chain(student_lines(more_students, rng), staff_lines(more_staff, rng))
    yield HEADER
    yield from spread(special, plain, gap=(more_students + more_staff) // len(special or "-") or 1)


def spread(special: list[str], plain: Iterable[str], gap: int) -> Iterator[str]:
    waiting = iter(special)
    for n, line in enumerate(plain, start=1):
        yield line
        if n % gap == 0:
            yield from islice(waiting, 1)
    yield from waiting


def expected_report(lines: Iterable[str]) -> dict[str, int | list[int]]:
    """What an import into an empty system must answer, judged by the rules alone."""
    rejected = []
    same_id = defaultdict(list)
    # No field holds a line break, so a row's number is its physical line; the header is line 1.
    for number, row in islice(enumerate(csv.reader(lines), start=1), 1, None):
        fields = tuple(unicodedata.normalize("NFC", field.strip()) for field in row)
        if is_valid(fields):
            kind = fields[0].casefold()
            same_id[kind, fields[1] or fields[2]].append((number, (kind, *fields[1:])))
        else:
            rejected.append(number)
    groups = list(same_id.values())
    clashing = [group for group in groups if len({person for _, person in group}) > 1]
    rejected += [number for group in clashing for number, _ in group]
    created = len(groups) - len(clashing)
    kept = sum(map(len, groups)) - sum(map(len, clashing))
    return {
        "created": created,
        "unchanged": kept - created,
        "rejected": len(rejected),
        "rejected_lines": sorted(rejected),
    }


def is_valid(fields: tuple[str, ...]) -> bool:
    if len(fields) != COLUMNS:
        return False
    kind, student_id, employee_id, first, last, grade, year, department, role = fields
    if not (is_name(first) and is_name(last)):
        return False
    if kind.casefold() == "student":
        return is_id(student_id) and within(grade, 9, 12) and within(year, 2020, 2060)
    if kind.casefold() == "staff":
        return is_id(employee_id) and is_label(department) and is_label(role)
    return False


def is_name(text: str) -> bool:
    allowed = all(sign in NAME_SIGNS or unicodedata.category(sign)[0] in "LM" for sign in text)
    return 1 <= len(text) <= 100 and allowed and any(sign.isalpha() for sign in text)


def is_id(text: str) -> bool:
    return ID.fullmatch(text) is not None


def is_label(text: str) -> bool:
    return 1 <= len(text) <= 100 and text.isprintable()


def within(text: str, low: int, high: int) -> bool:
    return re.fullmatch("[0-9]+", text) is not None and low <= int(text) <= high


def count(text: str) -> int:
    number = int(text)
    if not 0 <= number <= MOST_PEOPLE:
        raise argparse.ArgumentTypeError(f"{number} is not between 0 and {MOST_PEOPLE}")
    return number


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--students", type=count, default=500, help="valid students (500)")
    parser.add_argument("--staff", type=count, default=42, help="valid staff (42)")
    parser.add_argument("--seed", type=int, default=2027, help="another seed, other names (2027)")
    parser.add_argument("--clean", action="store_true", help="leave out the bad rows")
    parser.add_argument("--output", type=Path, help="the CSV file; without it, standard output")
    parser.add_argument("--expected", type=Path, help="also write the expected import report here")
    return parser.parse_args()


def write_csv(lines: Iterable[str], file: BinaryIO) -> None:
    file.write(codecs.BOM_UTF8)
    file.writelines(f"{line}\r\n".encode() for line in lines)
    file.flush()


def main() -> None:
    options = arguments()

    def lines() -> Iterator[str]:
        return roster(options.students, options.staff, options.seed, clean=options.clean)

    if options.expected:
        report = json.dumps(expected_report(lines()), indent=2)
        options.expected.write_bytes(f"{report}\n".encode())
    if options.output:
        with options.output.open("wb") as file:
            write_csv(lines(), file)
    else:
        write_csv(lines(), sys.stdout.buffer)


if __name__ == "__main__":
    try:
        main()
    except BrokenPipeError:  # the reader, `head` for example, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        sys.exit(
            f"make_roster: cannot write {error.filename}: {error.strerror}. Does its folder exist?"
        )
