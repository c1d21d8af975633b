from pathlib import Path
from typing import Annotated

import typer

from coreskills.cli.terminal import JsonOption, Progress, put, put_json, say
from coreskills.stack import bundle, bundle_installing, bundle_making, bundle_serving

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    help="Take CoreSkills to machines without network: make, check, install and serve a bundle.",
    no_args_is_help=True,
)
PlaceArgument = Annotated[Path, typer.Argument(metavar="BUNDLE", help="Its folder, or its .tar")]
Fingerprint = Annotated[str, typer.Option(help="As `bundle create` printed it")]


@app.command()
def create(
    place: PlaceArgument,
    images: Annotated[
        bool | None,
        typer.Option("--images/--no-images", help="Container images; if not said: if it can be"),
    ] = None,
    archive: Annotated[bool, typer.Option("--archive", help="One .tar, not a folder")] = False,
    json: JsonOption = False,
) -> None:
    """Save the newest commit, its packages and its images, with sums and a signature."""
    progress = Progress()
    engine = None if images is False else bundle_making.engine(must=images is True, report=progress)
    made = bundle_making.create(place.resolve(), engine, progress, archive=archive)
    if json:
        put_json({"place": str(made.place), "fingerprint": made.fingerprint, **made.about})
        return
    kinds = f"{made.about['wheels']} packages, {len(made.about['images'])} images"
    say(f"{made.place}: {made.mebibytes} MiB, {kinds}, for Python {made.about['python']}")
    say("tell the class this fingerprint, by other means than the bundle itself:")
    put(made.fingerprint)


@app.command()
def verify(
    place: PlaceArgument,
    fingerprint: Annotated[str | None, typer.Option(help="Of the signer you expect")] = None,
    json: JsonOption = False,
) -> None:
    """Compare every file with what was signed; the first that differs is named (exit 1)."""
    with bundle.opened(place) as folder:
        about = bundle.verify(folder, fingerprint, Progress())
    if json:
        put_json(about)
    else:
        say(f"whole: {about['files']} files of commit {about['commit'][:12]}")
        put(about["fingerprint"])


@app.command()
def install(
    place: PlaceArgument,
    fingerprint: Fingerprint,
    into: Annotated[Path, typer.Option(help="A new folder")] = Path("coreskills"),
) -> None:
    """Check the signature, then install into a new folder, without any network."""
    with bundle.opened(place) as folder:
        bundle.verify(folder, fingerprint, Progress())
        raise typer.Exit(bundle_installing.install(folder, fingerprint, into.resolve()))


@app.command()
def serve(
    place: PlaceArgument,
    address: Annotated[str, typer.Option(help="Of this machine in the class's network")],
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any that is free")] = 8000,
) -> None:
    """Offer the bundle to the machines of a network, read-only, until Ctrl-C."""
    progress = Progress()
    with bundle.opened(place) as folder:
        about = bundle.verify(folder, None, progress)
        server = bundle_serving.server(folder, address, port, progress)
        base = f"http://{address}:{server.server_address[1]}"
        put(f"On each machine:\n  curl -o bundle.tar {base}/{bundle_serving.ARCHIVE}")
        put("  tar xf bundle.tar")
        put(f"  python3 {bundle.FOLDER}/install.py --fingerprint {about['fingerprint']}")
        say(f"its {bundle.SUMS} has the sha256 {bundle.sum_of(folder / bundle.SUMS)}:")
        say("on a network you do not trust, compare it and the files before the last line,")
        say("with sha256sum, see docs/howto/offline-class.md")
        with server:
            server.serve_forever()
