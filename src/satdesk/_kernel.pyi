"""The fused pass in C; `satdesk.geometry.onepass` says what its functions take."""

from typing import Any

def heights(
    heights: Any, hidden: Any, parts: int, base: Any, terms: Any, reference: Any, kind: Any,
    down: int, across: int, out: Any, low: Any, high: Any, /,
) -> None: ...
def project(numbers: Any, lon: Any, lat: Any, height: Any, col: Any, row: Any, /) -> None: ...
def render(
    out: Any, valid: Any, top: int, left: int, down: int, across: int, heights: Any, pan: Any,
    ms: Any, tone: Any, vectors: bool, /,
) -> int: ...
def vectors() -> bool: ...
