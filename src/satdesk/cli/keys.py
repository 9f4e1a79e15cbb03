"""``satdesk keys``: a local certificate authority."""

from __future__ import annotations

from pathlib import Path

import click

from satdesk.cli.answer import print_json
from satdesk.cli.options import FILE, as_json, overwrite

__all__ = ["command"]


@click.command("keys")
@click.argument("action", type=click.Choice(["init"]))
@click.argument("folder", type=FILE)
@click.option("--name", required=True, help="Of your desk; stands in the certificates.")
@click.option(
    "--days", type=int, default=365, show_default=True, help="How long the signing key holds."
)
@overwrite
@as_json
def command(
    action: str,  # noqa: ARG001 - init is the only one
    folder: Path,
    *,
    name: str,
    days: int,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Make a local certificate authority and a signing key in FOLDER.

    For tests and closed circles: only those trust it whom you hand root.pem. Keep FOLDER where
    nothing is published; its private files are readable by you alone.
    """
    from satdesk import desk  # noqa: PLC0415 - heavy, and only this command's

    answer = desk.keys(folder, name=name, days=days, overwrite=overwrite)
    if as_json:
        print_json(answer)
        return
    click.echo(f"keys: {answer['path']}")
    click.echo(f"  signs as {answer['claims_to_be']} until {answer['holds_until']}")
    click.echo(f"  hand out {answer['root']} and nothing else")
    click.echo(f"  SHA-256 of the certificate: {answer['certificate_sha256']}")
