"""One method for each kind of fault in schedule.py, named like it."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from coreskills.store import roles
from tests.faults.lab import Lab
from tests.faults.proxy import Proxy
from tests.faults.schedule import Fault
from tests.faults.services import Links, WorkerProcess

WORKER_POINTS = (
    "worker.after_read",
    "worker.after_claim",
    "worker.running",
    "worker.before_finish",
    "worker.before_commit",
    "worker.after_commit",
    "worker.after_acknowledge",
    "relay.before_publish",
    "relay.after_publish",
    "relay.after_commit",
    "reaper.before_commit",
    "epoch.before_commit",
)
SUSPENSION_POINTS = ("worker.after_claim", "worker.running", "worker.before_finish")
API_POINTS = (
    "submit.before_commit",
    "submit.after_commit",
    "submit.after_publish",
    "submit.before_answer",
)
STOPS_WITHIN = 30.0  # seconds of a worker that was asked to stop
POISON = (
    "INSERT INTO jobs (job_type, parameters, requested_by, run_at)"
    " VALUES ('self_test', '{\"note\": \"poison\"}', 'lab:poison', now() + interval '1 s')"
    " RETURNING id"
)
DELAY = 0.05  # seconds, for every piece in each direction


class Breakage:
    """Whatever dies of it is started again by a Keeper; whatever lasts is over at the return."""

    def __init__(self, lab: Lab) -> None:
        self.poisonous: list[int] = []
        self.hung: list[str] = []
        self._lab = lab

    def kill_worker(self, fault: Fault) -> None:
        self._worker(fault).signal(signal.SIGKILL)

    def pause_worker(self, fault: Fault) -> None:
        self._pause(self._worker(fault).pid, fault.seconds)

    def suspend_worker(self, fault: Fault) -> None:
        """Whoever comes by next is frozen there, until others have taken over what it holds."""
        point = SUSPENSION_POINTS[fault.target % len(SUSPENSION_POINTS)]
        self._lab.arm(point, "stop")
        with suppress(AssertionError):  # nobody came by
            self._lab.wait_hit(point, 3.0)
            time.sleep(fault.seconds)
        self._lab.disarm(point)
        for worker in self._lab.workers:
            worker.resume()

    def replace_worker(self, fault: Fault) -> None:
        """As a rolling restart does: a graceful stop, and a new one."""
        worker = self._worker(fault)
        before, deadline = worker.starts, time.monotonic() + STOPS_WITHIN
        worker.signal(signal.SIGTERM)
        while worker.starts == before:
            if time.monotonic() > deadline:
                self.hung.append(f"{worker.name} did not stop within {STOPS_WITHIN:g} s")
                worker.signal(signal.SIGKILL)
                return
            time.sleep(0.05)

    def worker_failpoint(self, fault: Fault) -> None:
        self._lab.arm(WORKER_POINTS[fault.target % len(WORKER_POINTS)], "kill")

    def poison(self, fault: Fault) -> None:
        """A job that kills every worker that runs it."""
        ((id,),) = self._lab.ask(POISON)
        self._lab.arm("worker.running", "kill always", job=id)
        self.poisonous.append(id)

    def kill_api_process(self, fault: Fault) -> None:
        with suppress(ZeroDivisionError, ProcessLookupError):  # it is being started just now
            self._lab.api.kill_child(fault.target)

    def kill_api(self, fault: Fault) -> None:
        self._lab.api.signal(signal.SIGKILL)

    def api_failpoint(self, fault: Fault) -> None:
        self._lab.arm(API_POINTS[fault.target % len(API_POINTS)], "kill")

    def pause_api_process(self, fault: Fault) -> None:
        children = self._lab.api.children()
        if children:
            self._pause(children[fault.target % len(children)], fault.seconds)

    def kill_redis(self, fault: Fault) -> None:
        self._lab.redis.restart()

    def empty_redis(self, fault: Fault) -> None:
        self._lab.redis.restart_empty()

    def pause_redis(self, fault: Fault) -> None:
        self._pause(self._lab.redis.pid, fault.seconds)

    def stop_redis(self, fault: Fault) -> None:
        self._lab.redis.kill()
        time.sleep(fault.seconds)
        self._lab.redis.start()

    def flush_redis(self, fault: Fault) -> None:
        self._lab.redis.flush()

    def delete_stream(self, fault: Fault) -> None:
        self._lab.redis.delete_stream()

    def destroy_group(self, fault: Fault) -> None:
        self._lab.redis.destroy_group()

    def trim_stream(self, fault: Fault) -> None:
        self._lab.redis.trim()

    def refuse_redis_network(self, fault: Fault) -> None:
        with self._broken(self._links(fault).redis, fault) as proxy:
            proxy.refuse()
            proxy.drop()

    def black_hole_redis(self, fault: Fault) -> None:
        with self._broken(self._links(fault).redis, fault) as proxy:
            proxy.black_hole()

    def delay_redis(self, fault: Fault) -> None:
        with self._broken(self._links(fault).redis, fault) as proxy:
            proxy.delay(DELAY)

    def kill_postgres(self, fault: Fault) -> None:
        self._lab.postgres.kill()
        self._lab.postgres.start()

    def restart_postgres(self, fault: Fault) -> None:
        self._lab.postgres.stop_fast()
        self._lab.postgres.start()

    def pause_postgres(self, fault: Fault) -> None:
        self._lab.postgres.pause_all()
        time.sleep(fault.seconds)
        self._lab.postgres.resume_all()

    def pause_backend(self, fault: Fault) -> None:
        role = roles.WORKER if fault.target % 2 else roles.API
        pids = self._lab.postgres.backends(role)
        if pids:
            self._pause(pids[fault.target % len(pids)], fault.seconds)

    def end_sessions(self, fault: Fault) -> None:
        self._lab.postgres.end_sessions()

    def refuse_postgres_network(self, fault: Fault) -> None:
        with self._broken(self._links(fault).postgres, fault) as proxy:
            proxy.refuse()
            proxy.drop()

    def black_hole_postgres(self, fault: Fault) -> None:
        with self._broken(self._links(fault).postgres, fault) as proxy:
            proxy.black_hole()

    def delay_postgres(self, fault: Fault) -> None:
        with self._broken(self._links(fault).postgres, fault) as proxy:
            proxy.delay(DELAY)

    def cut_commit(self, fault: Fault) -> None:
        links = self._links(fault)
        assert links.postgres
        if links is self._lab.api.links:
            links.postgres.cut_acceptance()
        else:
            links.postgres.cut_commit()

    def _worker(self, fault: Fault) -> WorkerProcess:
        return self._lab.workers[fault.target % len(self._lab.workers)]

    def _links(self, fault: Fault) -> Links:
        """Of the API or of a worker."""
        programs = (self._lab.api, *self._lab.workers)
        return programs[fault.target % len(programs)].links

    @contextmanager
    def _broken(self, proxy: Proxy | None, fault: Fault) -> Iterator[Proxy]:
        assert proxy, "faults of the network need Lab(proxied=True)"
        yield proxy
        time.sleep(fault.seconds)
        proxy.heal()

    def _pause(self, pid: int, seconds: float) -> None:
        """One process, if it is still there."""
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)
            time.sleep(seconds)
            os.kill(pid, signal.SIGCONT)
