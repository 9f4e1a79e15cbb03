"""The fused pass with numpy: the definition of what ``satdesk._kernel`` computes, to the last bit.

Each operation is one addition, multiplication or division of float32 in the order that stands
here, so that C without fused multiply-adds gives the same bytes on every processor, and so does
this module where nothing could be compiled. `satdesk.geometry.onepass` says what the functions
take.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["PATCH", "heights", "render"]

PATCH = 128
"""Pixels along the side of a patch."""

_PAD = 3
_FAR = np.float32(-1e6)
_ONE, _HALF = np.float32(1), np.float32(0.5)
_LAST = np.float32(65_535)
_UNUSABLE, _WHOLE, _BROKEN = 0, 1, 2
_SMOOTH = 1

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

_ALONG = ((2.0 * np.arange(PATCH) - (PATCH - 1)) / (PATCH - 1)).astype(np.float32)


def heights(  # noqa: PLR0913, PLR0917 - the C function's arguments, in its order
    cells: Floats, hidden: Mask | None, parts: int, base: NDArray[np.int32], terms: Floats,
    reference: Floats, kind: NDArray[np.uint8], down: int, across: int, out: Floats, low: Floats,
    high: Floats,
) -> None:  # fmt: skip
    """See `satdesk.geometry.onepass.heights`."""
    for patch in range(down * across):
        top, left = patch // across * PATCH, patch % across * PATCH
        here = out[top : top + PATCH, left : left + PATCH]
        here[:] = np.nan
        if kind[patch] == _SMOOTH:
            col, row = _quadratic(terms[patch, 0]), _quadratic(terms[patch, 1])
            here[:] = _height(cells, base[patch], reference[patch], col, row)
            if hidden is not None:
                here[_is_hidden(hidden, parts, base[patch], col, row)] = np.nan
        low[patch] = np.min(here, where=~np.isnan(here), initial=np.inf)
        high[patch] = np.max(here, where=~np.isnan(here), initial=-np.inf)


def _quadratic(terms: Floats) -> Floats:
    """``(PATCH, PATCH)`` of terms ``(v, u)``: first in v, then in u."""
    v = _ALONG[:, None]
    a, b, c = (terms[0, j] + v * (terms[1, j] + v * terms[2, j]) for j in range(3))
    value: Floats = a + _ALONG * (b + _ALONG * c)
    return value


def _bounded(position: Floats) -> Floats:
    near = (position > _FAR) & (position < -_FAR)
    return np.where(near, position, _FAR)


def _height(
    cells: Floats, base: NDArray[np.int32], reference: np.float32, col: Floats, row: Floats
) -> Floats:
    left, a, known = _between(base[0], _bounded(col), cells.shape[1])
    top, b, also = _between(base[1], _bounded(row), cells.shape[0])
    right, bottom = left + (cells.shape[1] > 1), top + (cells.shape[0] > 1)
    p, q, r, s = cells[top, left], cells[top, right], cells[bottom, left], cells[bottom, right]
    above, below = (p - reference) + a * (q - p), (r - reference) + a * (s - r)
    height: Floats = above + b * (below - above)
    return np.where(known & also, height, np.float32(np.nan))


def _between(
    base: np.int32, offset: Floats, size: int
) -> tuple[NDArray[np.intp], Floats, NDArray[np.bool_]]:
    whole = np.floor(offset)
    share, cell = offset - whole, whole.astype(np.intp) + int(base)
    known = (cell >= 0) & ((cell < size - 1) | ((cell == size - 1) & (share == 0)))
    last = (cell == size - 1) & (size > 1)
    share = np.where(last, _ONE, share)
    return np.where(known, cell - last, 0), share, known


def _is_hidden(hidden: Mask, parts: int, base: NDArray[np.int32], col: Floats, row: Floats) -> Mask:
    rows, cols = hidden.shape
    col, row = _bounded(col), _bounded(row)
    across = np.floor((col + _HALF) * np.float32(parts)).astype(np.intp) + int(base[0]) * parts
    down = np.floor((row + _HALF) * np.float32(parts)).astype(np.intp) + int(base[1]) * parts
    return np.asarray(hidden[np.clip(down, 0, rows - 1), np.clip(across, 0, cols - 1)])


def render(  # noqa: PLR0913, PLR0917 - the C function's arguments, in its order
    out: NDArray[Any], valid: Mask, top: int, left: int,
    down: int,  # noqa: ARG001 - C checks lengths with it
    across: int, height: Floats,
    pan: tuple[Any, ...] | None, ms: tuple[Any, ...] | None, tone: tuple[Any, ...],
    fastest: int,  # noqa: ARG001 - numpy has one form
) -> int:  # fmt: skip
    """See `satdesk.geometry.onepass.render`."""
    rows, cols = valid.shape
    fine, coarse = (None if image is None else _Window(image) for image in (pan, ms))
    lines = np.zeros((2, rows, -(-(left + cols) // PATCH)), np.float32)
    for row in range(top // PATCH, -(-(top + rows) // PATCH)):
        for col in range(left // PATCH, -(-(left + cols) // PATCH)):
            first, last = max(row * PATCH, top), min((row + 1) * PATCH, top + rows)
            begin, end = max(col * PATCH, left), min((col + 1) * PATCH, left + cols)
            here = np.s_[first - top : last - top, begin - left : end - left]
            place = (row * across + col, np.s_[first:last, begin:end])
            values, usable = _patch(fine, coarse, height, place, tone)
            valid[here] = usable
            lines[:, here[0], col] = _store(values, usable, tone, out, here)
    _add(tone[4], lines)
    return int(valid.sum())


class _Window:
    """One image: samples as padded floats ``(band, y, x)``, masks, and where patches look."""

    def __init__(self, image: tuple[Any, ...]) -> None:
        values, valid, slope, intercept, *where = image
        self.base, self.terms, self.middle, self.inverse, self.kind, self.exact = where
        usable = np.ones(values.shape[1:], bool) if valid is None else valid
        calibrated = values.astype(np.float32) * slope[:, None, None] + intercept[:, None, None]
        around = ((_PAD, _PAD), (_PAD, _PAD))
        self.samples = np.pad(np.where(usable, calibrated, np.float32(0)), ((0, 0), *around))
        self.usable = np.pad(usable, around)

    def look(self, patch: int, here: tuple[slice, slice], height: Floats) -> tuple[Floats, Mask]:
        """Values ``(band, y, x)`` and what is usable, of a part of one patch."""
        shape = height[here].shape
        if self.kind[patch] == 0:
            return np.zeros((len(self.samples), *shape), np.float32), np.zeros(shape, bool)
        x, fx = _split(self._position(0, patch, here, height), self.base[patch, 0])
        y, fy = _split(self._position(1, patch, here, height), self.base[patch, 1])
        usable = self._usable(x + 1 + (fx >= _HALF), y + 1 + (fy >= _HALF))
        values = np.zeros((len(self.samples), *shape), np.float32)
        values[:, usable] = self._sampled(x[usable], y[usable], fx[usable], fy[usable])
        return values, usable

    def _position(self, axis: int, patch: int, here: tuple[slice, slice], height: Floats) -> Floats:
        if self.kind[patch] != _SMOOTH:
            found: Floats = self.exact[axis][here]
            return found
        part = tuple(slice(s.start % PATCH, (s.stop - 1) % PATCH + 1) for s in here)
        t = (height[here] - self.middle[patch]) * self.inverse[patch]
        a, b, c = (_quadratic(self.terms[patch, axis, k])[part] for k in range(3))
        value: Floats = a + t * (b + t * c)
        return value

    def _usable(self, col: NDArray[np.intp], row: NDArray[np.intp]) -> Mask:
        rows, cols = self.usable.shape
        inside = (col >= 0) & (row >= 0) & (col < cols) & (row < rows)
        here = self.usable[np.where(inside, row, 0), np.where(inside, col, 0)]
        return np.asarray(inside & here)

    def _sampled(self, x: NDArray[np.intp], y: NDArray[np.intp], fx: Floats, fy: Floats) -> Floats:
        wx, wy = _keys(fx), _keys(fy)
        counts = {(r, c): self.usable[y + r, x + c] for r in range(4) for c in range(4)}
        whole = np.ones(x.shape, bool)
        for (r, c), good in counts.items():
            whole &= good | (wy[r] * wx[c] == 0)
        values = self._cubic(x, y, wx, wy)
        broken = ~whole
        values[:, broken] = self._linear(x[broken], y[broken], fx[broken], fy[broken])
        return values

    def _cubic(
        self, x: NDArray[np.intp], y: NDArray[np.intp], wx: list[Floats], wy: list[Floats]
    ) -> Floats:
        m = []
        for c in range(4):
            taps = [self.samples[:, y + r, x + c] for r in range(4)]
            column = wy[0] * taps[0] + wy[1] * taps[1]
            column = column + wy[2] * taps[2]
            m.append(wx[c] * (column + wy[3] * taps[3]))
        if len(self.samples) == 1:  # the order in which a vector of one band is summed
            return np.asarray((m[0] + m[1]) + (m[2] + m[3]))
        return np.asarray((m[0] + m[2]) + (m[1] + m[3]))

    def _linear(self, x: NDArray[np.intp], y: NDArray[np.intp], fx: Floats, fy: Floats) -> Floats:
        total = np.zeros((len(self.samples), *x.shape), np.float32)
        weights, whole = np.zeros(x.shape, np.float32), np.ones(x.shape, bool)
        for k in range(4):
            r, c = y + 1 + k // 2, x + 1 + k % 2
            weight = (fy if k // 2 else _ONE - fy) * (fx if k % 2 else _ONE - fx)
            good = self.usable[r, c]
            whole &= good | (weight == 0)
            weight = np.where(good, weight, np.float32(0))
            weights = weights + weight
            total = total + weight * self.samples[:, r, c]
        return np.asarray(total / np.where(whole, _ONE, weights))


def _split(position: Floats, base: np.int32) -> tuple[NDArray[np.intp], Floats]:
    """First of four taps in the padded window, and the distance from the second."""
    position = _bounded(position)
    whole = np.floor(position)
    return whole.astype(np.intp) + int(base) + _PAD - 1, position - whole


def _keys(t: Floats) -> list[Floats]:
    """Keys' cubic, a = −0.5, of four taps; Horner's rule, tap by tap."""
    rows = ((0, -0.5, 1, -0.5), (1, 0, -2.5, 1.5), (0, 0.5, 2, -1.5), (0, 0, -0.5, 0.5))
    tables = [[np.float32(c) for c in row] for row in rows]
    return [np.asarray(a + t * (b + t * (c + t * d)), np.float32) for a, b, c, d in tables]


def _patch(
    fine: _Window | None,
    coarse: _Window | None,
    height: Floats,
    place: tuple[int, tuple[slice, slice]],
    tone: tuple[Any, ...],
) -> tuple[Floats, Mask]:
    looked = [image.look(*place, height) for image in (fine, coarse) if image is not None]
    usable = np.logical_and.reduce([good for _, good in looked])
    if len(looked) == 1:
        return looked[0][0], usable
    return _sharpened(looked[0][0][0], looked[1][0], *tone[:3]), usable


def _sharpened(pan: Floats, ms: Floats, weights: Floats, offset: float, floor: float) -> Floats:
    """Weighted Brovey as `radiometry.sharpen.weighted_brovey`."""
    least = np.float32(floor)
    total = np.zeros(pan.shape, np.float32)
    for weight, plane in zip(weights, ms, strict=True):
        total = total + weight * plane
    detail = pan - np.float32(offset)
    dark = total < least
    with np.errstate(all="ignore"):
        q = np.where(dark, detail - total, detail) / np.where(dark, least, total)
        q = np.where(dark, _ONE + q, q)
        values = ms * np.where(q > 0, q, np.float32(0))
    return np.where((values > 0) & np.isfinite(values), values, np.float32(0))


def _store(
    values: Floats,
    usable: Mask,
    tone: tuple[Any, ...],
    out: NDArray[Any],
    here: tuple[slice, slice],
) -> Floats:
    """Fill a part of `out`; of each of its lines ``(2, y)`` what `_account` returns."""
    scale, loss = tone[3:]
    if out.dtype == np.float32:
        bands = values[: len(out)]
        out[(slice(None), *here)] = np.where(usable, bands, np.float32(0))
        return np.zeros((2, len(usable)), np.float32)
    bands = values[: out.shape[2]]
    changed = np.zeros((2, len(usable)), np.float32)
    if loss is not None:
        changed = _account(bands, usable, loss)
    scaled = bands * np.float32(scale)
    scaled = np.where(scaled > _ONE, scaled, _ONE)
    whole = np.rint(np.where(scaled < _LAST, scaled, _LAST)).astype(np.uint16)
    out[here] = np.where(usable, whole, 0).transpose(1, 2, 0)
    return changed


def _account(bands: Floats, usable: Mask, loss: NDArray[np.float64]) -> Floats:
    """Sums of a patch's lines, ``(2, y)``: of magnitudes and of changes; `loss` gets its range."""
    fill = ((0, 0), (0, 0), (0, PATCH - usable.shape[1]))
    value, counts = np.pad(bands, fill), np.pad(usable[None], fill)
    whole = np.rint(np.clip(value, np.float32(0), _LAST))
    zero, far = np.float32(0), np.float32(np.inf)
    loss[2] = min(loss[2], np.where(counts, value, far).min())
    loss[3] = max(loss[3], np.where(counts, value, -far).max())
    of_bands = (np.where(counts, np.abs(v), zero) for v in (value, value - whole))
    return np.stack([_folded(np.add.accumulate(each)[-1]) for each in of_bands])


def _folded(lines: Floats) -> Floats:
    """``(y,)`` of ``(y, PATCH)``: the upper half added to the lower, again and again."""
    while lines.shape[1] > 1:
        half = lines.shape[1] // 2
        lines = lines[:, :half] + lines[:, half:]
    return lines[:, 0]


def _add(loss: NDArray[np.float64] | None, lines: Floats) -> None:
    """Lines are summed in double precision: row by row, in each row patch by patch."""
    if loss is None:
        return
    for k, each in enumerate(lines):
        loss[k] = np.cumsum([loss[k], *each.ravel().astype(np.float64)])[-1]
