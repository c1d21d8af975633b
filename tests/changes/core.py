from tests.changes import GONE, NEW, REASON, WORK, Case, Kind
from tests.people import ADA, JEAN

LINUS = {"username": "linus", "role": "student", "password": "a good long password"}
ROSTER = "StudentID,FirstName,LastName,GradeLevel,GraduationYear\nS9,Ada,Byron,9,2030\n"
WINDOW = {"starts_at": "2030-01-01T00:00:00Z", "ends_at": "2030-01-02T00:00:00Z", "reason": "r"}
LEFT = ("disable_account", "archive_account")

CASES = {
    "POST /api/v1/users/student": Case(
        "create_student.requested", "users/student", ADA | {"student_id": "S2"}, WORK
    ),
    "POST /api/v1/students": Case(
        "create_student.requested", "students", ADA | {"student_id": "S3"}, WORK
    ),
    "POST /api/v1/users/staff": Case("create_staff.requested", "users/staff", JEAN, WORK),
    "POST /api/v1/staff": Case(
        "create_staff.requested", "staff", JEAN | {"employee_id": "E2"}, WORK
    ),
    "PATCH /api/v1/users/<int:id>": Case("student.changed", "users/1", {"first_name": "Augusta"}),
    "DELETE /api/v1/users/<int:id>": Case("disable_account.requested", "users/1", None, WORK),
    "POST /api/v1/jobs": Case("self_test.requested", "jobs", {"type": "self_test"}, WORK),
    "POST /api/v1/jobs/batch": Case(
        "self_test.requested", "jobs/batch", {"jobs": [{"type": "self_test"}]}, WORK
    ),
    "POST /api/v1/jobs/<int:id>/cancel": Case("job.cancelled", "jobs/{waiting}/cancel"),
    "POST /api/v1/jobs/<int:id>/retry": Case("job.retried", "jobs/{cancelled}/retry"),
    "POST /api/v1/jobs/<int:id>/approve": Case("job.approved", "jobs/{suspended}/approve"),
    "POST /api/v1/imports": Case("import_users.requested", "imports", ROSTER, WORK),
    "POST /api/v1/tokens": Case("token.created", "tokens", {"name": "n"}, NEW),
    "DELETE /api/v1/tokens/<int:id>": Case("token.revoked", "tokens/{token}"),
    "POST /api/v1/operators": Case("operator.created", "operators", LINUS, NEW),
    "PATCH /api/v1/operators/<int:id>": Case(
        "operator.changed", "operators/2", {"role": "student"}
    ),
    "POST /api/v1/lifecycle/clock": Case("lifecycle.clock_turned", "lifecycle/clock", {"days": 3}),
    "PUT /api/v1/thresholds/<job_type>/<action>": Case(
        "threshold.changed", "thresholds/graduate_cohort/disable", {"most": 1, "percent": 2}
    ),
    "POST /api/v1/freeze-windows": Case("freeze_window.created", "freeze-windows", WINDOW, NEW),
    "DELETE /api/v1/freeze-windows/<int:id>": Case(
        "freeze_window.removed", "freeze-windows/{window}", None, GONE
    ),
}
KINDS = {
    "create_student": Kind("student.created", ADA | {"student_id": "S77"}),
    "create_staff": Kind("staff.created", JEAN | {"employee_id": "E77"}),
    "suspend_account": Kind("account.suspended", {"user_id": 1, "why": REASON}),
    "resume_account": Kind("account.resumed", {"user_id": 1}, ("suspend_account",)),
    "disable_account": Kind("account.disabled", {"user_id": 1, "reason": "leaver"}),
    "restore_account": Kind("account.restored", {"user_id": 1}, LEFT[:1]),
    "archive_account": Kind("account.archived", {"user_id": 1}, LEFT[:1]),
    "delete_account": Kind("account.purged", {"user_id": 1}, LEFT, tells=frozenset()),
    "import_users": Kind("student.created", file=("imports", ROSTER)),
    "lifecycle_tick": Kind(None),  # it makes jobs, which have lines of their own
    "self_test": Kind(None),
    "sweep_expired": Kind(None),
}


def prepare(made, work):
    return {
        "waiting": made("jobs", {"type": "self_test"})["job_id"],
        "cancelled": made("jobs", {"type": "self_test"})["job_id"],
        "token": made("tokens", {"name": "old"})["id"],
        "window": made("freeze-windows", WINDOW)["id"],
    }
