"""Every safeguard of the job pipeline: where it stands, what is wrong without it, and who notices.

`python -m tests.faults.mutations` takes each away and watches its tests turn red;
tests/contract/test_safeguards.py holds that what is named here still exists.
"""

from collections.abc import Iterable
from dataclasses import dataclass

LEASES = "store/sql/leases.sql"
JOBS = "store/sql/jobs.sql"
TABLES = "store/migrations/0002_jobs.sql"
BATCH = "worker/batch.py"
LOOP = "worker/loop.py"
HEARTBEAT = "worker/heartbeat.py"
DISPATCHER = "worker/dispatcher.py"
PROCESS = "worker/process.py"
STREAMS = "broker/streams.py"
SUBMIT = "actions/jobs.py"

CLAIMS = "integration/test_jobs_claims.py"
BATCHES = "integration/test_jobs_batches.py"
QUEUE = "integration/test_jobs_queue.py"
ENDS = "integration/test_jobs_ends.py"
REAPING = "integration/test_jobs_reaping.py"
CLOCKWORK = "integration/test_jobs_clockwork.py"
CONSTRAINTS = "integration/test_store_constraints.py"
KEYS = "integration/test_api_idempotency.py"
PROCESSES = "integration/test_worker_processes.py"


@dataclass(frozen=True)
class Mutation:
    """`text`, which stands in `file` (below src/coreskills) exactly once, becomes `instead`; each
    of `tests` (below tests/) must notice."""

    name: str
    safeguard: str
    without: str
    file: str
    text: str
    instead: str
    tests: tuple[str, ...]


def _fence(name: str, clause: str, without: str, instead: str, test: str) -> Mutation:
    text = (
        "ON j.id = given.id AND j.attempt = given.attempt\n"
        "     WHERE j.worker = %(worker)s AND j.status = 'running'"
    )
    tests = (f"{CLAIMS}::{test}",)
    return Mutation(name, f"an end names {clause}", without, LEASES, text, instead, tests)


