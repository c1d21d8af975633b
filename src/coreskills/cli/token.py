from typing import Annotated, Any

import typer

from coreskills.cli.terminal import HomeOption, JsonOption, client, instance, put, put_json

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def token(
    new: Annotated[str | None, typer.Option(help="Make another token with this name")] = None,
    days: Annotated[int | None, typer.Option(min=1, max=3650, help="It ends after")] = None,
    revoke: Annotated[int | None, typer.Option(help="Revoke the token with this id")] = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Print the operator's API token, make another one, or revoke one."""
    if revoke is not None:
        client(home).delete(f"/api/v1/tokens/{revoke}")
        found: dict[str, Any] = {"revoked": revoke}
    elif new is not None:
        wanted = {"name": new} | ({"days": days} if days else {})
        found = client(home).post("/api/v1/tokens", wanted)
    else:
        found = {"token": instance(home).secret("operator_token")}
    if json:
        put_json(found)
    else:
        put(str(found.get("token", f"revoked {revoke}")))
