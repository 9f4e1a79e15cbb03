"""``satdesk inspect``: what is this delivery."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from satdesk.cli.answer import print_json, print_table
from satdesk.cli.options import FILE, as_json, scene_choice, scene_options

__all__ = ["command"]


@click.command("inspect")
@click.argument("bundle", type=FILE, required=False)
@scene_options
@as_json
def command(bundle: Path | None, *, as_json: bool) -> None:
    """Say what BUNDLE is: every fact that its metadata states, and what is wrong with it.

    BUNDLE is a folder, a zip or a metadata file; two loose files are --pan FILE --ms FILE. Exits 0
    whenever the metadata reads, with what is wrong under "problems".
    """
    from satdesk import desk  # noqa: PLC0415 - heavy, and only this command's

    report = desk.inspect(scene_choice(bundle))
    if as_json:
        print_json(report)
        return
    _print_scene(report)
    for image in report["images"]:
        _print_image(image)
    for problem in report["problems"]:
        click.echo(
            f"\nPROBLEM {problem['code']}{' (blocks processing)' if problem['blocks'] else ''}\n"
            f"  {problem['file']}\n  found: {problem['found']}\n"
            f"  expected: {problem['expected']}\n  do: {problem['remedy']}"
        )


def _print_scene(report: dict[str, Any]) -> None:
    taken = report["acquisition"]
    when = None if taken is None else taken["instant"] or f"{taken['day']}, time not known"
    print_table(
        [
            ("scene", report["id"]),
            ("mission", report["mission"]),
            ("instrument", report["instrument"]),
            ("profile", report["profile"]),
            ("level", report["level"]),
            ("acquired (UTC)", when),
            ("cloud %", report["cloud_percent"]),
            ("snow %", report["snow_percent"]),
            ("credit", report["credit"]),
            *((f"{a['where']}", _angles(a)) for a in report["angles"]),
            *((f"mask {m['kind']} ({m['image_id']})", m["path"]) for m in report["masks"]),
            *report["facts"].items(),
        ]
    )


def _angles(angles: dict[str, Any]) -> str:
    named = {
        "incidence": "incidence_deg",
        "view azimuth": "view_azimuth_deg",
        "off nadir": "viewing_deg",
        "sun elevation": "sun_elevation_deg",
        "sun azimuth": "sun_azimuth_deg",
    }
    stated = [
        f"{name} {angles[key]:.2f}°" for name, key in named.items() if angles[key] is not None
    ]
    return ", ".join(stated) or "no angles stated"


def _print_image(image: dict[str, Any]) -> None:
    click.echo(f"\nimage {image['id']}")
    rpc = image["rpc"]
    print_table(
        [
            ("  files", ", ".join(f"{f['path']} ({f['state']})" for f in image["files"])),
            ("  size", f"{image['cols']} x {image['rows']}"),
            ("  geometry", image["geometry"] + (f", {image['crs']}" if image["crs"] else "")),
            ("  RPC", rpc and rpc["file"]),
            ("  sample", image["dtype"]),
            ("  significant bits", image["bits"]),
            ("  nodata", image["nodata"]),
            ("  saturated", image["saturated"]),
            ("  pixel stated (m)", image["gsd_m"]),
            ("  pixel native (m)", image["native_gsd_m"]),
            *((f"  band {b['name']}", _band(b)) for b in image["bands"]),
        ]
    )


def _band(band: dict[str, Any]) -> str:
    keys = (
        "provider_id",
        "gain",
        "bias",
        "irradiance",
        "quantification",
        "offset",
        "wavelength_nm",
    )
    return ", ".join(f"{key} {band[key]}" for key in keys if band[key] is not None) or "no facts"
