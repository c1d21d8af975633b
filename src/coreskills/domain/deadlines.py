"""How long a job of each kind may take. Apart from domain/jobs.py: callers need no parameters."""

USUAL = 60  # seconds, as all of these
DEADLINES = {
    "import_users": 600,
    "oneroster_import": 900,
    "oneroster_export": 300,
    "device_return_cohort": 600,
    "policy_evaluate": 600,
    "retention_sweep": 600,
    "reconcile": 600,
    "audit_verify": 3600,
    "promote_cohort": 300,
    "graduate_cohort": 300,
    "group_recompute": 300,
    "licence_recompute": 300,
}


def deadline_of(job_type: str) -> int:
    return DEADLINES.get(job_type, USUAL)
