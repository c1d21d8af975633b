from typing import Annotated, Literal

import typer

from coreskills.cli.terminal import HomeOption, JsonOption, client, put_json, say, table

app = typer.Typer(add_completion=False, rich_markup_mode=None)
COLUMNS = {
    "users": ["id", "type", "username", "first_name", "last_name", "email", "is_active"],
    "students": ["id", "student_id", "username", "last_name", "grade_level", "graduation_year"],
    "staff": ["id", "employee_id", "username", "last_name", "department", "role"],
    "devices": ["id", "device_id", "device_type", "platform", "compliance_status"],
    "policies": ["id", "policy_name", "policy_type", "enforcement_level", "enabled"],
    "audit": ["id", "created_at", "actor", "action", "resource_type", "resource_id", "status"],
    "operators": ["id", "username", "role", "is_active"],
    "schools": ["id", "sourced_id", "name", "type", "top_grade", "feeder_id"],
    "groups": ["id", "name", "kind", "description"],
    "licences": ["id", "sku", "name", "seats", "used"],
}
What = Literal[
    "users",
    "students",
    "staff",
    "devices",
    "policies",
    "audit",
    "operators",
    "schools",
    "groups",
    "licences",
]


@app.command()
def list(
    what: What,
    home: HomeOption = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="Rows of a page")] = 50,
    cursor: Annotated[str | None, typer.Option(help="Where the last page said `next`")] = None,
    json: JsonOption = False,
) -> None:
    """List people, devices, policies, schools, groups, licences, operators or the trail."""
    page = client(home).get(f"/api/v1/{what}", limit=limit, cursor=cursor)
    if json:
        put_json(page)
        return
    table(page[what], COLUMNS[what])
    if "next" in page:
        say(f"more: coreskills list {what} --cursor {page['next']}")
