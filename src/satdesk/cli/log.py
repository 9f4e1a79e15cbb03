"""``satdesk log``: who did what to which release, and why."""

from __future__ import annotations

from pathlib import Path

import click

from satdesk.cli.answer import print_json
from satdesk.cli.options import FILE, as_json

__all__ = ["command"]


@click.command("log")
@click.argument("log", type=FILE, envvar="SATDESK_LOG")
@as_json
def command(log: Path, *, as_json: bool) -> None:
    """List the desk's LOG, oldest entry first, once its chain is checked [SATDESK_LOG].

    Exits 5 where an entry was changed, taken out or put in.
    """
    from satdesk import desk  # noqa: PLC0415 - heavy, and only this command's

    answer = desk.log(log)
    if as_json:
        print_json(answer)
        return
    for entry in answer["entries"]:
        name = f"{entry['release']} revision {entry['revision']}"
        reason = entry["detail"].get("reason") or entry["detail"].get("note")
        words = f": {reason}" if reason else ""
        rule = f" {entry['detail']['rule']}" if "rule" in entry["detail"] else ""
        who = f"{entry['number']} {entry['at']} {entry['actor']}"
        click.echo(f"{who}: {entry['action']}{rule} {name}{words}")
    click.echo(f"head {answer['head'] or 'none'}: the chain is whole")
