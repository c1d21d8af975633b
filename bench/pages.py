"""One page of 50 users from the middle of many, against the same from the middle of few."""

import argparse
import base64
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import psycopg
from harness.instance import Instance, fill_users, instance, say
from harness.load import Connection
from harness.report import Report, median
from psycopg.rows import dict_row

from coreskills.store.users import SQL

LIMIT = 50
Times = dict[str, list[float]]


class Pages:
    """Fetches the page in the middle of one instance's users, both ways."""

    def __init__(self, target: Instance) -> None:
        self._sql = psycopg.connect(
            target.url("coreskills_api"), autocommit=True, row_factory=dict_row
        )
        self._target = target
        row = self._sql.execute("SELECT max(id) / 2 AS middle FROM users").fetchone()
        assert row is not None
        self._after = row["middle"]
        cursor = base64.urlsafe_b64encode(str(self._after).encode()).decode().rstrip("=")
        self._path = f"/api/v1/users?limit={LIMIT}&cursor={cursor}"
        assert target.client.get(self._path)["users"] == self._select()[:LIMIT]

    def measure(self, found: Times, requests: int) -> None:
        http = Connection(self._target.api, self._target.token)
        http.timed(self._path)  # connects
        for _ in range(requests):
            found["api"].append(http.timed(self._path))
        http.close()
        for _ in range(requests):
            began = time.perf_counter()
            self._select()
            found["sql"].append((time.perf_counter() - began) * 1000)

    def close(self) -> None:
        self._sql.close()

    def _select(self) -> list[dict[str, object]]:
        arguments = {"after": self._after, "limit": LIMIT + 1}
        return self._sql.execute(SQL["select_users"], arguments).fetchall()


def main() -> None:
    options = _options()
    few: Times = {"api": [], "sql": []}
    many: Times = {"api": [], "sql": []}
    with ExitStack() as stack:
        pages = [
            (stack.enter_context(_pages(count)), times)
            for count, times in ((options.few, few), (options.many, many))
        ]
        for number in range(options.rounds):
            for each, times in pages:
                each.measure(times, options.requests)
            say(f"round {number + 1} of {options.rounds}")
    _report(options, few, many).put()


@contextmanager
def _pages(count: int) -> Iterator[Pages]:
    with instance() as target:
        say(f"filling in {count:,} users")
        fill_users(target, count)
        pages = Pages(target)
        try:
            yield pages
        finally:
            pages.close()


def _report(options: argparse.Namespace, few: Times, many: Times) -> Report:
    report = Report("pages")
    for way, name in (("api", "through the API"), ("sql", "as plain SQL")):
        small, large = median(few[way]), median(many[way])
        what = f"page of {LIMIT} of {options.many:,} users, of one of {options.few:,}, {name}"
        report.note(f"p50 {name}, few and many users", f"{small:.2f} and {large:.2f} ms")
        report.at_most(what, large / small, 1.3, "x")
        report.details[way] = {"few_ms": small, "many_ms": large}
    return report


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--few", type=int, default=1_000)
    parser.add_argument("--many", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--requests", type=int, default=150, help="each way, in each round")
    return parser.parse_args()


if __name__ == "__main__":
    main()
