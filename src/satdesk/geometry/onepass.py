"""The fused pass: in C where it was built, with numpy where not, the same bytes from both.

A window of source samples goes in, finished pixels come out: positions by the quadratics of
`geometry.patches`, Keys' cubic, calibration, weighted Brovey, and the stored whole numbers, pixel
by pixel without arrays in between. The numpy twin is some twenty times slower.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satdesk.geometry import onepass_numpy
from satdesk.geometry.onepass_numpy import PATCH

try:
    from satdesk import _kernel as _compiled
except ImportError:  # no compiler when it was installed: the twin gives the same bytes
    _compiled = None  # type: ignore[assignment]

__all__ = ["EXACT", "FASTEST", "OUTSIDE", "PATCH", "SMOOTH", "Tone", "engine", "heights", "render"]

OUTSIDE, SMOOTH, EXACT = 0, 1, 2
"""How the positions of a patch are known: not at all, by quadratics, pixel by pixel."""

FASTEST = 2
"""What `render` is told unless a test wants another form."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tone:
    """What happens to the values of a pixel.

    Attributes:
        weights: float32, one an MS band; None where nothing is sharpened.
        offset: Of weighted Brovey, in the images' quantity.
        floor: As above.
        scale: Stored number for a value of 1.
        loss: float64 ``(4,)`` that is added to: sum of absolute values, sum of the changes by
            storing, lowest and highest value; None = not asked for.
    """

    weights: NDArray[np.float32] | None = None
    offset: float = 0.0
    floor: float = 1.0
    scale: float = 1.0
    loss: NDArray[np.float64] | None = None

    def numbers(self) -> tuple[Any, ...]:
        """As `render` takes them."""
        return (self.weights, self.offset, self.floor, self.scale, self.loss)


def engine() -> str:
    """``avx512``, ``avx2``, ``c`` or ``numpy``: what computes here."""
    return "numpy" if _compiled is None else _compiled.engine()


def heights(*arguments: Any) -> None:  # noqa: ANN401 - buffers, checked in C
    """Heights under some patches, less a reference, and their range.

    Args:
        *arguments: ``cells`` float32 (y, x) in metres, NaN = unknown; ``hidden`` bool (y·parts,
            x·parts) or None; ``parts``; ``base`` int32 (patch, 2) col, row of a cell; ``terms``
            float32 (patch, 2, v, u) from the base, cells' centres whole; ``reference`` float32
            (patch,); ``kind`` uint8 (patch,); ``down``, ``across``; and what is filled: ``out``
            float32 (down · PATCH, across · PATCH), ``low`` and ``high`` float32 (patch,), infinite
            where nothing is known.
    """
    (onepass_numpy if _compiled is None else _compiled).heights(*arguments)


def render(*arguments: Any) -> int:  # noqa: ANN401 - as above
    """The finished pixels of a rectangle; returns how many are usable.

    Args:
        *arguments: ``out``, which is filled: uint16 (y, x, band), 0 = not usable and else from 1
            on, or float32 (band, y, x), 0 where not usable; ``valid`` bool (y, x), filled; ``top``
            and ``left`` of the rectangle, counted from the first patch; ``down``, ``across``;
            ``heights`` as from `heights`; ``pan`` and ``ms``, each None or ``(values (band, y, x)
            of uint8, uint16, int16 or float32; valid bool (y, x) or None; slope and intercept
            float32 (band,); base int32 (patch, 2) in the window; terms float32 (patch, 2, height,
            v, u); middle and inverse float32 (patch,); kind uint8 (patch,); exact float32 (2, y, x)
            or None)``; ``Tone.numbers()``; and the fastest form to be used: 0 plain, 1
            AVX2, 2 AVX-512, each only where the processor has it.
    """
    usable: int = (onepass_numpy if _compiled is None else _compiled).render(*arguments)
    return usable
