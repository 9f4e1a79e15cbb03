"""Sentences of somebody's text about a district, and what readers of its pictures answered.

A sentence has a source, a period and sites; it has no actor: pictures show what changed, never who
did it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import Enum

from satdesk.core.scene import Acquisition
from satdesk.errors import UsageError

__all__ = [
    "READERS_NEEDED",
    "Answer",
    "AskedStatement",
    "Gap",
    "Outcome",
    "Question",
    "ReaderAnswer",
    "Statement",
]

READERS_NEEDED = 2
"""Nothing is published on one reader's word."""


class Answer(Enum):
    """What a reader may answer, each "by these images"."""

    SUPPORTED = "supported"
    NOT_SUPPORTED = "not-supported"
    CANNOT_BE_DECIDED = "cannot-be-decided"
    NOT_COVERED = "not-covered"


class Gap(Enum):
    """Why these images do not cover a statement at a site; found before any reader is asked."""

    BEGINS_BEFORE = "begins-before"
    """No picture of the site is known to be from before the period."""
    NONE_AFTER = "none-after"
    """No picture of the site is known to be from after the period began."""
    NOT_SEEN = "not-seen"
    """No picture shows the site."""
    NOT_LOCATED = "not-located"
    """Nobody says where the site is."""


class Outcome(Enum):
    """What is published of a question."""

    NOT_COVERED = "not-covered"
    """The images do not cover it; nobody is asked."""
    AGREED = "agreed"
    """All readers, two at least, answered the same."""
    DISAGREED = "disagreed"
    """They did not."""
    NOT_PUBLISHED = "not-published"
    """Fewer than two readers answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One sentence that somebody published.

    Attributes:
        id: Unique among the release's statements.
        text: As its source has it.
        language: BCP 47 tag of the text.
        publisher: Who published it.
        address: Where it stands.
        published: When.
        start: When the period begins of which it speaks.
        end: When that ends.
        sites: Ids of the places of which it speaks.
    """

    id: str
    text: str
    language: str
    publisher: str
    address: str
    published: date
    start: Acquisition
    end: Acquisition
    sites: tuple[str, ...]

    def __post_init__(self) -> None:
        for name, words in (("text", self.text), ("publisher", self.publisher)):
            if not words.strip() or not words.isprintable():
                raise UsageError(
                    f"the {name} of statement {self.id} is no line of words",
                    found=repr(words),
                    expected="one line without control characters",
                )
        if self.end.day < self.start.day or _backwards(self.start, self.end):
            raise UsageError(
                f"the period of statement {self.id} ends before it begins",
                found=f"{self.start.day} to {self.end.day}",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderAnswer:
    """What one reader answered to one question.

    Attributes:
        reader: The name in the reader's certificate, which the desk trusts.
        answer: The answer.
        reason: What is seen, or why nothing can be told.
    """

    reader: str
    answer: Answer
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One statement at one site.

    Attributes:
        site: Id.
        gap: Why the images do not cover it; None = they do, so far as the program can tell.
        dates: Ids of the dates whose pictures show the site, in time order.
        answers: Of the readers, opened; empty where there is a gap.
    """

    site: str
    gap: Gap | None
    dates: tuple[str, ...]
    answers: tuple[ReaderAnswer, ...] = ()

    def __post_init__(self) -> None:
        if self.gap is not None and self.answers:
            raise UsageError(f"the images do not cover {self.site}: nobody is asked")

    @property
    def outcome(self) -> Outcome:
        """What is published of it."""
        if self.gap is not None:
            return Outcome.NOT_COVERED
        if len(self.answers) < READERS_NEEDED:
            return Outcome.NOT_PUBLISHED
        same = len({given.answer for given in self.answers}) == 1
        return Outcome.AGREED if same else Outcome.DISAGREED

    @property
    def published(self) -> tuple[ReaderAnswer, ...]:
        """The answers that may be published: all, or none."""
        told = self.outcome in {Outcome.AGREED, Outcome.DISAGREED}
        return self.answers if told else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedStatement:
    """A statement and its questions, one a site, in the order of its sites."""

    statement: Statement
    questions: tuple[Question, ...]


def _backwards(start: Acquisition, end: Acquisition) -> bool:
    return start.instant is not None and end.instant is not None and end.instant < start.instant
