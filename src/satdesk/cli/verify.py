"""``satdesk verify``: who released it, and whether it is unchanged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from satdesk.cli.answer import print_json
from satdesk.cli.options import FILE, as_json

__all__ = ["command"]

_FAILED = 5


@click.command("verify")
@click.argument("subject", type=FILE, metavar="RELEASE_OR_FILE")
@click.option(
    "--trust",
    type=FILE,
    multiple=True,
    envvar="SATDESK_TRUST",
    help="PEM file of root certificates that you trust [SATDESK_TRUST].",
)
@as_json
def command(subject: Path, *, trust: tuple[Path, ...], as_json: bool) -> int:
    """Say who released RELEASE_OR_FILE, and whether it is unchanged; nothing is fetched.

    Exits 5 unless every file is trusted and nobody took the release back; a corrected one is told,
    with the revision that takes its place. It does not say that what a picture shows is true.
    """
    from satdesk import desk  # noqa: PLC0415 - heavy, and only this command's

    answer = desk.verify(subject, trust=trust)
    if as_json:
        print_json(answer)
    else:
        _print(answer)
    return 0 if answer["stands"] else _FAILED


def _print(answer: dict[str, Any]) -> None:
    click.echo(answer["words"])
    for file in answer["files"]:
        if file["verdict"] != "trusted" or answer["kind"] == "file":
            click.echo(f"  {file['verdict']}: {_shown(file['path'])}: {_shown(file['words'])}")
        for source in file["ingredients"]:
            if source["state"] in {"altered", "unknown-signer"} or answer["kind"] == "file":
                click.echo(f"    source {_shown(source['title'])}: {_shown(source['words'])}")
    if answer["advice"] is not None:
        click.echo(answer["advice"])
    for sentence in answer["limits"]:
        click.echo(sentence)


def _shown(text: str) -> str:
    """Without what a terminal would obey: names of files may come from a stranger."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
