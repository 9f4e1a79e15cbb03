"""The press kit: one PDF in a language, tagged and archival, with everything that an editor prints.

It is PDF/A-2a and PDF/UA-1: text in reading order, its language, a description of each picture.
Texts reach the typesetter as data, never as markup.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time
from importlib.resources import files
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from PIL import Image

from satdesk.release.content import Artifact, Content
from satdesk.release.page_sharing import page_address
from satdesk.release.plate_code import code_modules
from satdesk.release.press_kit_facts import kit_facts, kit_pictures
from satdesk.release.typesetting import Standard, typeset

__all__ = ["STANDARDS", "press_kit_bytes", "write_press_kits"]

STANDARDS: tuple[Standard, ...] = ("a-2a", "ua-1")
"""What every press kit meets, or it is not written."""
_MODULE_PX = 8


def write_press_kits(
    content: Content, folder: Path, languages: Sequence[str]
) -> tuple[Artifact, ...]:
    """Write ``press/ID-press-kit-LANGUAGE.pdf`` for each of `languages`.

    The pictures are the clean press images in `folder`, which must be there already. The same
    content gives the same bytes.

    Raises:
        UsageError: The typesetter is not installed, or a language has no words.
        UnreadableInputError: It refuses the document.
    """
    return tuple(_write(content, folder, tag) for tag in languages)


def _write(content: Content, folder: Path, tag: str) -> Artifact:
    mark = "-simulated" if content.simulated and "simulated" not in content.id.lower() else ""
    path = f"press/{content.id}-press-kit-{tag}{mark}.pdf"
    (folder / path).write_bytes(press_kit_bytes(content, folder, tag))
    marks = ["DRAFT"] if content.status.value == "draft" else []
    marks += ["SIMULATED"] if content.simulated else []
    title = ": ".join([*marks, f"{content.title}: press kit ({tag})"])
    return Artifact(path=path, role="press-kit", media_type="application/pdf", title=title)


def press_kit_bytes(content: Content, folder: Path, tag: str) -> bytes:
    """The PDF in the language `tag`."""
    pictures = kit_pictures(content, tag)
    facts = kit_facts(content, pictures, tag)
    given = {name: (folder / path).read_bytes() for name, path in _named(pictures)}
    given |= {name: data for name, data in _drawn(content).items() if data is not None}
    given["kit.json"] = json.dumps(facts, ensure_ascii=False).encode("utf-8")
    template = files("satdesk").joinpath("data", "press_kit", "kit.typ").read_bytes()
    return typeset(
        {"main.typ": template, **given},
        kind="pdf",
        fonts=_fonts(content),
        standards=STANDARDS,
        moment=_moment(content),
    )


def _named(pictures: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    return [(str(each["file"]), str(each["path"])) for each in pictures]


def _drawn(content: Content) -> dict[str, bytes | None]:
    address, logo = page_address(content), content.style.logo
    return {
        "code.png": None if address is None else _code(address),
        "logo.png": None if logo is None else logo.png,
    }


def _code(address: str) -> bytes:
    modules = np.pad(code_modules(address), 4)
    dark = np.kron(modules, np.ones((_MODULE_PX, _MODULE_PX), bool))
    target = io.BytesIO()
    Image.fromarray(np.where(dark, 0, 255).astype(np.uint8)).save(target, format="PNG")
    return target.getvalue()


def _fonts(content: Content) -> list[Path]:
    family = content.style.family
    own = [] if family is None else sorted({family.regular.parent, family.bold.parent})
    return [*own, Path(mpl.get_data_path()) / "fonts" / "ttf"]


def _moment(content: Content) -> int:
    """Unix seconds of the latest acquisition: no clock enters the file."""
    last = max((image.acquisition for image in content.dates), key=lambda a: a.day)
    at = last.instant or datetime.combine(last.day, time(0), tzinfo=UTC)
    return int(at.timestamp())
