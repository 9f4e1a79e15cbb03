"""``satdesk statements``: sentences about the district, answered by readers of the pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from satdesk.cli.answer import print_json
from satdesk.cli.options import FILE, as_json, signing_options
from satdesk.cli.standing import shown, signing_of
from satdesk.errors import UsageError

__all__ = ["command"]


@click.command("statements")
@click.argument("action", type=click.Choice(["list", "answer", "open"]))
@click.argument("release", type=FILE)
@click.option("--answers", type=FILE, help="answer: your answers (TOML), one to each question.")
@click.option(
    "--keep",
    type=FILE,
    help="answer: where your answers are kept, with their salt; open: that file.",
)
@signing_options
@as_json
def command(  # noqa: PLR0913 - click hands over one argument an option
    action: str,
    release: Path,
    *,
    answers: Path | None,
    keep: Path | None,
    sign: Path | None,
    certificates: Path | None,
    key: Path | None,
    log: Path,
    as_json: bool,
) -> None:
    """Answer the statements of the draft RELEASE, blind to the other readers' answers.

    list says what is asked and who has answered. answer seals yours: the log gets a salted digest,
    signed by your key, and nobody can read or change the answers. open reveals them, once two
    readers with different keys have sealed theirs. Then satdesk issue with --log publishes them.
    """
    from satdesk import desk  # noqa: PLC0415 - heavy, and only this command's

    if action == "list":
        answer = desk.statements(release, log=log)
    elif action == "answer":
        answer = desk.answer_statements(
            release,
            _named(answers, "--answers"),
            _named(keep, "--keep"),
            signing=signing_of(sign, certificates, key),
            log=log,
        )
    else:
        signing = signing_of(sign, certificates, key)
        answer = desk.open_answers(release, _named(keep, "--keep"), signing=signing, log=log)
    if as_json:
        print_json(answer)
        return
    _print(answer, whole=action == "list")


def _named(path: Path | None, option: str) -> Path:
    if path is None:
        raise UsageError(f"{option} is needed", expected=f"{option} FILE")
    return path


def _print(answer: dict[str, Any], *, whole: bool) -> None:
    click.echo(f"statements of {answer['release']} revision {answer['revision']}")
    for each in answer["asked"] if whole else ():
        what = "asked" if each["gap"] is None else f"not covered ({each['gap']})"
        click.echo(f"  {each['statement']}/{each['site']}: {what}: {shown(each['text'])}")
    for seal in answer["sealed"]:
        state = "opened" if seal["opened"] else "sealed"
        click.echo(f"  {state}: claims to be {shown(seal['reader'])}, {seal['at']}")
    if answer["kept"] is not None and not whole:
        click.echo(f"  kept: {answer['kept']}")
