"""Rules that a measured value breaks: refused, or accepted with a reason that is printed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from satdesk.errors import LimitError, UsageError
from satdesk.release.content import Notice
from satdesk.release.holds import HOLDS

__all__ = ["RULES", "Acceptance", "Accepted", "reasons_of"]

RULES: Mapping[str, str] = {
    "pan-ms-residual": "PAN and MS still differ by more than 0.3 PAN pixels after correction",
    "pan-ms-unmeasured": "nothing in PAN and MS lets their alignment be measured",
    "coregistration-too-few": "too few places show that two dates lie on each other",
    "coregistration-spread": "the places that two dates agree on enclose less than a quarter of "
    "the usable ground",
    "coregistration-residual": "two dates may still differ by more than 0.3 pixels after "
    "co-registration",
    "district-unseen": "less than 1 % of the district was imaged",
    "terrain-missing": "more than 1 % of the picture lies where the terrain knows no height",
    "dem-too-coarse": "the terrain is too coarse for the accuracy that was wanted",
    "accuracy-not-met": "the accuracy that the picture prints is worse than the one wanted",
    "accuracy-not-shown": "an accuracy is wanted and nobody checked the positions",
    "refine-too-few-points": "too few points agree to tell a bad one among them",
    "refine-spread": "the points are too badly spread to speak for the whole image",
    "refine-residual": "the points do not fit the image after the refinement",
    "area-dates-apart": "half of the ground differs by more than 0.06 of reflectance between the "
    "dates",
    "area-no-stable-ground": "more than 40 % of the area is called changed",
    **HOLDS,
}
"""Every rule that can be accepted, with what it refuses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """One rule that was broken and accepted.

    Attributes:
        rule: Its name in `RULES`.
        reason: The reason that was given; printed on the product.
        measured: The value that broke it, in `unit`.
        limit: The limit that it broke, in `unit`.
        said: Both in words, for people.
    """

    rule: str
    reason: str
    measured: float
    limit: float
    unit: str
    said: str

    @property
    def notice(self) -> Notice:
        """What stands on the product."""
        return Notice(
            code=f"accepted:{self.rule}",
            text=(f"Accepted although {RULES[self.rule]} ({self.said}): {self.reason}"),
        )


@dataclass(slots=True, kw_only=True)
class Acceptance:
    """The rules that one job accepts, and a record of those that were used.

    Raises:
        UsageError: A rule that does not exist.
    """

    reasons: Mapping[str, str]
    used: list[Accepted] = field(default_factory=list)

    def __post_init__(self) -> None:
        unknown = sorted(set(self.reasons) - set(RULES))
        if unknown:
            raise UsageError(
                f"there is no rule {unknown[0]!r} to accept", expected=", ".join(sorted(RULES))
            )

    def settle(self, error: LimitError) -> Notice:
        """The notice to print if `error`'s rule is accepted; else raise `error`."""
        reason = self.reasons.get(error.rule)
        if reason is None:
            raise error
        accepted = Accepted(
            rule=error.rule,
            reason=reason,
            measured=error.measured,
            limit=error.limit,
            unit=error.unit,
            said=f"{error.found}; expected: {error.expected}",
        )
        self.used.append(accepted)
        return accepted.notice


def reasons_of(accept: Sequence[tuple[str, str]] | Mapping[str, str]) -> dict[str, str]:
    """Rules and reasons by the rule, as programs hand them over.

    Raises:
        UsageError: They are no pairs of a rule and its reason.
    """
    try:
        found = dict(accept)
    except (TypeError, ValueError):
        found = {}
    texts = all(isinstance(text, str) for pair in found.items() for text in pair)
    if isinstance(accept, str) or (accept and not found) or not texts:
        raise UsageError(
            "rules are accepted in pairs with their reasons",
            found=repr(accept)[:100],
            expected='[("pan-ms-residual", "why")]',
        )
    return found
