"""What goes beside simulated scenes so that they can be issued: recipe, district, sites."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

__all__ = ["KITS", "write_kit"]

KITS = {
    "demo": ("recipe.toml", "district.geojson", "sites.geojson"),
    "strips": ("recipe.toml",),
}
"""Files that ship for a scenario, by its name."""


def write_kit(name: str, folder: Path) -> None:
    """Write the recipe of scenario `name` and what it refers to into `folder`, if it has one."""
    for file in KITS.get(name, ()):
        text = files("satdesk").joinpath("data", name, file).read_text("utf-8")
        (folder / file).write_text(text, encoding="utf-8", newline="\n")
