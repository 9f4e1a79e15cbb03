"""What a recipe asks for besides the images: a house style, sizes of plates, videos, press kits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from satdesk.errors import UnsafeInputError, UsageError

__all__ = ["OutputsChoice", "outputs_of", "outputs_table", "require_packages", "require_within"]

_DEFAULT = ("a4",)
_PACKAGES = {"video": ("imageio_ffmpeg", "imageio-ffmpeg"), "press_kit": ("typst", "typst")}
"""The modules that draw them, and their packages; the extra satdesk[press] brings both."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputsChoice:
    """What is to be drawn, and how it looks.

    Attributes:
        style: Folder of a house style; None = ours.
        plates: Names of the sizes of plates.
        video: Shapes in which the dates follow each other as a film; empty = none.
        press_kit: Languages in which there is a press kit; empty = none.
    """

    style: Path | None = None
    plates: tuple[str, ...] = _DEFAULT
    video: tuple[str, ...] = ()
    press_kit: tuple[str, ...] = ()


def outputs_of(document: Mapping[str, Any], folder: Path) -> OutputsChoice:
    """What a recipe that follows the schema asks for; its paths are relative to `folder`."""
    from satdesk.release.language import language  # noqa: PLC0415 - loads Babel, and few verbs ask

    style = document.get("style", {}).get("folder")
    return OutputsChoice(
        style=None if style is None else folder / style,
        plates=tuple(document.get("plates", {}).get("sizes", _DEFAULT)),
        video=tuple(document.get("video", {}).get("shapes", ())),
        press_kit=tuple(
            language(tag).tag for tag in document.get("press_kit", {}).get("languages", ())
        ),
    )


def outputs_table(choice: OutputsChoice) -> dict[str, Any]:
    """The same as tables of a recipe, JSON-ready; the style's folder by name."""
    style = None if choice.style is None else {"folder": choice.style.name}
    plates = None if choice.plates == _DEFAULT else {"sizes": list(choice.plates)}
    video = {"shapes": list(choice.video)} if choice.video else None
    kit = {"languages": list(choice.press_kit)} if choice.press_kit else None
    return {"style": style, "plates": plates, "video": video, "press_kit": kit}


def require_within(folder: Path, choice: OutputsChoice) -> None:
    """Refuse a style that lies outside the recipe's own folder.

    Raises:
        UnsafeInputError: Its path leads out, or a link does.
    """
    style = choice.style
    if style is not None and not style.resolve().is_relative_to(folder.resolve()):
        raise UnsafeInputError(
            "style.folder lies outside the recipe's folder",
            found=str(style),
            expected="a folder beside the recipe",
            remedy="copy the style there",
        )


def require_packages(choice: OutputsChoice) -> None:
    """Refuse what cannot be drawn here, before anything is computed.

    Raises:
        UsageError: A package is not installed.
    """
    for key, (module, package) in _PACKAGES.items():
        if getattr(choice, key) and find_spec(module) is None:
            raise UsageError(
                f"the recipe asks for a {key.replace('_', ' ')}, which needs a further package",
                subject=key,
                found=f"not installed: {package}",
                expected="the extra satdesk[press]",
                remedy=f"pip install 'satdesk[press]', or take [{key}] out of the recipe",
            )
