"""A language of the products: its sentences, read from a file and checked, and how it counts.

Days, numbers, plurals and lists follow the Unicode CLDR (Babel); the sentences stand in
``data/languages``. Nothing is filled in from another language: a file that lacks a sentence is
refused when it is read.
"""

from __future__ import annotations

import string
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.lists import format_list
from babel.numbers import format_decimal

from satdesk.core.place import Name
from satdesk.errors import BrokenInputError, UsageError
from satdesk.release.direction import LTR, RTL, isolated, without_controls
from satdesk.release.wording import (
    SLOTS,
    Angle,
    Clock,
    Count,
    Day,
    Fact,
    Metres,
    Number,
    Percent,
    Phrase,
    Words,
)

__all__ = ["Language", "language", "languages", "parse_language", "significant", "spoken"]

_KEYS = frozenset({"tag", "name", "locale", "direction", "reviewers", "words"})
_DOTTED = {"az", "tr"}
"""Languages in which the capital of i has a dot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """One language.

    Attributes:
        tag: BCP 47.
        name: What it calls itself.
        locale: Of the CLDR.
        direction: ``ltr`` or ``rtl``.
        reviewers: Native readers who checked the sentences; empty = nobody, and products say so.
        words: Sentences by key; for one that counts, by plural category.
    """

    tag: str
    name: str
    locale: str
    direction: str
    reviewers: tuple[str, ...]
    words: Mapping[str, str | Mapping[str, str]]

    @property
    def rtl(self) -> bool:
        """Whether it is written from right to left."""
        return self.direction == RTL

    def say(self, key: str, **facts: Fact) -> str:
        """The sentence `key` with its facts.

        Raises:
            TypeError: The facts are not those of the sentence: a bug of the caller.
        """
        slots = SLOTS[key]
        kinds = {name: type(fact) for name, fact in facts.items()}
        if kinds != dict(slots):
            raise TypeError(f"{key} takes {dict(slots)}, not {kinds}")
        template = self.words[key]
        if not isinstance(template, str):
            count = next(f.value for f in facts.values() if isinstance(f, Count))
            template = template[Locale.parse(self.locale).plural_form(count)]
        return template.format_map({name: self.show(fact) for name, fact in facts.items()})

    def show(self, fact: Fact) -> str:
        """One fact as it stands in a sentence."""
        match fact:
            case Words():
                shown = isolated(fact.text, self.direction)
            case Phrase():
                shown = fact.text
            case Number() | Count():
                shown = self._number(fact.value)
            case Metres():
                shown = self.say("metres", number=Number(fact.value))
            case Percent():
                shown = self.say("percent", number=Number(fact.value))
            case Angle():
                shown = f"{self._number(fact.value)}°"
            case Day():
                shown = without_controls(format_date(fact.value, "long", locale=self.locale))
            case Clock():
                shown = f"{fact.value:%H:%M:%S}"
        return shown

    def listed(self, texts: Iterable[str]) -> str:
        """Somebody's texts as ``A, B and C``."""
        shown = [isolated(text, self.direction) for text in texts]
        return format_list(shown, locale=self.locale).replace("\u200f", "")

    def title_of(self, names: Sequence[Name]) -> str:
        """The name of a place in this language; where it has none the English one, or the first."""
        for tag in (self.tag, "en"):
            for name in names:
                if name.language == tag:
                    return name.text
        return names[0].text

    def capitalised(self, text: str) -> str:
        """`text` with a capital at its beginning."""
        return self.upper(text[:1]) + text[1:]

    def upper(self, text: str) -> str:
        """`text` in capitals."""
        return (text.replace("i", "İ") if self.tag in _DOTTED else text).upper()

    @property
    def review(self) -> str:
        """Who reviewed its words, or that no native speaker did."""
        if not self.reviewers:
            return self.say("not_reviewed")
        return self.say("reviewed", reviewers=Words(", ".join(self.reviewers)))

    def _number(self, value: Decimal | int) -> str:
        places = max(0, -int(Decimal(value).as_tuple().exponent))
        pattern = f"0.{'0' * places}" if places else "0"
        shown = format_decimal(value, pattern, locale=self.locale, numbering_system="latn")
        return without_controls(shown)


def significant(value: float, digits: int) -> Decimal:
    """`value` with at most `digits` significant digits, without zeros that say nothing."""
    return Decimal(f"{float(f'{value:.{digits}g}'):f}").normalize() + Decimal(0)


