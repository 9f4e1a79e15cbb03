"""Before and after laid on each other: the displacement between two dates, or why there is none.

Two orthoimages of one place on one grid still differ by what camera, attitude and terrain left.
Windows over both are matched (`coregister_match`), those that agree with one smooth field are kept
(changed and moving things do not), and the simplest field that held-out windows support is fitted
(`coregister_fit`). Whether the pair is registered at all is decided by three limits, each of which
refuses: enough windows that agree, spread over the ground, with a small error on those held out
and little that the others say together against it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satdesk.core.sensor import FloatArray
from satdesk.errors import LimitError
from satdesk.geometry.coregister_agree import agreeing, contradiction, fit_agreeing
from satdesk.geometry.coregister_fit import Field, Fitted
from satdesk.geometry.coregister_match import Matches, PicturePair, match_windows

__all__ = [
    "MAX_RESIDUAL_PX",
    "MIN_SPREAD_PERCENT",
    "MIN_WINDOWS",
    "PicturePair",
    "Registration",
    "coregister",
    "refusal",
]

MIN_WINDOWS = 10
"""Windows that must agree; and of those with usable ground, `_MIN_AGREEING` must."""
_MIN_AGREEING = 0.3
MIN_SPREAD_PERCENT = 25.0
"""Share of the usable ground that the agreeing windows must enclose."""
MAX_RESIDUAL_PX = 0.4
"""Largest `Registration.residual_px`: up to it the field was true to 0.3 px in 99 % of pairs.

