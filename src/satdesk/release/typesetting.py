"""The typesetter (typst), at work in a folder of its own: it sees what is put there alone."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from satdesk.errors import UnreadableInputError, UsageError

__all__ = ["Standard", "typeset"]

Standard = Literal["a-2a", "ua-1"]
"""PDF/A-2a (ISO 19005-2, accessible) and PDF/UA-1 (ISO 14289-1)."""


def typeset(
    given: Mapping[str, bytes],
    *,
    kind: Literal["pdf", "png"],
    fonts: Sequence[Path] = (),
    standards: Sequence[Standard] = (),
    moment: int = 0,
) -> bytes:
    """Compile ``main.typ`` among the `given` files.

    Args:
        given: Files by plain names.
        kind: ``pdf`` or ``png`` (at 72 dpi).
        fonts: Folders of fonts; no font of the machine is used.
        standards: PDF standards that the document must meet.
        moment: Unix seconds that stand in it instead of the clock's.

    Raises:
        UsageError: The package is not installed.
        UnreadableInputError: It cannot be compiled, or does not meet the standards.
    """
    try:
        import typst  # noqa: PLC0415 - optional
    except ImportError as error:
        raise UsageError(
            "this needs a typesetter, and there is none",
            found="not installed: typst",
            expected="the extra satdesk[press]",
            remedy="pip install 'satdesk[press]'",
        ) from error
    with tempfile.TemporaryDirectory() as folder:
        for name, data in given.items():
            (Path(folder) / name).write_bytes(data)
        try:
            made = typst.compile(
                str(Path(folder) / "main.typ"),
                root=folder,
                font_paths=[str(path) for path in fonts],
                ignore_system_fonts=True,
                format=kind,
                ppi=72.0 if kind == "png" else None,
                pdf_standards=list(standards),
                timestamp=moment,
            )
        except RuntimeError as error:
            raise UnreadableInputError(
                "the typesetter refuses it", found=str(error).replace(folder, "")[:500]
            ) from error
    return bytes(made)
