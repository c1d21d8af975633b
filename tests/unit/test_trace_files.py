"""The last traces, in files that stay small."""

import orjson

from coreskills.telemetry.trace_files import LARGEST, MOST_FILES, TraceFile, spans_of_job

A, B = "a" * 32, "b" * 32


def line(trace_id: str, job_id: int | None = None, text: str = "") -> bytes:
    attributes = {"coreskills.job.id": job_id} if job_id else {}
    span = {"trace_id": trace_id, "attributes": attributes, "text": text}
    return orjson.dumps(span, option=orjson.OPT_APPEND_NEWLINE)


def test_a_job_is_found_with_all_that_is_in_its_trace(tmp_path):
    TraceFile(str(tmp_path), "api").append(line(A) + line(B))
    TraceFile(str(tmp_path), "worker").append(line(A, 1) + line(B, 11))
    assert [span["trace_id"] for span in spans_of_job(str(tmp_path), 1)] == [A, A]


def test_a_line_that_is_being_written_is_not_read(tmp_path):
    TraceFile(str(tmp_path), "api").append(line(A, 1) + line(A, 1)[:-9])
    assert len(spans_of_job(str(tmp_path), 1)) == 1


def test_a_file_that_is_full_is_kept_once_more_and_no_longer(tmp_path):
    file, big = TraceFile(str(tmp_path), "api"), "x" * LARGEST
    for job in (1, 2, 3):
        assert file.append(line(f"t{job}", job, big))
    assert [len(spans_of_job(str(tmp_path), job)) for job in (1, 2, 3)] == [0, 1, 1]
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 2.1 * LARGEST


def test_files_of_processes_that_are_gone_do_not_pile_up(tmp_path):
    for pid in range(3 * MOST_FILES):
        (tmp_path / f"worker-{pid}.jsonl").write_bytes(line("old", 1))
    TraceFile(str(tmp_path), "api").append(line("new", 2))
    assert len(list(tmp_path.iterdir())) == MOST_FILES
    assert spans_of_job(str(tmp_path), 2)


def test_without_a_folder_there_is_nothing(tmp_path):
    assert spans_of_job(str(tmp_path / "none"), 1) == []


def test_what_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").touch()
    assert not TraceFile(str(tmp_path / "file"), "api").append(line(A))