Simulated ones, of other seasons, suns, views and deformations (benchmarks/coregistration_limit.py).
"""
_SIGNIFICANT_PX = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """How one date lies against another on one grid.

    What the fixed date shows at ``(col, row)``, the moving one shows at
    ``(col + dcol, row + drow)``.

    Attributes:
        kind: ``shift``, ``affine``, ``local``, or ``none`` where nothing was found.
        field: The displacement; None for ``none``.
        center_px: Displacement ``dcol, drow`` at the mean of the windows used; None likewise.
        interval_95_px: Half-widths of the 95 % interval of `center_px`; None likewise.
        largest_px: Largest displacement at a window used; None likewise.
        n_windows: Windows with usable ground on both dates.
        n_used: Windows that agree with one field.
        needed: Windows that had to.
        spread_percent: Share of the usable ground that the windows used enclose.
        held_out_rmse_px: Root mean square distance of held-out windows from the field; None
            likewise.
        held_out_interval_95_px: Its 95 % interval, by bootstrap; None likewise.
        residual_spread_px: Robust spread of the windows about the field; None likewise.
        contradiction_px: What windows beside each other, used or not, agree on against the field
            (`coregister_agree.contradiction`); None likewise.
        score: Median correlation of the windows used; 0 where there is none.
        reason: Why nothing could be measured; None where it was.
    """

    kind: str
    field: Field | None
    center_px: tuple[float, float] | None
    interval_95_px: tuple[float, float] | None
    largest_px: float | None
    n_windows: int
    n_used: int
    needed: int
    spread_percent: float
    held_out_rmse_px: float | None
    held_out_interval_95_px: tuple[float, float] | None
    residual_spread_px: float | None
    contradiction_px: float | None
    score: float
    reason: str | None = None

    @property
    def significant(self) -> bool:
        """More than 0.1 px somewhere, and not explained by the interval: worth moving pixels."""
        if self.center_px is None or self.interval_95_px is None or self.largest_px is None:
            return False
        if self.kind != "shift":
            return self.largest_px > _SIGNIFICANT_PX
        beyond = (abs(c) > h for c, h in zip(self.center_px, self.interval_95_px, strict=True))
        return self.largest_px > _SIGNIFICANT_PX and any(beyond)

    @property
    def residual_px(self) -> float | None:
        """What the field is judged by: its held-out error, and what neighbours say against it.

        The held-out error is divided by the root of the share of windows that agree: the others
        were not held against the field, and where they are many, it says less. Both are added as
        squares. None without a field.
        """
        if self.held_out_rmse_px is None or self.contradiction_px is None or not self.n_used:
            return None
        share = min(self.n_used / self.n_windows, 1.0)
        return float(np.hypot(self.held_out_rmse_px / np.sqrt(share), self.contradiction_px))

    def displacement(self, col: FloatArray, row: FloatArray) -> tuple[FloatArray, FloatArray]:
        """``dcol, drow`` in pixels at places of the grid (outer corner = 0); 0 without a field."""
        if self.field is None:
            return np.zeros_like(col), np.zeros_like(row)
        return self.field.at(col, row)

    def lineage_digest(self) -> str:
        """SHA-256 (hex) of the fields."""
        text = json.dumps(asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


def coregister(
    pairs: Sequence[PicturePair],
    *,
    max_shift: int = 16,
    spread: Callable[..., Iterable[Any]] = map,
) -> Registration:
    """Measure how the moving pictures of `pairs` lie against the fixed ones.

    Args:
        pairs: Samples of one grid, spread over it; or the whole as one pair.
        max_shift: Largest common shift that is looked for, pixels.
        spread: Applies a function to each sample, in order; ``ThreadPoolExecutor.map`` does so on
            several cores.

    Returns:
        The registration; `refusal` says whether it may be relied on.
    """
    usable = [pair for pair in pairs if pair.fixed_usable.any() and pair.moving_usable.any()]
    if not usable:
        return _nothing(0, 0, "the two dates share no usable ground")
    matches = match_windows(usable, max_shift=max_shift, spread=spread)
    near = agreeing(matches.places, matches.offsets)
    n_used = int(near.sum())
    if n_used < 5:
        return _nothing(len(matches.ground), n_used, _why(matches))
    # too few are not followed: chance must not lead on to enough of them
    reach = float(matches.side) if n_used >= _needed(len(matches.ground)) else 0.0
    used, fitted = fit_agreeing(matches.places, matches.offsets, matches.weights, near, reach)
    return _registration(
        matches, matches.places[used], fitted, float(np.median(matches.scores[used]))
    )


def _why(matches: Matches) -> str:
    if not len(matches.ground):
        return "the two dates share no usable ground with texture"
    return "the windows of the two dates do not agree on any displacement"


def _needed(n_windows: int) -> int:
    return max(MIN_WINDOWS, int(np.ceil(_MIN_AGREEING * n_windows)))


def _nothing(n_windows: int, n_used: int, reason: str) -> Registration:
    return Registration(
        kind="none",
        field=None,
        center_px=None,
        interval_95_px=None,
        largest_px=None,
        n_windows=n_windows,
        n_used=n_used,
        needed=_needed(n_windows),
        spread_percent=0.0,
        held_out_rmse_px=None,
        held_out_interval_95_px=None,
        residual_spread_px=None,
        contradiction_px=None,
        score=0.0,
        reason=reason,
    )


def _registration(
    matches: Matches, places: FloatArray, fitted: Fitted, score: float
) -> Registration:
    dcol, drow = fitted.field.at(*places.mean(axis=0, keepdims=True).T)
    everywhere = np.hypot(*fitted.field.at(places[:, 0], places[:, 1]))
    return Registration(
        kind=fitted.kind,
        field=fitted.field,
        center_px=(float(dcol[0]), float(drow[0])),
        interval_95_px=fitted.shift_interval_95_px,
        largest_px=float(everywhere.max()),
        n_windows=len(matches.ground),
        n_used=len(places),
        needed=_needed(len(matches.ground)),
        spread_percent=_spread_percent(places, matches.ground, matches.side),
        held_out_rmse_px=fitted.rmse_px,
        held_out_interval_95_px=fitted.interval_95_px,
        residual_spread_px=fitted.spread_px,
        contradiction_px=contradiction(
            matches.places, matches.offsets, fitted.field, float(matches.side)
        ),
        score=score,
    )


def _spread_percent(places: FloatArray, ground: FloatArray, side: int) -> float:
    """Area that the windows at `places` enclose, of that which those on usable ground enclose."""
    share = _enclosed(places, side) / _enclosed(ground, side)
    return float(min(100.0 * share, 100.0))


def _enclosed(places: FloatArray, side: int) -> float:
    from scipy.spatial import ConvexHull  # noqa: PLC0415 - slow to load, and no orthoimage needs it

    corners = side / 2 * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
    points: NDArray[np.float64] = (places[:, None] + corners).reshape(-1, 2)
    return float(ConvexHull(points).volume)


def refusal(registration: Registration, *, subject: str | None = None) -> LimitError | None:
    """Why a registration may not be relied on; None where it may.

    Rules: ``coregistration-too-few``, ``coregistration-spread``, ``coregistration-residual``.
    """
    r = registration
    if r.reason is not None or r.n_used < r.needed or r.residual_px is None:
        return _too_few(r, subject)
    if r.spread_percent < MIN_SPREAD_PERCENT:
        return LimitError(
            "the windows on which the two dates agree lie too close together",
            rule="coregistration-spread",
            measured=round(100 - r.spread_percent, 1),
            limit=100 - MIN_SPREAD_PERCENT,
            unit="% of the usable ground not enclosed",
            found=f"they enclose {r.spread_percent:.0f} % of the usable ground",
            expected=f"at least {MIN_SPREAD_PERCENT:g} %",
            remedy="choose scenes whose clear ground in common surrounds the area",
            subject=subject,
        )
    return None if r.residual_px <= MAX_RESIDUAL_PX else _residual(r, r.residual_px, subject)


def _residual(r: Registration, residual_px: float, subject: str | None) -> LimitError:
    share = r.n_used / r.n_windows
    return LimitError(
        "the two dates still differ after co-registration",
        rule="coregistration-residual",
        measured=round(residual_px, 3),
        limit=MAX_RESIDUAL_PX,
        unit="px",
        found=f"{r.held_out_rmse_px:.2f} px RMS on windows held out, {share:.0%} of which agree; "
        f"neighbouring windows say {r.contradiction_px:.2f} px against the field",
        expected=f"at most {MAX_RESIDUAL_PX:g} px of both together",
        remedy="refine both scenes, take a finer DEM, or scenes of one season and hour",
        subject=subject,
    )


def _too_few(r: Registration, subject: str | None) -> LimitError:
    why = r.reason or "too few windows agree on one displacement"
    agree = "agrees" if r.n_used == 1 else "agree"
    return LimitError(
        f"the two dates cannot be laid on each other: {why}",
        rule="coregistration-too-few",
        measured=float(max(r.needed - r.n_used, 1)),
        limit=0.0,
        unit="windows lacking",
        found=f"{r.n_used or 'none'} of {r.n_windows} windows with usable ground {agree}"
        if r.n_windows
        else "no window with usable ground",
        expected=f"at least {r.needed} that agree",
        remedy="choose scenes with more clear, unchanged ground in common, or check that both "
        "show this place",
        subject=subject,
    )
