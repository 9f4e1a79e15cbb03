"""From linear light to eyes: one curve, fitted once for a release and shared by all its dates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satdesk.core.sensor import FloatArray
from satdesk.core.units import Quantity
from satdesk.errors import DisjointInputError, UsageError

__all__ = ["ToneCurve", "fit_tone"]

_STEPS = 1 << 14
_MID_GREY = 0.18
"""Display light of the scenes' median: what photography exposes a scene's average for."""
_KNEE, _SNOW_KNEE, _SNOW_SHARE = 0.6, 0.3, 0.02
"""Where the shoulder begins; and where, when so much of the dates is cloud or snow: twice the
levels for snow, against bright ground that is shown up to a fifteenth darker."""
_BRIGHT = 0.4
"""Reflectance above which a pixel that is bright in every band is taken for cloud or snow."""
_WHITE_RANGE = (0.12, 0.6)
_TOP = 1.2
"""Reflectance at which display white is reached: fresh snow on a sunlit slope."""
_SAMPLES = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ToneCurve:
    """How linear light becomes 8-bit sRGB: monotonic, the same for every pixel and every date.

    For each channel ``x = (v − low) / (white − low)``. Up to `knee` display light is ``x`` itself;
    above it a shoulder bends it, without a break in slope, so that it reaches 1 at `top`. Last, the
    sRGB encoding of IEC 61966-2-1. A pixel with the value `white` or `top` in every channel is
    neutral.

    Attributes:
        low: Black point of each channel (the haze that all dates share), in `quantity`; one number
            for a grey image.
        white: Where the straight part would reach display white; the same in all channels.
        top: Where display white is reached.
        knee: Where the shoulder starts, in display light, 0–1.
        quantity: What the numbers mean.
    """

    low: tuple[float, ...]
    white: float
    top: float
    knee: float = _KNEE
    quantity: Quantity = Quantity.TOA

    def __post_init__(self) -> None:
        if not self.low or not max(self.low) < self.white < self.top:
            raise UsageError(
                "a tone curve needs low < white < top",
                found=f"{self.low}, {self.white:g}, {self.top:g}",
            )
        if not 0 < self.knee < 1:
            raise UsageError("a tone curve's knee lies between 0 and 1", found=repr(self.knee))

    def grey(self) -> ToneCurve:
        """The same curve for a single band, with the mean of the black points."""
        return replace(self, low=(sum(self.low) / len(self.low),))

    def apply(self, values: NDArray[Any]) -> NDArray[np.uint8]:
        """8-bit sRGB, ``(band, y, x)``, of linear `values`; NaN becomes 0.

        Raises:
            UsageError: `values` has more bands than the curve has channels, unless the curve is
                for grey.
        """
        lows = self.low * len(values) if len(self.low) == 1 else self.low
        if len(lows) != len(values):
            raise UsageError("a tone curve's channels", found=str(len(values)), expected=str(lows))
        shown = np.empty(values.shape, dtype=np.uint8)
        for out, plane, low in zip(shown, values, lows, strict=True):
            out[:] = self._apply_plane(plane, low)
        return shown

    def _apply_plane(self, plane: NDArray[Any], low: float) -> NDArray[np.uint8]:
        # a table of 2^14 steps is finer than half a grey level everywhere but in the first levels
        light = np.linspace(low, self.top, _STEPS)
        table = np.rint(255 * _srgb(self._display_light(light, low))).astype(np.uint8)
        scale = np.float32((_STEPS - 1) / (self.top - low))
        index = (plane.astype(np.float32, copy=False) - np.float32(low)) * scale + np.float32(0.5)
        index = np.nan_to_num(index, nan=0.0, posinf=_STEPS - 1, neginf=0.0)
        return np.asarray(table[np.clip(index, 0, _STEPS - 1).astype(np.intp)])

    def _display_light(self, light: FloatArray, low: float) -> FloatArray:
        x = (light - low) / (self.white - low)
        end = (self.top - low) / (self.white - low)
        slope = max((end - self.knee) / (1 - self.knee), 1.0)
        u = np.clip((x - self.knee) / (end - self.knee), 0.0, 1.0)
        shoulder = slope * u / (1 + (slope - 1) * u)
        return np.where(x <= self.knee, x, self.knee + (1 - self.knee) * shoulder).clip(0.0, 1.0)


def _srgb(light: FloatArray) -> FloatArray:
    """Gamma encoding of IEC 61966-2-1:1999; light and result 0–1."""
    high = 1.055 * np.maximum(light, 0.0031308) ** (1 / 2.4) - 0.055
    return np.where(light <= 0.0031308, 12.92 * light, high)


def fit_tone(
    samples: Sequence[tuple[NDArray[Any], NDArray[np.bool_]]],
    *,
    quantity: Quantity = Quantity.TOA,
) -> ToneCurve:
    """Fit the one curve that all dates of a release share.

    The curve is exposed for the ground: the median brightness becomes mid grey (18 % display
    light), unless the brightest 2 % would then pass 90 %. In reflectance, pixels brighter than 0.4
    in every channel (cloud or snow) take no part, as long as a twentieth of the pixels remains, and
    the white point stays between 0.12 and 0.6, so that neither a lake nor a snow field is shown as
    something else. Where they are more than a fiftieth of the dates the shoulder begins at 30 %
    display light and not at 60 %. Every date has the same say, whatever its number of usable
    pixels.

    Args:
        samples: For each date ``(values, valid)``: ``(channel, y, x)`` in the order of display
            (three channels, or one for grey) and ``(y, x)``, True = usable.
        quantity: Of the values; the same for all dates.

    Raises:
        DisjointInputError: No usable pixel in any sample.
        UsageError: The samples differ in their channels, or show gamma-encoded pictures.
    """
    if quantity is Quantity.DISPLAY:
        raise UsageError("a picture for display is not toned again", found=quantity.value)
    pixels = _pooled(samples)
    reflectance = quantity in (Quantity.TOA, Quantity.BOA)
    ground = _without_snow(pixels) if reflectance else pixels
    low = np.quantile(ground, 0.005, axis=1)
    # never darker than black paint, never so high that it is no haze any more
    low = np.clip(low * 0.9, 0.0, 0.15) if reflectance else low - 0.1 * np.abs(low)
    curve = _exposed(ground, pixels, low, quantity=quantity)
    snowy = reflectance and float(_is_snow(pixels).mean()) >= _SNOW_SHARE
    return replace(curve, knee=_SNOW_KNEE) if snowy else curve


def _exposed(
    ground: FloatArray, pixels: FloatArray, low: FloatArray, *, quantity: Quantity
) -> ToneCurve:
    base = float(low.mean())
    brightness = ground.mean(axis=0) - base
    median, bright = np.quantile(brightness, [0.5, 0.98])
    span = max(median / _MID_GREY, bright / 0.9)
    if quantity in (Quantity.TOA, Quantity.BOA):
        white = min(max(base + float(span), _WHITE_RANGE[0] + float(low.max())), _WHITE_RANGE[1])
        return ToneCurve(low=_floats(low), white=white, top=_TOP, quantity=quantity)
    # counts have no known scale: the brightest thousandth is where white is reached
    floor = max(float(low.max()), base)
    white = max(base + float(span), floor + 1e-6 * max(1.0, abs(floor)))
    top = max(float(np.quantile(pixels, 0.9999)), base + 1.5 * (white - base))
    return ToneCurve(low=_floats(low), white=white, top=top, quantity=quantity)


def _floats(values: FloatArray) -> tuple[float, ...]:
    return tuple(float(value) for value in values)


def _pooled(samples: Sequence[tuple[NDArray[Any], NDArray[np.bool_]]]) -> FloatArray:
    """``(channel, n)`` of all dates, the same number from each that has any."""
    if len({len(values) for values, _ in samples}) > 1:
        raise UsageError("the dates differ in their channels")
    dates = [_usable(values, valid) for values, valid in samples]
    dates = [date for date in dates if date.shape[1]]
    if not dates:
        raise DisjointInputError(
            "no date has a usable pixel to fit the display to",
            expected="scenes that cover the area",
        )
    chosen = [
        date[:, np.linspace(0, date.shape[1] - 1, _SAMPLES).astype(np.intp)] for date in dates
    ]
    return np.concatenate(chosen, axis=1)


def _usable(values: NDArray[Any], valid: NDArray[np.bool_]) -> FloatArray:
    pixels = values[:, valid].astype(np.float64)
    return np.asarray(pixels[:, np.isfinite(pixels).all(axis=0)])


def _is_snow(pixels: FloatArray) -> NDArray[np.bool_]:
    """``(n,)`` True = bright in every channel: snow or cloud."""
    return np.asarray(pixels.min(axis=0) >= _BRIGHT)


def _without_snow(pixels: FloatArray) -> FloatArray:
    ground = pixels[:, ~_is_snow(pixels)]
    return ground if ground.shape[1] >= 0.05 * pixels.shape[1] else pixels
