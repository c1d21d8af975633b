"""Reading the logs of all services as one."""

import json
import os
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from coreskills.cli import logs as shown
from coreskills.errors import Invalid, StackFailed
from coreskills.stack.home import Home
from coreskills.stack.log_files import LogFiles
from coreskills.stack.log_lines import LONG_AGO, Line, Wanted, ago, read

MORNING = datetime(2026, 11, 26, 8, 0, 0, tzinfo=UTC)


def at(second: float) -> datetime:
    return MORNING + timedelta(seconds=second)


def ours(second: float, event: str, **fields) -> str:
    return json.dumps({"event": event, "timestamp": at(second).isoformat(), **fields})


@pytest.fixture
def home(tmp_path: Path) -> Home:
    found = Home(tmp_path)
    found.create(None)
    return found


def write(home: Home, service: str, *lines: str) -> None:
    with (home.logs / f"{service}.log").open("a") as log:
        log.writelines(f"{line}\n" for line in lines)


def events(lines) -> list[str]:
    return [line.fields.get("event") or line.text for line in lines]


def test_lines_of_several_services_come_in_the_order_in_which_they_were_written(home):
    write(home, "api", ours(1, "first"), ours(3, "third"))
    write(home, "worker-1", ours(2, "second"))
    assert events(LogFiles(home, None).last(30)) == ["first", "second", "third"]


@pytest.mark.parametrize(
    ("text", "second"),
    [
        ("2026-11-26 08:00:04.250 UTC [31975] @ LOG:  listening", 4.25),
        (at(5.5).astimezone().strftime("7:M %d %b %Y %H:%M:%S.500 * Ready"), 5.5),
        ('{"event": "x", "timestamp": "2026-11-26T08:00:06Z"}', 6),
    ],
)
def test_every_server_says_in_its_own_way_when_it_wrote(text, second):
    (line,) = read("any", [text])
    assert line.at == at(second)


def test_a_line_without_a_time_was_written_when_the_one_before_it_was():
    lines = list(read("api", ["[INFO] no time", ours(1, "x"), "  File ..., line 1", "{broken"]))
    assert [line.at for line in lines] == [LONG_AGO, at(1), at(1), at(1)]


def test_a_name_means_all_its_processes_or_exactly_one(home):
    for name in ("worker-1", "worker-2", "api"):
        write(home, name, ours(1, name))
    assert events(LogFiles(home, "worker").last(9)) == ["worker-1", "worker-2"]
    assert events(LogFiles(home, "worker-2").last(9)) == ["worker-2"]
    with pytest.raises(StackFailed, match="no log of nonsense"):
        LogFiles(home, "nonsense")


def test_of_each_service_only_the_last_lines_are_read(home):
    write(home, "api", *(ours(n, f"n{n}") for n in range(50)))
    assert events(LogFiles(home, "api").last(2)) == ["n48", "n49"]
    assert LogFiles(home, "api").last(0) == []


def test_what_was_cut_off_is_read_where_everything_is_wanted(home):
    (home.logs / "api.log.1").write_text(ours(1, "old") + "\n")
    write(home, "api", ours(2, "new"))
    assert events(LogFiles(home, "api").all()) == ["old", "new"]


def test_followers_see_what_is_written_also_after_the_file_was_cut(home):
    write(home, "api", ours(1, "before"))
    with closing(LogFiles(home, None).following()) as lines:
        write(home, "api", ours(2, "a line that is long enough"))
        assert events([next(lines)]) == ["a line that is long enough"]
        os.truncate(home.logs / "api.log", 0)
        write(home, "api", ours(3, "after"))
        assert events([next(lines)]) == ["after"]


def test_half_a_line_is_shown_when_its_end_is_there(home):
    write(home, "api", ours(1, "before"))
    text = ours(2, "whole")
    with (
        closing(LogFiles(home, None).following()) as lines,
        (home.logs / "api.log").open("a") as log,
    ):
        log.write(text[:20])
        log.flush()
        end = threading.Timer(0.5, lambda: print(text[20:], file=log, flush=True))
        end.start()
        assert events([next(lines)]) == ["whole"]
        end.join()


def test_a_line_that_does_not_say_when_it_was_written_was_written_just_now(home):
    write(home, "api", "before")
    with closing(LogFiles(home, None).following()) as lines:
        write(home, "api", "[INFO] plain")
        assert Wanted(since=ago("10s")).takes(next(lines))


TOLD = list(
    read(
        "any",
        [
            ours(1, "accepted", request_id="r5", job_id=5),
            ours(2, "looked_up", request_id="r5"),
            ours(3, "done", request_id="r5", job_id=5),
            ours(4, "reaped", job_id=5),
            ours(5, "done", request_id="r5", job_id=6),
            ours(6, "another", request_id="r7", job_id=7),
            "no fields",
        ],
    )
)


def taken(wanted: Wanted) -> list[str]:
    for line in TOLD:
        wanted.learn(line)
    return [str(line.at.second) for line in TOLD if wanted.takes(line)]


def test_of_a_job_also_what_its_request_did_and_not_other_jobs():
    assert taken(Wanted(job=5)) == ["1", "2", "3", "4"]


def test_of_a_request_also_what_its_jobs_did():
    assert taken(Wanted(request="r5")) == ["1", "2", "3", "4", "5"]


def test_since_a_moment():
    assert taken(Wanted(since=at(5))) == ["5", "6", "6"]
    assert taken(Wanted(job=5, since=at(3))) == ["3", "4"]


def test_a_while_ago_is_a_moment():
    assert abs((datetime.now(UTC) - ago("10m")).total_seconds() - 600) < 5
    assert abs((datetime.now(UTC) - ago("2d")).total_seconds() - 2 * 86_400) < 5


@pytest.mark.parametrize("text", ["", "10", "m", "ten minutes", "1w", "-5m", "1.5h"])
def test_what_is_no_while_is_refused(text):
    with pytest.raises(Invalid) as refused:
        ago(text)
    assert refused.value.faults[0].at == "--since"


def test_a_line_is_shown_with_what_it_says_before_what_it_belongs_to():
    (line,) = read("api", [ours(1, "request", level="info", ms=3, request_id="r1", actor=None)])
    clock = at(1).astimezone().strftime("%H:%M:%S.000")
    assert shown._plain(line) == f"{clock} api        info    request  ms=3  request_id=r1"


EVIL = "\x1b[2Jgone"


@pytest.mark.parametrize(
    "text",
    [
        EVIL,
        ours(1, "request", path=EVIL),
        ours(1, "request", **{EVIL: 1}),
        ours(1, EVIL),
        ours(1, "failed", level=EVIL),
        ours(1, "failed", exception=f"ValueError: {EVIL}\n  in a_place"),
    ],
)
def test_the_terminal_is_steered_by_nobody_else(text: str):
    (line,) = read("api", [text])
    assert all("\x1b" not in part for part, _ in shown._parts(line))
    assert "[2Jgone" in shown._plain(line)


def test_secrets_that_a_server_wrote_are_not_shown():
    (line,) = read("postgres", ["2026-11-26 08:00:04.250 UTC [1] LOG: password=geheim123"])
    assert "geheim123" not in line.text


def test_as_json_every_line_has_its_time_and_its_service():
    line = Line("redis", at(1), "Ready")
    assert json.loads(shown._as_json(line)) == {
        "timestamp": at(1).isoformat(),
        "text": "Ready",
        "service": "redis",
    }