@cache
def languages() -> Mapping[str, Language]:
    """Every language that ships, by tag; English first."""
    folder = files("satdesk").joinpath("data", "languages")
    found = [
        parse_language(entry.read_text(encoding="utf-8"), subject=entry.name)
        for entry in folder.iterdir()
        if entry.name.endswith(".toml")
    ]
    ordered = sorted(found, key=lambda each: (each.tag != "en", each.tag))
    return {each.tag: each for each in ordered}


def language(tag: str) -> Language:
    """The language of a BCP 47 tag; subtags that no file knows are left off (RFC 4647, 3.4).

    Raises:
        UsageError: satdesk has no words of it.
    """
    known = languages()
    wanted = tag
    while wanted not in known and "-" in wanted:
        wanted = wanted.rpartition("-")[0]
    if wanted not in known:
        raise UsageError(
            "satdesk has no words in this language",
            found=repr(tag),
            expected=", ".join(f"{each.tag} ({each.name})" for each in known.values()),
            remedy="choose one of these",
        )
    return known[wanted]


def parse_language(text: str, *, subject: str) -> Language:
    """A language from its file's text, checked.

    Raises:
        BrokenInputError: A sentence is missing or unknown, has another placeholder than its facts,
            or lacks a plural that the language needs.
    """
    try:
        document = tomllib.loads(text)
        made = _language(document)
        locale = Locale.parse(made.locale)
    except (tomllib.TOMLDecodeError, TypeError, ValueError, UnknownLocaleError) as error:
        raise BrokenInputError("this is no language", subject=subject, found=str(error)) from error
    plurals = {*locale.plural_form.tags, "other"}
    for key in sorted(SLOTS.keys() | made.words.keys()):
        fault = _fault(key, made.words.get(key), plurals)
        if fault is not None:
            raise BrokenInputError(
                f"the sentence {key} does not do",
                subject=subject,
                found=fault,
                expected=", ".join(f"{{{name}}}" for name in SLOTS.get(key, {})) or "no facts",
            )
    return made


def _language(document: Mapping[str, Any]) -> Language:
    if document.keys() != _KEYS:
        raise ValueError(f"keys {sorted(document)}, expected {sorted(_KEYS)}")
    words, reviewers = document["words"], document["reviewers"]
    if not isinstance(words, dict) or not isinstance(reviewers, list):
        raise TypeError("words are a table, reviewers a list")
    named = {key: document[key] for key in ("tag", "name", "locale", "direction")}
    if not all(isinstance(each, str) and each.strip() for each in (*named.values(), *reviewers)):
        raise TypeError("tag, name, locale, direction and reviewers are texts")
    if named["direction"] not in {LTR, RTL}:
        raise ValueError(f"direction {named['direction']!r}, expected ltr or rtl")
    return Language(**named, reviewers=tuple(reviewers), words=words)


def _fault(key: str, given: object, plurals: set[str]) -> str | None:
    """What is wrong with a sentence; None where nothing is."""
    if key not in SLOTS:
        return "a sentence that nobody asks for"
    if given is None:
        return "it is missing"
    counts = any(kind is Count for kind in SLOTS[key].values())
    if isinstance(given, dict) != counts:
        return "plurals where nothing is counted, or none where something is"
    if isinstance(given, dict) and given.keys() != plurals:
        return f"plurals {', '.join(sorted(given))} instead of {', '.join(sorted(plurals))}"
    texts = given.values() if isinstance(given, dict) else (given,)
    faults = (_text_fault(text, SLOTS[key].keys()) for text in texts)
    return next((fault for fault in faults if fault is not None), None)


def _text_fault(text: object, names: Iterable[str]) -> str | None:
    if not isinstance(text, str) or not text.strip():
        return "no text"
    if without_controls(text) != text or any(ord(c) < 32 for c in text):
        return "control characters"
    try:
        parts = list(string.Formatter().parse(text))
    except ValueError as error:
        return str(error)
    if any(spec or conversion for _, _, spec, conversion in parts):
        return "a placeholder with a format; facts bring their own"
    found = sorted(name for _, name, _, _ in parts if name is not None)
    return None if found == sorted(names) else f"placeholders {', '.join(found) or 'none'}"


def spoken(words: Language | None) -> Language:
    """`words`, or English where a caller names no language."""
    return language("en") if words is None else words
