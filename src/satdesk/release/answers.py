"""One reader's answers, sealed: what others may know of them before all are in is a salted digest.

A reader keeps the answers with a salt of 256 random bits in a file of their own; the desk's log
gets the SHA-256 of exactly those bytes, signed by the reader's key. Nobody can try answers against
it, and the reader cannot change them. Once two readers have sealed theirs they are opened: the
bytes themselves go into the log.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from satdesk.core.statement import Answer, AskedStatement, ReaderAnswer
from satdesk.errors import UsageError, VerificationError
from satdesk.release.clearance import Reading, Subject
from satdesk.release.schema import check
from satdesk.release.statements import read_toml

__all__ = [
    "KEPT_FORMAT",
    "answers_in",
    "digest_of",
    "kept_text",
    "read_answers",
    "require_whole",
    "with_answers",
]

KEPT_FORMAT = "satdesk-answers/1"
_SALT_BYTES = 32

Given = tuple[str, str, Answer, str]
"""Statement's id, site's id, answer, reason."""


def read_answers(path: Path) -> tuple[Given, ...]:
    """The answers that a reader wrote (``answers.schema.json``).

    Raises:
        MissingInputError: There is no such file.
        BrokenInputError: It is not TOML.
        UsageError: It does not follow the schema, or a reason is no line of words.
    """
    document = read_toml(path, "list of answers")
    check(document, "answers", subject=path)
    return _given(document["answer"])


def require_whole(given: Sequence[Given], gaps: Mapping[tuple[str, str], str | None]) -> None:
    """UsageError unless each question that the images cover is answered once, and no other.

    Args:
        given: A reader's answers.
        gaps: Why the images do not cover a question ``(statement, site)``; None = they do.
    """
    pairs = [(statement, site) for statement, site, _, _ in given]
    for pair in pairs:
        if pair not in gaps:
            raise UsageError("an answer to a question that is not asked", found="/".join(pair))
        if gaps[pair] is not None:
            raise UsageError(
                "these images do not cover it: that is its answer, and nobody is asked",
                subject="/".join(pair),
                found=gaps[pair],
                remedy="leave this answer out",
            )
        if pairs.count(pair) > 1:
            raise UsageError("a question is answered twice", found="/".join(pair))
    missing = [pair for pair, gap in gaps.items() if gap is None and pair not in pairs]
    if missing:
        raise UsageError(
            "a question is not answered",
            found=", ".join("/".join(pair) for pair in missing),
            expected="one of " + ", ".join(each.value for each in Answer) + ", with a reason",
        )


def kept_text(given: Sequence[Given], subject: Subject) -> str:
    """What the reader keeps: the answers, what they are about, and a salt that nobody can guess."""
    listed = sorted(given, key=lambda each: each[:2])
    document = {
        "format": KEPT_FORMAT,
        "release": subject.release,
        "revision": subject.revision,
        "subject_sha256": subject.digest,
        "salt": secrets.token_hex(_SALT_BYTES),
        "answer": [
            {"statement": statement, "site": site, "answer": answer.value, "reason": reason}
            for statement, site, answer, reason in listed
        ],
    }
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def digest_of(kept: str) -> str:
    """SHA-256 (hex) of what a reader keeps."""
    return hashlib.sha256(kept.encode()).hexdigest()


def answers_in(kept: str, subject: Subject) -> tuple[Given, ...]:
    """The answers in what a reader kept.

    Raises:
        VerificationError: It is not ours, or about another subject.
    """
    try:
        document: Mapping[str, Any] = json.loads(kept)
        about = tuple(document[key] for key in ("format", "release", "revision", "subject_sha256"))
        check({"answer": document["answer"]}, "answers")
        given = _given(document["answer"])
    except (ValueError, KeyError, TypeError, RecursionError, UsageError) as error:
        raise VerificationError("these are no answers that were kept", found=str(error)) from error
    if about != (KEPT_FORMAT, subject.release, subject.revision, subject.digest):
        raise VerificationError(
            "these answers are about another release, or about other pictures of it",
            found=f"{about[1]} revision {about[2]}",
            expected=f"{subject.release} revision {subject.revision}, as it is now",
        )
    return given


def with_answers(
    statements: Sequence[AskedStatement],
    readings: Iterable[Reading],
    subject: Subject,
) -> tuple[AskedStatement, ...]:
    """The statements with what readers answered where the images cover them.

    Raises:
        VerificationError: What a reader kept is not about `subject`.
    """
    given: dict[tuple[str, str], list[ReaderAnswer]] = {}
    for reading in readings:
        for statement, site, answer, reason in answers_in(reading.kept, subject):
            told = ReaderAnswer(reader=reading.reader, answer=answer, reason=reason)
            given.setdefault((statement, site), []).append(told)
    return tuple(
        replace(
            each,
            questions=tuple(
                replace(question, answers=tuple(given.get((each.statement.id, question.site), ())))
                if question.gap is None
                else question
                for question in each.questions
            ),
        )
        for each in statements
    )


def _given(listed: Sequence[Mapping[str, str]]) -> tuple[Given, ...]:
    for each in listed:
        if not each["reason"].strip() or not each["reason"].isprintable():
            raise UsageError(
                "an answer has no reason",
                subject=f"{each['statement']}/{each['site']}",
                found=repr(each["reason"]),
                expected="one line of words",
            )
    return tuple((e["statement"], e["site"], Answer(e["answer"]), e["reason"]) for e in listed)
