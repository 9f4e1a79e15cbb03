"""XML elements as text, for documents of our own."""

from __future__ import annotations

from collections.abc import Iterable
from xml.sax.saxutils import escape, quoteattr

import numpy as np

__all__ = ["href", "leaf", "leaves", "number", "tag"]


def tag(name: str, *children: str) -> str:
    """An element with children."""
    return f"<{name}>\n{_joined(children)}\n</{name}>"


def _joined(children: Iterable[str]) -> str:
    return "\n".join(child for child in children if child)


def leaf(name: str, text: str) -> str:
    """An element with text, escaped."""
    return f"<{name}>{escape(text)}</{name}>"


def leaves(*values: tuple[str, float]) -> list[str]:
    """One element for each number, with every digit of a double."""
    return [leaf(name, number(value)) for name, value in values]


def number(value: float) -> str:
    """A whole number as such, any other with every digit of a double."""
    return repr(int(value) if isinstance(value, int | np.integer) else float(value))


def href(name: str, reference: str) -> str:
    """An empty element that refers to something."""
    return f"<{name} href={quoteattr(reference)}/>"