FENCE = (
    _fence(
        "fence-attempt",
        "its attempt",
        "a worker that claims a job again may end it with what its first attempt left",
        "ON j.id = given.id WHERE j.worker = %(worker)s AND j.status = 'running'",
        "test_an_attempt_cannot_end_the_next_one_of_the_same_worker",
    ),
    _fence(
        "fence-worker",
        "its worker",
        "a claim that PostgreSQL forgot in a crash ends the next one, which has its number",
        "ON j.id = given.id AND j.attempt = given.attempt WHERE j.status = 'running'",
        "test_a_claim_that_postgresql_forgot_is_not_mistaken_for_the_next",
    ),
    _fence(
        "fence-status",
        "a running job",
        "a job that somebody ended by hand is completed all the same",
        "ON j.id = given.id AND j.attempt = given.attempt WHERE j.worker = %(worker)s",
        "test_what_somebody_ended_by_hand_stays_ended",
    ),
    Mutation(
        "fence-heeded",
        "who is refused by the fence writes nothing",
        "a cancelled job takes effect",
        BATCH,
        "            if not leases.finish_jobs(conn, results):\n"
        '                raise LeaseLost("It is not ours any more")\n',
        "            leases.finish_jobs(conn, results)\n",
        (f"{CLAIMS}::test_cancelling_a_running_job_discards_what_it_would_have_done",),
    ),
    Mutation(
        "fence-failure",
        "a failure names attempt and worker, too",
        "a worker that was thought dead fails the job of its successor",
        LEASES,
        "error_count = error_count + 1, completed_at = now(), lease_until = NULL, worker = NULL\n"
        " WHERE id = %(id)s AND attempt = %(attempt)s AND worker = %(worker)s AND"
        " status = 'running'",
        "error_count = error_count + 1, completed_at = now(), lease_until = NULL, worker = NULL\n"
        " WHERE id = %(id)s",
        (f"{CLAIMS}::test_whoever_lost_the_lease_can_write_nothing_at_all",),
    ),
    Mutation(
        "fence-retry",
        "a repetition names attempt and worker, too",
        "a worker that was thought dead takes the job from its successor",
        LEASES,
        "published_at = NULL, lease_until = NULL, worker = NULL\n"
        " WHERE id = %(id)s AND attempt = %(attempt)s AND worker = %(worker)s AND"
        " status = 'running';\n\n-- release_job",
        "published_at = NULL, lease_until = NULL, worker = NULL\n"
        " WHERE id = %(id)s;\n\n-- release_job",
        (f"{CLAIMS}::test_whoever_lost_the_lease_can_write_nothing_at_all",),
    ),
    Mutation(
        "fence-plan",
        "what an import writes before its end is fenced",
        "a planner that was thought dead writes into the plan of its successor",
        "worker/context.py",
        "if not leases.lock_running(conn, self.job):",
        "if False:",
        (
            "integration/test_csv_import.py::"
            "test_a_planner_that_was_thought_dead_cannot_write_into_the_plan_of_its_successor",
        ),
    ),
    Mutation(
        "one-transaction",
        "effects and end are one transaction",
        "an effect stays whose job was cancelled",
        BATCH,
        "                outcome.write(conn)  # first",
        "                with self.db.transaction() as apart:\n"
        "                    outcome.write(apart)  # first",
        (f"{CLAIMS}::test_cancelling_a_running_job_discards_what_it_would_have_done",),
    ),
)
CLAIM = (
    Mutation(
        "claim-compares",
        "a claim takes only what is queued",
        "an entry that is delivered twice runs its job twice",
        LEASES,
        "WHERE id = %(id)s AND status = 'queued' AND run_at <= now()",
        "WHERE id = %(id)s AND run_at <= now()",
        (
            f"{QUEUE}::test_an_entry_delivered_twice_is_run_once",
            f"{CLAIMS}::test_what_was_claimed_is_not_claimed_again",
        ),
    ),
    Mutation(
        "claim-compares-all",
        "a claim of several takes only what is queued",
        "entries that are delivered twice run their jobs twice",
        LEASES,
        "WHERE id = ANY(%(ids)s) AND status = 'queued' AND run_at <= now()",
        "WHERE id = ANY(%(ids)s) AND run_at <= now()",
        (f"{CLAIMS}::test_what_was_claimed_is_not_claimed_again",),
    ),
    Mutation(
        "claim-locks",
        "a claim of several locks what it compares",
        "of two who claim at once, both get the job",
        LEASES,
        "ORDER BY id FOR NO KEY UPDATE),",
        "ORDER BY id),",
        (f"{CLAIMS}::test_who_claims_what_another_has_claimed_and_not_committed_gets_nothing",),
    ),
    Mutation(
        "poll-locks",
        "who polls the table locks what is found",
        "of two who poll at once, both get the job",
        LEASES,
        "ORDER BY run_at, id FOR NO KEY UPDATE SKIP LOCKED LIMIT %(limit)s",
        "ORDER BY run_at, id LIMIT %(limit)s",
        (f"{CLAIMS}::test_who_polls_passes_by_what_another_has_claimed_and_not_committed",),
    ),
    Mutation(
        "claim-waits",
        "a claim takes only what is due",
        "a repeated delivery cuts every backoff short",
        LEASES,
        "AND status = 'queued' AND run_at <= now()\n    RETURNING",
        "AND status = 'queued'\n    RETURNING",
        (f"{CLAIMS}::test_a_job_whose_time_has_not_come_is_not_claimed",),
    ),
    Mutation(
        "claim-waits-all",
        "a claim of several takes only what is due",
        "a repeated delivery cuts every backoff short",
        LEASES,
        "AND status = 'queued' AND run_at <= now()\n     ORDER BY id",
        "AND status = 'queued'\n     ORDER BY id",
        (f"{CLAIMS}::test_a_job_whose_time_has_not_come_is_not_claimed",),
    ),
)
LEASE = (
    Mutation(
        "lease",
        "the reaper waits until a lease has run out",
        "a healthy worker loses its job",
        LEASES,
        "WHERE status = 'running' AND lease_until < now()",
        "WHERE status = 'running'",
        (f"{REAPING}::test_a_job_whose_lease_still_runs_is_left_alone",),
    ),
    Mutation(
        "reaper",
        "the reaper",
        "the job of a worker that died runs for ever",
        DISPATCHER,
        "            self._reap(conn)\n",
        "            pass\n",
        (f"{REAPING}::test_a_job_of_a_dead_worker_is_queued_again_at_once",),
    ),
    Mutation(
        "reaper-locks",
        "a reaper locks what it takes back",
        "two reapers wait for each other and count one crash twice",
        LEASES,
        "ORDER BY lease_until FOR NO KEY UPDATE SKIP LOCKED LIMIT 100",
        "ORDER BY lease_until LIMIT 100",
        (f"{REAPING}::test_two_reapers_at_once_count_a_crash_once",),
    ),
    Mutation(
        "heartbeat",
        "the heartbeat",
        "a job that takes longer than a lease is taken away",
        HEARTBEAT,
        "self._held &= leases.renew_leases(conn, self.jobs, self._lease)",
        "self._held &= self._held",
        (f"{CLAIMS}::test_a_lease_is_renewed_for_as_long_as_its_job_runs",),
    ),
    Mutation(
        "clock",
        "only the database's clock decides",
        "a leader whose clock is an hour ahead takes every lease",
        "store/leases.py",
        'return every(conn, SQL["reap_jobs"], max_crashes=MAX_CRASHES)',
        'return every(conn, SQL["reap_jobs"].replace("< now()", "< to_timestamp("'
        ' + str(__import__("time").time()) + ")"), max_crashes=MAX_CRASHES)',
        (
            "faults/test_windows_clock_and_poison.py::"
            "test_13_a_leader_whose_clock_is_wrong_takes_no_lease_and_misses_none",
        ),
    ),
    Mutation(
        "heartbeat-again",
        "a heartbeat that broke beats again",
        "one bug, and every longer job of this worker is taken away from then on",
        HEARTBEAT,
        "            self._beats = False  # the next batch starts another\n",
        "",
        (f"{CLAIMS}::test_a_heartbeat_that_broke_beats_again_for_the_next_job",),
    ),
    Mutation(
        "deadline",
        "past its deadline a job is let go",
        "a job that never ends is nobody else's, ever",
        HEARTBEAT,
        "now < batch.ends:",
        "True:",
        (f"{CLAIMS}::test_a_job_past_its_deadline_is_let_go_and_taken_over",),
    ),
    Mutation(
        "blocked",
        "a worker tells that a job blocks it",
        "it stands still and looks alive",
        HEARTBEAT,
        "            self._blocked.set()\n",
        "            pass\n",
        (f"{BATCHES}::test_a_job_that_never_ends_is_reported_as_blocking_its_worker",),
    ),
    Mutation(
        "blocked-ends",
        "a blocked worker ends itself",
        "nobody starts another in its place",
        PROCESS,
        "    os._exit(EX_TEMPFAIL)\n",
        "    return\n",
        (
            "faults/test_matrix_processes.py::"
            "test_f5_a_job_that_never_ends_costs_its_worker_and_is_done_by_another",
        ),
    ),
)
BLAME = (
    Mutation(
        "crashes-are-no-errors",
        "crashes and errors are counted apart",
        "three crashes use up a job's five errors, too",
        LEASES,
        "SET crash_count = crashes,",
        "SET crash_count = crashes, error_count = j.error_count + 1,",
        (f"{REAPING}::test_crashes_and_errors_are_counted_apart",),
    ),
    Mutation(
        "errors-are-no-crashes",
        "errors and crashes are counted apart",
        "a directory that is away for a minute puts jobs aside as poison",
        LEASES,
        "error_count = error_count + 1, run_at = now()",
        "crash_count = crash_count + 1, run_at = now()",
        (f"{ENDS}::test_what_may_pass_is_tried_again_later",),
    ),
    Mutation(
        "poison",
        "the third crash is the last",
        "one job kills one worker after the other, for ever",
        "store/leases.py",
        "max_crashes=MAX_CRASHES",
        "max_crashes=1000",
        (f"{REAPING}::test_the_third_crash_is_the_last",),
    ),
    Mutation(
        "company",
        "a crash in company charges nobody",
        "three poisoned neighbours, and a healthy job is dead",
        LEASES,
        "crash_count + (claimed_with = 1)::integer",
        "crash_count + 1",
        (f"{BATCHES}::test_a_crash_in_company_charges_nobody_and_makes_everybody_a_suspect",),
    ),
    Mutation(
        "suspects-alone",
        "a suspect runs alone",
        "poison is never found out among its neighbours",
        LEASES,
        "suspect = true",
        "suspect = false",
        (
            f"{BATCHES}::test_a_suspect_runs_alone_from_then_on",
            f"{BATCHES}::test_only_the_poison_of_a_batch_dies",
        ),
    ),
    Mutation(
        "batch-split",
        "a batch that cannot be ended is ended job by job",
        "a bug in one job fails all that were claimed with it",
        BATCH,
        "            error = None\n        for job, outcome in endings:",
        "        for job, outcome in endings:",
        (f"{BATCHES}::test_what_cannot_be_written_costs_only_its_own_job",),
    ),
    Mutation(
        "five-errors",
        "the fifth error is the last",
        "what never works is tried for ever",
        BATCH,
        "again = _retryable(exc) and job.error_count + 1 < MAX_ERRORS",
        "again = _retryable(exc)",
        (f"{ENDS}::test_what_does_not_pass_is_given_up_after_five_failures",),
    ),
    Mutation(
        "refusal",
        "a refusal is not repeated",
        "who is refused for good is asked five times, over a minute",
        BATCH,
        "return not exc.permanent",
        "return True",
        (f"{ENDS}::test_a_refusal_for_good_fails_at_once_and_is_in_the_trail",),
    ),
    Mutation(
        "blameless",
        "for want of a server no error is counted",
        "an outage of a minute fails every job",
        BATCH,
        "elif isinstance(exc, Unavailable) and job.attempt < BLAMELESS:",
        "elif False:",
        (f"{BATCHES}::test_a_server_that_is_away_is_no_fault_of_the_job",),
    ),
    Mutation(
        "unknown-kind",
        "a kind that a worker does not know is put back",
        "during an update, new jobs fail in old workers",
        BATCH,
        "self._release(job, UNKNOWN_KIND_DELAY)",
        "self._blame(job, KeyError(job.job_type))",
        (f"{ENDS}::test_an_unknown_kind_is_released_for_a_worker_that_knows_it",),
    ),
    Mutation(
        "stubborn",
        "an outcome waits for PostgreSQL as long as its lease",
        "each restart of PostgreSQL is charged to the jobs that were ending",
        BATCH,
        "                if time.monotonic() > until:\n",
        "                if True:\n",
        (
            "faults/test_windows_accepting.py::"
            "test_11_an_effect_that_died_with_postgresql_before_its_commit_happens_once",
        ),
    ),
    Mutation(
        "names",
        "who lost the race for a name chooses again",
        "of two people with one name, the second is refused",
        BATCH,
        "            if not isinstance(error, Conflict) or error.code not in RACED_FOR:\n",
        "            if True:\n",
        (f"{BATCHES}::test_twins_of_one_batch_get_different_names",),
    ),
    Mutation(
        "names-unique",
        "the database refuses a name or an address that is taken",
        "two people share an account",
        "store/migrations/0001_identity.sql",
        "    username        text NOT NULL CONSTRAINT users_username_unique UNIQUE,\n"
        "    username_stem   text NOT NULL,  -- the username without its collision token\n"
        "    email           text NOT NULL CONSTRAINT users_email_unique UNIQUE,",
        "    username        text NOT NULL,\n"
        "    username_stem   text NOT NULL,\n"
        "    email           text NOT NULL,",
        (f"{CONSTRAINTS}::test_a_wrong_state_is_refused_by_the_rule_it_breaks",),
    ),
    Mutation(
        "names-once",
        "the database gives a name once, and never to somebody else",
        "who comes later gets the mail of who was renamed, or left",
        "store/migrations/0005_lifecycle.sql",
        "    SELECT username, username_stem, id FROM new_rows WHERE username IS NOT NULL;",
        "    SELECT username, username_stem, id FROM new_rows WHERE username IS NOT NULL\n"
        "        ON CONFLICT DO NOTHING;",
        (f"{CONSTRAINTS}::test_a_wrong_state_is_refused_by_the_rule_it_breaks",),
    ),
)
REDIS = (
    Mutation(
        "relay",
        "the outbox and its relay",
        "what the API could not publish waits for somebody to look into the table",
        DISPATCHER,
        "            self._relay(conn)\n",
        "            pass\n",
        (f"{QUEUE}::test_what_the_api_could_not_publish_is_accepted_and_relayed",),
    ),
    Mutation(
        "relay-notes",
        "the relay notes what it has published",
        "a backlog is published again ten times a second",
        DISPATCHER,
        "leases.mark_published(conn, ids)",
        "pass",
        (f"{QUEUE}::test_the_relay_publishes_a_job_once",),
    ),
    Mutation(
        "without-redis",
        "what Redis does not take is accepted all the same",
        "without Redis, a client is refused work that is accepted",
        SUBMIT,
        "    except Unavailable:\n        published = False  # committed",
        "    except Unavailable:\n        raise  # committed",
        (f"{QUEUE}::test_what_the_api_could_not_publish_is_accepted_and_relayed",),
    ),
    Mutation(
        "flush",
        "nobody is answered before the disk has the job",
        "a job that was answered with 202 dies with PostgreSQL",
        SUBMIT,
        "        server.flush(conn)\n        pipeline.sync()",
        "        pipeline.sync()",
        (
            "faults/test_windows_accepting.py::test_11_a_postgresql_that_dies_before_the_disk_has_"
            "an_acceptance_has_accepted_nothing",
        ),
    ),
    Mutation(
        "flush-repeat",
        "nor is who repeats a request",
        "the second of two equal requests is answered with 202 for a job that the disk never got",
        SUBMIT,
        "    if rows:  # whoever made them may still be waiting for the disk\n",
        "    if False:\n",
        (f"{KEYS}::test_a_repeated_request_waits_for_the_disk_as_the_first_one_does",),
    ),
    Mutation(
        "late-note",
        "the API's note of publication does not count for a job that was queued again",
        "a job that was taken back is not published again",
        LEASES,
        "AND status = 'queued' AND run_at = created_at;",
        "AND status = 'queued';",
        (f"{REAPING}::test_the_apis_late_note_does_not_hide_a_job_that_was_taken_back",),
    ),
    Mutation(
        "epoch",
        "an emptied Redis is filled again",
        "everything that waited there is found one second too late, one by one",
        DISPATCHER,
        "again = leases.unpublish_all(conn)",
        "again = 0",
        (f"{QUEUE}::test_what_an_emptied_redis_held_is_in_the_stream_again_after_one_tick",),
    ),
    Mutation(
        "lost-group",
        "who notices a lost group ends the epoch",
        "what stood in the stream is forgotten with its group",
        STREAMS,
        "            self._client.delete(EPOCH)\n",
        "",
        (f"{QUEUE}::test_a_lost_group_ends_the_epoch",),
    ),
    Mutation(
        "overdue",
        "workers look for overdue jobs in the table",
        "an entry that Redis forgot is a job that nobody does",
        LOOP,
        "if overdue := self._overdue():",
        "if overdue := []:",
        (
            f"{QUEUE}::"
            "test_an_entry_that_vanished_unnoticed_is_missed_by_a_worker_that_looks_into_the_table",
        ),
    ),
    Mutation(
        "polling",
        "without Redis workers poll the table",
        "without Redis nothing is done",
        LOOP,
        "jobs = leases.claim_next_jobs(conn, self._size, self._claimant)\n",
        "jobs = []\n",
        (
            f"{QUEUE}::test_without_redis_jobs_run_by_polling",
            f"{QUEUE}::test_a_redis_that_does_not_answer_means_polling_too",
        ),
    ),
    Mutation(
        "acknowledge-last",
        "an entry goes when its job has ended",
        "a worker that dies takes the news of its jobs with it",
        LOOP,
        '        reach("worker.after_read")\n',
        '        reach("worker.after_read")\n        self._acknowledge(entries)\n',
        (f"{QUEUE}::test_an_entry_stays_until_its_job_has_ended",),
    ),
    Mutation(
        "abandoned",
        "entries whose reader is gone are taken over",
        "they stand in the stream for ever",
        STREAMS,
        "return _entries(answer[1])",
        "return []",
        (f"{QUEUE}::test_an_entry_whose_reader_vanished_is_found_by_its_age",),
    ),
    Mutation(
        "leave",
        "a consumer with unacknowledged entries is not deleted",
        "its entries are forgotten with it",
        STREAMS,
        "            if not waiting:\n",
        "            if True:\n",
        (f"{QUEUE}::test_a_consumer_that_holds_an_entry_is_not_forgotten_with_it",),
    ),
    Mutation(
        "redis-breaker",
        "after a failure Redis is left alone for a second",
        "each request waits for a dead Redis",
        STREAMS,
        "            self._refuse_until = time.monotonic() + PAUSE_SECONDS\n",
        "",
        (f"{QUEUE}::test_a_dead_redis_costs_only_the_first_request_its_patience",),
    ),
)
ACCEPTING = (
    Mutation(
        "key",
        "one key, one job",
        "a client that repeats its request gets two jobs",
        JOBS,
        " WHERE %(key)s::text IS NULL OR EXISTS (SELECT FROM keyed)",
        "",
        (f"{KEYS}::test_twenty_equal_self_tests_at_once_make_exactly_one_job",),
    ),
    Mutation(
        "key-body",
        "a key stands for one body",
        "another request is answered with a job that does something else",
        SUBMIT,
        'if rows and bytes(rows[0]["request_hash"]) != digest:',
        "if False:",
        (
            f"{KEYS}::test_the_same_key_with_another_body_is_422_and_names_the_first_job",
            "integration/test_api_batches.py::"
            "test_the_same_key_gives_the_same_jobs_and_another_body_none",
        ),
    ),
    Mutation(
        "key-running",
        "a key whose request still runs is 409",
        "the client hears that the database is busy",
        "store/jobs.py",
        "except psycopg.errors.LockNotAvailable as exc:",
        "except psycopg.errors.DeadlockDetected as exc:",
        (
            "integration/test_api_batches.py::"
            "test_a_key_whose_first_request_is_still_being_answered_is_409",
        ),
    ),
    Mutation(
        "key-a-day",
        "a key counts for a day",
        "of two requests with one key at once, the second takes it over",
        JOBS,
        "\n     WHERE k.created_at <= now() - interval '24 hours'\n    RETURNING",
        "\n    RETURNING",
        (f"{KEYS}::test_twenty_different_bodies_with_one_key_make_one_job",),
    ),
    Mutation(
        "key-a-day-all",
        "the key of a batch counts for a day",
        "of two batches with one key at once, the second takes it over",
        JOBS,
        "\n WHERE k.created_at <= now() - interval '24 hours'\nRETURNING",
        "\nRETURNING",
        (
            "integration/test_api_batches.py::"
            "test_ten_different_batches_with_one_key_at_once_make_one",
        ),
    ),
    Mutation(
        "unique-job",
        "the same work is open once",
        "a person is created by two jobs at once",
        TABLES,
        "CREATE UNIQUE INDEX jobs_open_unique",
        "CREATE INDEX jobs_open_unique",
        (f"{ENDS}::test_the_same_work_is_open_only_once",),
    ),
    Mutation(
        "bound",
        "the queue is bounded",
        "more is accepted than anybody could wait for",
        "actions/backlog.py",
        "if self._waiting >= self._limit:",
        "if False:",
        (
            "integration/test_api_batches.py::"
            "test_a_full_queue_refuses_new_work_and_answers_everything_else",
        ),
    ),
    Mutation(
        "cancel-open",
        "only what is open can be cancelled",
        "a job is cancelled whose effect is there",
        JOBS,
        "AND status IN ('queued', 'running', 'suspended')\nRETURNING job_type;",
        "\nRETURNING job_type;",
        (f"{CLAIMS}::test_what_has_ended_cannot_be_cancelled",),
    ),
)
CLOCKS = (
    Mutation(
        "schedule-once",
        "a tick has one job",
        "after its clock was turned back, a schedule fires again",
        TABLES,
        "CREATE UNIQUE INDEX jobs_fired_once",
        "CREATE INDEX jobs_fired_once",
        (
            f"{CLOCKWORK}::"
            "test_a_tick_that_was_fired_is_not_fired_again_though_the_clock_was_turned_back",
        ),
    ),
    Mutation(
        "schedule-catches-up",
        "ticks that were slept through are made up by one",
        "a laptop that wakes up does last night's work, hour by hour",
        LEASES,
        "(1 + floor(extract(epoch FROM now() - next_at)\n"
        "                                              / extract(epoch FROM every)))",
        "1",
        (f"{CLOCKWORK}::test_ticks_that_were_slept_through_are_made_up_by_one",),
    ),
    Mutation(
        "one-leads",
        "the advisory lock lets one lead",
        "each worker relays, reaps and fires",
        LEASES,
        "SELECT pg_try_advisory_lock(7310101) AS leads",
        "SELECT true AS leads",
        (f"{CLOCKWORK}::test_one_of_many_leads",),
    ),
    Mutation(
        "leader-deposed",
        "a leader that stands still loses its office",
        "nobody relays, reaps or fires while it stands",
        DISPATCHER,
        "if leases.depose_leader(conn, SILENCE):",
        "if False:",
        ("faults/test_windows_working.py::test_10_a_leader_that_stands_still_loses_its_office",),
    ),
    Mutation(
        "leader-leaves",
        "who stops leading gives the lock back",
        "it lives on in the pool, and nobody leads",
        DISPATCHER,
        "leases.stop_leading(conn)  # or",
        "pass  # or",
        (f"{CLOCKWORK}::test_a_dispatcher_that_stops_gives_leadership_back",),
    ),
    Mutation(
        "half-a-worker",
        "a worker whose dispatcher broke ends",
        "it lives on, and perhaps nobody leads",
        PROCESS,
        "        finally:\n            self._ending.set()\n",
        "        finally:\n            pass\n",
        (f"{PROCESSES}::test_a_worker_whose_dispatcher_breaks_ends_and_says_why",),
    ),
    Mutation(
        "drain",
        "a worker that is asked to stop ends its job first",
        "each restart costs a lease, and counts as a crash",
        PROCESS,
        "signal.signal(number, lambda *_: stop.set())",
        "signal.signal(number, lambda *_: os._exit(0))",
        (f"{PROCESSES}::test_a_worker_asked_to_stop_finishes_the_job_it_is_in",),
    ),
)
MUTATIONS = (*FENCE, *CLAIM, *LEASE, *BLAME, *REDIS, *ACCEPTING, *CLOCKS)


def table(mutations: Iterable[Mutation] = MUTATIONS) -> str:
    """As docs/explanation/safeguards.md has it, which a test compares with it."""
    rows = ["| name | safeguard | without it | noticed by |", "|---|---|---|---|"]
    for each in mutations:
        files = dict.fromkeys(test.partition("::")[0] for test in each.tests)
        seen = ", ".join(f"`{file}`" for file in files)
        rows.append(f"| {each.name} | {each.safeguard} | {each.without} | {seen} |")
    return "\n".join(rows) + "\n"
