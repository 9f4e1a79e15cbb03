"""How the commands of a desk's workflow name their key and print what holds of a release."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from satdesk.cli.answer import print_json

if TYPE_CHECKING:
    from satdesk.desk import Signing

__all__ = ["print_standing", "shown", "signing_of"]


def signing_of(sign: Path | None, certificates: Path | None, key: Path | None) -> Signing:
    """The key that the options name."""
    from satdesk import desk  # noqa: PLC0415 - heavy, and only for a command that runs

    secret = os.environ.get("SATDESK_KEY_PASSPHRASE")
    return desk.Signing(
        folder=sign,
        certificates=certificates,
        key=key,
        passphrase=None if secret is None else secret.encode(),
    )


def print_standing(answer: dict[str, Any], *, as_json: bool) -> None:
    """Print what holds of a release."""
    if as_json:
        print_json(answer)
        return
    status = answer["status"]
    name = f"release {status['release']} revision {status['revision']}"
    click.echo(f"{answer['now'].upper()} {name}: {shown(answer['path'])}")
    for line in _lines(answer["now"], status):
        click.echo(f"  {shown(line)}")


def _lines(now: str, status: dict[str, Any]) -> list[str]:
    lines = [
        f"{a['kind']}: claims to be {a['claims_to_be']}, {a['at']}" for a in status["approvals"]
    ]
    if now == "draft":
        lines += [f"draft because {reason}" for reason in status["draft_reasons"]]
    if now == "embargoed":
        lines.append(f"embargo until {status['embargo_until']}")
    if status["replaced_by"] is not None:
        lines.append(f"revision {status['replaced_by']['revision']} takes its place")
    lines += [status["kill_notice"] or status["reason"]] if status["reason"] else []
    return lines


def shown(text: str) -> str:
    """Without what a terminal would obey: a release may come from a stranger."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
