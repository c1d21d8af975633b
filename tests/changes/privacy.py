from tests.changes import CHANGE, REASON, WORK, Case, Kind

EXPORT = {"party": "the mother", "purpose": "she asked"}

CASES = {
    "POST /api/v1/users/<int:id>/export": Case(
        "export_person.requested", "users/1/export", EXPORT, WORK
    ),
    "POST /api/v1/exports/<int:id>/collect": Case(
        "export.collected", "exports/{export}/collect", None, WORK
    ),
    "PUT /api/v1/users/<int:id>/legal-hold": Case(
        "student.held", "users/1/legal-hold", {"held": True, "reason": REASON}
    ),
    "PATCH /api/v1/retention/<entity>": Case(
        "retention.changed",
        "retention/jobs",
        {"keep_days": 300, "reason": REASON},
        CHANGE | {"entity"},
    ),
}
KINDS = {
    "export_person": Kind(
        "student.exported", EXPORT | {"user_id": 1}, tells=frozenset({"party", "why"})
    ),
    "retention_sweep": Kind("retention.swept"),
    "audit_verify": Kind(None),
    "reconcile": Kind(None),  # of drift: test_reconcile.py
}


def prepare(made, work):
    export = made("users/1/export", EXPORT)["job_id"]
    work()
    return {"export": export}
