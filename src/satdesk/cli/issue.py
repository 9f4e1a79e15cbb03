"""``satdesk issue``: the job itself."""

from __future__ import annotations

from pathlib import Path

import click

from satdesk.cli.answer import print_json
from satdesk.cli.options import FILE, accepted, as_json, overwrite
from satdesk.cli.progress import progress_bar

__all__ = ["command"]


@click.command("issue")
@click.argument("recipe", type=FILE)
@click.option("--out", type=FILE, required=True, help="The release's folder; must not exist.")
@click.option("--accept", multiple=True, metavar="RULE=REASON", help="Accept one broken rule.")
@overwrite
@as_json
def command(
    recipe: Path, *, out: Path, accept: tuple[str, ...], overwrite: bool, as_json: bool
) -> None:
    """Turn the scenes of RECIPE into a release: images, plates, press pictures, page, STAC.

    The release appears whole, or not at all.
    """
    from satdesk import desk  # noqa: PLC0415 - heavy, and only this command's

    with progress_bar("issue") as progress:
        answer = desk.issue(
            recipe, out, accept=accepted(accept), overwrite=overwrite, progress=progress
        )
    if as_json:
        print_json(answer)
        return
    click.echo(f"{answer['status'].upper()} release {answer['release']}: {answer['path']}")
    for reason in answer["draft_reasons"]:
        click.echo(f"  draft because {reason}")
    for site in answer["unpublished_sites"]:
        click.echo(f"  not published: {site['site']} ({site['reason']})")
    if answer["page"]:
        click.echo(f"  page: {answer['page']}")
