"""``satdesk simulate``: a bundle whose truth is known."""

from __future__ import annotations

from pathlib import Path

import click

from satdesk.cli.answer import print_json
from satdesk.cli.options import FILE, as_json, overwrite

__all__ = ["command"]


@click.command("simulate")
@click.argument("scenario", default="demo")
@click.option("--out", type=FILE, required=True, help="Folder for bundles, terrain and truth.")
@click.option("--seed", type=int, default=1, show_default=True)
@overwrite
@as_json
def command(scenario: str, *, out: Path, seed: int, overwrite: bool, as_json: bool) -> None:
    """Make SCENARIO: SIMULATED DIMAP bundles, the terrain they were made over, and the truth."""
    from satdesk import desk  # noqa: PLC0415 - heavy, and only this command's

    answer = desk.simulate(scenario, out, seed=seed, overwrite=overwrite)
    if as_json:
        print_json(answer)
        return
    for bundle in answer["bundles"]:
        click.echo(bundle)
