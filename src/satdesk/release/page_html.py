"""HTML from text that nobody has checked: everything is escaped unless it was built here."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable
from html import escape

from satdesk.release.direction import isolates_kept

__all__ = ["Html", "el", "embed_json", "join", "printable"]

_VOID = frozenset({"br", "hr", "img", "input", "link", "meta"})

_JSON_ESCAPES = str.maketrans(
    {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
)
"""Nothing in a data block can close its element, open a comment or break an old parser's line."""


class Html(str):
    """Markup that is safe to insert as it is; only this module makes it."""

    __slots__ = ()


def el(name: str, /, *children: str | None, **attributes: str | bool | None) -> Html:
    """One element.

    Args:
        name: The tag.
        children: Text, which is escaped, or `Html`, which is not; None is left out.
        attributes: ``class_`` becomes ``class``, ``data_date`` ``data-date``; True stands alone,
            None and False are left out.
    """
    head = "".join(_attribute(key, value) for key, value in attributes.items())
    if name in _VOID:
        return Html(f"<{name}{head}>")
    return Html(f"<{name}{head}>{join(children)}</{name}>")


def join(parts: Iterable[str | None]) -> Html:
    """Text and markup one after the other."""
    return Html("".join(_safe(part) for part in parts if part is not None))


def embed_json(value: object) -> Html:
    """JSON for a ``<script type="application/json">``."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return Html(text.translate(_JSON_ESCAPES))


def _safe(part: str) -> str:
    return part if isinstance(part, Html) else escape(printable(part))


def printable(text: str) -> str:
    """Without control characters, surrogates and overrides of the writing direction.

    The overrides could make a credit read as another one; isolates that are closed cannot.
    """
    kept = isolates_kept(text)
    return "".join(c for c in kept if c in "\n\t" or unicodedata.category(c) not in {"Cc", "Cs"})


def _attribute(key: str, value: str | bool | None) -> str:  # noqa: FBT001 - an attribute's value
    if value is None or value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escape(printable(value))}"'
