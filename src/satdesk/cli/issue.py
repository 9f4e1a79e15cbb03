"""``satdesk issue``: the job itself."""

from __future__ import annotations

import os
from pathlib import Path

import click

from satdesk.cli.answer import print_json
from satdesk.cli.options import FILE, accept, accepted, as_json, overwrite
from satdesk.cli.progress import progress_bar

__all__ = ["command"]


@click.command("issue")
@click.argument("recipe", type=FILE)
@click.option("--out", type=FILE, required=True, help="The release's folder; must not exist.")
@accept
@click.option("--sign", type=FILE, metavar="KEYFOLDER", help="Sign with the keys of satdesk keys.")
@click.option(
    "--certificates",
    type=FILE,
    envvar="SATDESK_CERTIFICATES",
    help="Sign: PEM, signing certificate first [SATDESK_CERTIFICATES].",
)
@click.option(
    "--key",
    type=FILE,
    envvar="SATDESK_KEY",
    help="Sign: PEM private key [SATDESK_KEY]; its pass-phrase only in SATDESK_KEY_PASSPHRASE.",
)
@click.option(
    "--timestamp",
    metavar="URL",
    envvar="SATDESK_TIMESTAMP",
    help="An RFC 3161 time stamp server [SATDESK_TIMESTAMP]; one that is away holds nothing up.",
)
@click.option(
    "--embed",
    multiple=True,
    type=click.Choice(["cog", "pdf"]),
    help="Put credentials into these files, too, instead of beside them.",
)
@click.option(
    "--log",
    type=FILE,
    envvar="SATDESK_LOG",
    help="The desk's log, where reviews and sign-offs stand; without it a DRAFT [SATDESK_LOG].",
)
@click.option(
    "--trust",
    type=FILE,
    multiple=True,
    envvar="SATDESK_TRUST",
    help="Root certificates (PEM) of those who may review and sign off [SATDESK_TRUST].",
)
@click.option(
    "--by",
    metavar="NAME",
    envvar="SATDESK_BY",
    help="Who answers for what is accepted; stands in the log [SATDESK_BY].",
)
@overwrite
@as_json
def command(  # noqa: PLR0913 - click hands over one argument an option
    recipe: Path,
    *,
    out: Path,
    accept: tuple[str, ...],
    sign: Path | None,
    certificates: Path | None,
    key: Path | None,
    timestamp: str | None,
    embed: tuple[str, ...],
    log: Path | None,
    trust: tuple[Path, ...],
    by: str | None,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Turn the scenes of RECIPE into a release: images, plates, press pictures, page, STAC.

    The release appears whole, or not at all. It is signed where keys are named. It is a DRAFT until
    it was reviewed and signed off by two different keys (satdesk review, sign-off), whatever else
    holds it back was accepted by somebody, and the log that says so is named.
    """
    from satdesk import desk  # noqa: PLC0415 - heavy, and only this command's

    signing = None
    if sign is not None or certificates is not None or key is not None:
        secret = os.environ.get("SATDESK_KEY_PASSPHRASE")
        signing = desk.Signing(
            folder=sign,
            certificates=certificates,
            key=key,
            passphrase=None if secret is None else secret.encode(),
            timestamp_url=timestamp,
            embedded=embed,
        )
    with progress_bar("issue") as progress:
        answer = desk.issue(
            recipe,
            out,
            accept=accepted(accept),
            overwrite=overwrite,
            progress=progress,
            signing=signing,
            desk=None if log is None else desk.Desk(log=log, trust=trust, by=by),
        )
    if as_json:
        print_json(answer)
        return
    click.echo(f"{answer['status'].upper()} release {answer['release']}: {answer['path']}")
    if answer["status"] == "embargoed":
        click.echo(f"  embargo until {answer['embargo_until']}")
    for reason in answer["draft_reasons"]:
        click.echo(f"  draft because {reason}")
    for site in answer["unpublished_sites"]:
        click.echo(f"  not published: {site['site']} ({site['reason']})")
    for line in _signed(answer["signing"]):
        click.echo(f"  {line}")
    if answer["page"]:
        click.echo(f"  page: {answer['page']}")


def _signed(signing: dict[str, object] | None) -> list[str]:
    if signing is None:
        return []
    notices = signing["notices"]
    listed = [str(each) for each in notices] if isinstance(notices, list) else []
    return [f"signed as {signing['claims_to_be']}", *listed]
