from coreskills.api.acts import ACTS
from tests.changes import CHANGE, GONE, NEW, REASON, WORK, Case, Kind

SCHOOL = {"sourced_id": "north", "name": "North"}
PUPILS = {"Field": "Kind", "Op": "eq", "Value": "student"}
OFFICE = {"sku": "OFFICE", "name": "Office", "seats": 5, "rule": PUPILS}
BODIES = {"update": {"grade_level": 12}, "rename": {"last_name": "King"}, "move": {"ou": "OU=x"}}
STAYS = {"school_year": 2027, "school_id": 1, "retained": ["S2028001"], "why": REASON}

CASES = {
    f"POST /api/v1/users/<int:id>/{act}": Case(
        f"{kind}.requested", f"users/1/{act}", BODIES.get(act, {}), WORK
    )
    for act, (kind, *_) in ACTS.items()
} | {
    "POST /api/v1/users/<int:id>/password": Case(
        "account.password_shown", "users/1/password", None, WORK
    ),
    "POST /api/v1/schools": Case("school.created", "schools", SCHOOL | {"sourced_id": "s"}, NEW),
    "PATCH /api/v1/schools/<int:id>": Case("school.changed", "schools/1", {"top_grade": 10}),
    "POST /api/v1/groups": Case("group.created", "groups", {"name": "Choir"}, NEW),
    "PATCH /api/v1/groups/<int:id>": Case("group.changed", "groups/1", {"name": "Chess club"}),
    "DELETE /api/v1/groups/<int:id>": Case("group.removed", "groups/1", None, GONE),
    "PUT /api/v1/groups/<int:id>/members/<int:user_id>": Case(
        "group.member_added", "groups/1/members/1", None, NEW
    ),
    "DELETE /api/v1/groups/<int:id>/members/<int:user_id>": Case(
        "group.member_removed", "groups/1/members/2", None, GONE
    ),
    "POST /api/v1/licences": Case("licence.created", "licences", OFFICE | {"sku": "O2"}, NEW),
    "PATCH /api/v1/licences/<int:id>": Case("licence.changed", "licences/1", {"seats": 9}),
    "DELETE /api/v1/licences/<int:id>": Case("licence.removed", "licences/1", None, GONE),
    "POST /api/v1/cohorts/promote": Case(
        "promote_cohort.requested", "cohorts/promote", {"school_year": 2027, "school_id": 1}, WORK
    ),
    "POST /api/v1/cohorts/graduate": Case(
        "graduate_cohort.requested", "cohorts/graduate", {"graduation_year": 2027}, WORK
    ),
    "PATCH /api/v1/lifecycle/steps/<event>/<user_type>/<int:position>": Case(
        "lifecycle.step_changed",
        "lifecycle/steps/left/student/1",
        {"offset_days": 3},
        CHANGE | {"step"},
    ),
}
KINDS = {
    "activate_account": Kind(None, {"user_id": 1}),  # who is active already
    "update_person": Kind("student.changed", {"user_id": 1, "grade_level": 10, "why": REASON}),
    "rename_account": Kind("account.renamed", {"user_id": 1, "last_name": "King", "why": REASON}),
    "move_account": Kind(
        "account.moved", {"user_id": 1, "ou": "OU=x,DC=coreskills,DC=example", "why": REASON}
    ),
    "reset_password": Kind("account.password_reset", {"user_id": 1, "why": REASON}),
    "test_account": Kind(None, {"user_id": 1}),
    "group_recompute": Kind("account.groups_changed", {"user_id": 1, "why": REASON}),
    "licence_recompute": Kind("account.licences_changed", {"user_id": 1, "why": REASON}),
    "promote_cohort": Kind("student.stepped", STAYS),
    "graduate_cohort": Kind("account.disabled", {"graduation_year": 2028, "why": REASON}),
}


def prepare(made, work):
    """User 1 is in the last grade of a school, in no group, and waits for a password."""
    made("schools", SCHOOL)
    made("groups", {"name": "Chess"})
    made("groups", {"name": "Pupils", "kind": "rule", "rule": PUPILS})
    made("licences", OFFICE)
    made("groups/1/members/2", None, "PUT")
    for act, body in (("update", {"grade_level": 12}), ("move", {"school_id": 1})):
        made(f"users/1/{act}", body)
        work()
    made("users/1/reset-password", {})
    work()
    return {}
