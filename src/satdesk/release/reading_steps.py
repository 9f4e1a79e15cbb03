"""The work of the readers of a release: what is asked, answers sealed, answers opened.

Each step loads what needs the extra ``satdesk[sign]`` when it is called.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from satdesk.core.arguments import door
from satdesk.core.statement import READERS_NEEDED
from satdesk.errors import MissingInputError, UsageError
from satdesk.files.store import machine_errors
from satdesk.provenance.extra import require_extra
from satdesk.release.desk_log import DeskLog, Entry
from satdesk.release.signing import Signing, stroke_of
from satdesk.release.status_file import read_status

if TYPE_CHECKING:
    from satdesk.release.clearance import Subject

__all__ = ["answer_statements", "open_answers", "statements"]

_MAX_KEPT = 50_000_000


@door
def statements(release: Path, *, log: Path) -> dict[str, Any]:
    """What readers of a draft are asked, and who sealed answers (``statements_step.schema.json``).

    Raises:
        MissingInputError: The release has no statements.
        VerificationError: It is not as it was written, or the log is broken.
    """
    require_extra()
    from satdesk.release.workflow import subject_of  # noqa: PLC0415 - needs the extra

    subject, document = subject_of(release), _document(release)
    return _told(release, subject, document, _entries(log), kept=None)


@door
def answer_statements(
    release: Path, answers: Path, keep: Path, *, signing: Signing, log: Path
) -> dict[str, Any]:
    """Seal the answers of one reader: the log gets a salted digest, `keep` the answers themselves.

    Args:
        release: The draft.
        answers: What the reader wrote (``answers.schema.json``).
        keep: Is made; only this file can be opened later.
        signing: The reader's key.
        log: The desk's log.

    Raises:
        UsageError: A question is not answered, or one that is not asked is; `keep` exists; the
            release is no draft; other answers are open already.
        VerificationError: The release is not as it was written, or the log is broken.
    """
    require_extra()
    from satdesk.release.answers import (  # noqa: PLC0415 - loaded where answers are given
        kept_text,
        read_answers,
        require_whole,
    )
    from satdesk.release.readings import OPEN, SEAL, seal_facts  # noqa: PLC0415 - needs the extra
    from satdesk.release.workflow import require_apart, subject_of  # noqa: PLC0415 - as above

    require_apart(log, release)
    subject, document, stroke = (
        subject_of(release),
        _document(release),
        _stroke(signing, log, release),
    )
    _require_draft(release)
    given = read_answers(answers)
    require_whole(given, _gaps(document))
    if any(entry.action == OPEN for entry in _about(_entries(log), subject)):
        raise UsageError(
            "other readers' answers are open already",
            subject=release,
            remedy="answers are given before any is opened, or nobody can say that they are blind",
        )
    kept = kept_text(given, subject)
    facts = seal_facts(subject, kept, stroke.signer, at=stroke.now)
    _keep(keep, kept, release)
    _append(stroke, SEAL, subject, facts)
    return _told(release, subject, document, _entries(log), kept=str(keep))


@door
def open_answers(release: Path, keep: Path, *, signing: Signing, log: Path) -> dict[str, Any]:
    """Open the answers that one reader sealed, once two readers have (``statements_step…``).

    Raises:
        UsageError: Fewer than two readers have sealed their answers.
        VerificationError: `keep` is not what this key sealed for this release.
    """
    require_extra()
    from satdesk.errors import VerificationError  # noqa: PLC0415 - with what raises it
    from satdesk.provenance.trust import Trust, public_key_digest  # noqa: PLC0415 - needs the extra
    from satdesk.release.answers import answers_in, digest_of  # noqa: PLC0415 - as above
    from satdesk.release.readings import OPEN, sealed_of  # noqa: PLC0415 - as above
    from satdesk.release.workflow import require_apart, subject_of  # noqa: PLC0415 - as above

    require_apart(log, release)
    subject, document, stroke = (
        subject_of(release),
        _document(release),
        _stroke(signing, log, release),
    )
    kept = _kept(keep)
    answers_in(kept, subject)
    seals = sealed_of(_entries(log), subject, Trust(), at=stroke.now)
    own = public_key_digest(stroke.signer.chain[0])
    if not any(each.key == own and each.answers_sha256 == digest_of(kept) for each in seals):
        raise VerificationError("this key did not seal these answers", subject=keep)
    if len(seals) < READERS_NEEDED:
        raise UsageError(
            "answers are opened when two readers have sealed theirs",
            subject=release,
            found=f"{len(seals)} of {READERS_NEEDED}",
            remedy="wait for the other reader",
        )
    detail = {"subject_sha256": subject.digest, "kept": kept}
    _append(stroke, OPEN, subject, detail)
    return _told(release, subject, document, _entries(log), kept=str(keep))


def _stroke(signing: Signing, log: Path, release: Path) -> Any:  # noqa: ANN401 - needs the extra
    return stroke_of(signing, log, release)


def _append(stroke: Any, action: str, subject: Subject, detail: Mapping[str, Any]) -> None:  # noqa: ANN401 - as above
    stroke.log.append(
        at=stroke.now,
        actor=stroke.actor,
        action=action,
        release=subject.release,
        revision=subject.revision,
        detail=detail,
    )


def _entries(log: Path) -> tuple[Entry, ...]:
    return DeskLog(log).entries() if log.is_file() else ()


def _about(entries: tuple[Entry, ...], subject: Subject) -> tuple[Entry, ...]:
    """Openings of exactly this subject."""
    return tuple(e for e in entries if e.detail.get("subject_sha256") == subject.digest)


def _require_draft(release: Path) -> None:
    status = read_status(release)["status"]
    if status not in {"draft", "reviewed", "signed-off"}:
        raise UsageError("only a draft's statements are answered", subject=release, found=status)


def _document(release: Path) -> dict[str, Any]:
    """``statements.json``, which `subject_of` found to be as listed."""
    path = release / "statements.json"
    if not path.is_file():
        raise MissingInputError(
            "the release has no statements",
            subject=release,
            remedy="name them in the recipe: [statements] file = …",
        )
    document: dict[str, Any] = json.loads(path.read_bytes())
    return document


def _gaps(document: Mapping[str, Any]) -> dict[tuple[str, str], str | None]:
    return {
        (each["id"], question["site"]): question["gap"]
        for each in document["statements"]
        for question in each["questions"]
    }


def _keep(path: Path, kept: str, release: Path) -> None:
    """Write what the reader keeps; readable by its owner alone, and never over anything."""
    if path.resolve().is_relative_to(release.resolve()):
        raise UsageError("what you keep must not be published", subject=path)
    if path.exists():
        raise UsageError("it is already there", subject=path, remedy="name another file")
    with machine_errors(path):
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(kept)


def _kept(path: Path) -> str:
    if not path.is_file():
        raise MissingInputError("there is no such file of answers", subject=path)
    if path.stat().st_size > _MAX_KEPT:
        raise UsageError("too large for what was kept", subject=path)
    return path.read_bytes().decode("utf-8", errors="replace")


def _told(
    release: Path,
    subject: Subject,
    document: Mapping[str, Any],
    entries: tuple[Entry, ...],
    *,
    kept: str | None,
) -> dict[str, Any]:
    from satdesk.provenance.trust import Trust  # noqa: PLC0415 - needs the extra
    from satdesk.release.answers import digest_of  # noqa: PLC0415 - as above
    from satdesk.release.readings import OPEN, sealed_of  # noqa: PLC0415 - as above
    from satdesk.release.status_file import parse_instant  # noqa: PLC0415 - as above

    seals = sealed_of(entries, subject, Trust(), at=parse_instant("2000-01-01T00:00:00Z"))
    texts = (e.detail.get("kept", "") for e in entries if e.action == OPEN)
    opened = {digest_of(str(text)) for text in texts}
    return {
        "path": str(release),
        "release": subject.release,
        "revision": subject.revision,
        "subject_sha256": subject.digest,
        "asked": [
            {
                "statement": each["id"],
                "site": question["site"],
                "text": each["text"],
                "gap": question["gap"],
                "evidence": question["evidence"],
            }
            for each in document["statements"]
            for question in each["questions"]
        ],
        "sealed": [
            {
                "reader": each.reader,
                "at": each.facts["at"],
                "answers_sha256": each.answers_sha256,
                "opened": each.answers_sha256 in opened,
            }
            for each in seals
        ],
        "kept": kept,
    }
