"""``satdesk reproduce``: the same release again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from satdesk.cli.answer import print_json
from satdesk.cli.options import FILE, as_json
from satdesk.cli.progress import progress_bar

__all__ = ["command"]

_FAILED = 5
_WRONG = {"different", "missing", "extra"}


@click.command("reproduce")
@click.argument("release", type=FILE)
@click.option(
    "--scenes",
    type=FILE,
    required=True,
    metavar="DIR",
    help="Folder below which the scenes and the terrain lie, under any names.",
)
@as_json
def command(release: Path, *, scenes: Path, as_json: bool) -> int:
    """Run the public recipe of RELEASE again and compare every file.

    Scenes are found by their SHA-256. Unsigned files must be equal by bytes, signed ones by pixels
    and by what was signed. Exits 5 where anything else differs.
    """
    from satdesk import desk  # noqa: PLC0415 - heavy, and only this command's

    with progress_bar("reproduce") as progress:
        answer = desk.reproduce(release, scenes, progress=progress)
    if as_json:
        print_json(answer)
    else:
        _print(answer)
    return 0 if answer["reproduced"] else _FAILED


def _print(answer: dict[str, Any]) -> None:
    click.echo(answer["words"])
    for file in answer["files"]:
        if file["equal"] in _WRONG:
            click.echo(f"  {file['equal']}: {file['path']}: {file['words']}")
    counted = [file["equal"] for file in answer["files"]]
    click.echo(
        f"  equal by bytes: {counted.count('bytes')}; by pixels and assertion: "
        f"{counted.count('pixels-and-assertion')}; different by nature (signatures): "
        f"{counted.count('by-nature')}"
    )
