"""Typed facts of sentences: what may stand where a sentence has a placeholder."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal

__all__ = [
    "Angle",
    "Clock",
    "Count",
    "Day",
    "Fact",
    "Metres",
    "Number",
    "Percent",
    "Phrase",
    "Words",
]


@dataclass(frozen=True, slots=True)
class Words:
    """Somebody else's text (a name, a credit): kept apart from the sentence around it."""

    text: str


@dataclass(frozen=True, slots=True)
class Phrase:
    """What another sentence of the same language gave."""

    text: str


@dataclass(frozen=True, slots=True)
class Number:
    """A number with the digits that it has."""

    value: Decimal


@dataclass(frozen=True, slots=True)
class Metres:
    """A length."""

    value: Decimal


@dataclass(frozen=True, slots=True)
class Percent:
    """A share in percent."""

    value: Decimal


@dataclass(frozen=True, slots=True)
class Angle:
    """Degrees of an angle."""

    value: Decimal


@dataclass(frozen=True, slots=True)
class Count:
    """How many; decides the plural."""

    value: int


@dataclass(frozen=True, slots=True)
class Day:
    """A calendar day."""

    value: date


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day, whole seconds."""

    value: time


Fact = Words | Phrase | Number | Metres | Percent | Angle | Count | Day | Clock
