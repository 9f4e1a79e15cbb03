"""``satdesk sign-off``: a draft may be issued, says one key."""

from __future__ import annotations

from pathlib import Path

import click

from satdesk.cli.options import FILE, as_json, signing_options
from satdesk.cli.standing import print_standing, signing_of

__all__ = ["command"]


@click.command("sign-off")
@click.argument("release", type=FILE)
@click.option("--note", help="Your words for the log.")
@signing_options
@as_json
def command(
    release: Path,
    *,
    note: str | None,
    sign: Path | None,
    certificates: Path | None,
    key: Path | None,
    log: Path,
    as_json: bool,
) -> None:
    """Sign the draft RELEASE off, after its review; two different keys must.

    Then satdesk issue with the same recipe and --log issues it.
    """
    from satdesk import desk  # noqa: PLC0415 - heavy, and only this command's

    signing = signing_of(sign, certificates, key)
    answer = desk.sign_off(release, signing=signing, log=log, note=note)
    print_standing(answer, as_json=as_json)
