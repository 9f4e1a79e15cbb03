"""``satdesk places``: districts and sites by any of their names."""

from __future__ import annotations

from typing import Any

import click

from satdesk.cli.answer import print_json
from satdesk.cli.options import as_json

__all__ = ["command"]


@click.command("places")
@click.argument("query")
@as_json
def command(query: str, *, as_json: bool) -> None:
    """Find districts and sites by QUERY: any of their names in any language, or a code."""
    from satdesk import desk  # noqa: PLC0415 - heavy, and only this command's

    found = desk.places(query)
    if as_json:
        print_json(found)
        return
    for kind in ("districts", "sites"):
        for place in found[kind]:
            _print_place(kind[:-1], place)


def _print_place(kind: str, place: dict[str, Any]) -> None:
    click.echo(f"{kind} {place['id']}: {place['title']}")
    names = ", ".join(
        name["text"] + (f" ({name['language']})" if name.get("language") else "")
        for name in place["names"]
    )
    click.echo(f"  names: {names}")
    if kind == "site" and place.get("centroid"):
        click.echo("  at: {:.5f} {:.5f} (longitude, latitude)".format(*place["centroid"]))
    if kind == "district" and place.get("bbox"):
        click.echo("  box: {:.4f} {:.4f} {:.4f} {:.4f}".format(*place["bbox"]))
    for source in place.get("sources") or [place.get("source")]:
        if source:
            click.echo(
                f"  source: {source['title']}, date {source.get('date') or 'unknown'}, "
                f"viewpoint {source.get('viewpoint') or 'unknown'}"
            )
    if place.get("publication"):
        click.echo(f"  publication: {place['publication']}")
    if place.get("notes"):
        click.echo(f"  note: {place['notes']}")
