"""``statements.json``: statements, what is published of the answers, and the evidence.

With the answers of two readers or more it holds what they kept and the seals that they signed
before, so that anyone can check that each answered without knowing the others' answers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from satdesk.core.statement import READERS_NEEDED, Question
from satdesk.errors import UnsafeInputError, UsageError, VerificationError
from satdesk.release.clearance import Reading
from satdesk.release.content import Artifact, Content, DatedImage
from satdesk.release.evidence import evidence_path
from satdesk.release.press import press_dates
from satdesk.release.schema import check
from satdesk.release.statements import statement_facts

__all__ = ["STATEMENTS_NAME", "stated_readings", "statements_document", "write_statements"]

STATEMENTS_NAME = "statements.json"
FORMAT = "satdesk-statements/1"
_MAX_BYTES = 50_000_000
_ARTIFACT = Artifact(
    path=STATEMENTS_NAME,
    role="statements",
    media_type="application/json",
    title="Statements, answers, evidence",
)


def write_statements(
    content: Content, readings: Sequence[Reading], folder: Path
) -> tuple[Artifact, ...]:
    """Write ``statements.json``, where there are statements, after checking it by its schema."""
    if not content.statements:
        return ()
    document = statements_document(content, readings)
    check(document, "statements_read")
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, indent=1, allow_nan=False)
    (folder / STATEMENTS_NAME).write_text(text + "\n", encoding="utf-8", newline="\n")
    return (_ARTIFACT,)


def statements_document(content: Content, readings: Sequence[Reading]) -> dict[str, Any]:
    """The document; of fewer than two readings it holds nothing."""
    public = readings if len(readings) >= READERS_NEEDED else ()
    shown = {i.id: i for i in press_dates(content) if i.licence.press is not False}
    return {
        "format": FORMAT,
        "release": content.id,
        "revision": content.revision,
        "title": f"SIMULATED – {content.title}" if content.simulated else content.title,
        "simulated": content.simulated,
        "readers_needed": READERS_NEEDED,
        "statements": [
            {
                **statement_facts(each.statement),
                "questions": [_question(question, shown) for question in each.questions],
            }
            for each in content.statements
        ],
        "readings": [{**each.facts, "kept": each.kept} for each in public],
    }


def stated_readings(release: Path) -> tuple[Reading, ...]:
    """The readings that a release states, as they stand there; empty where it has none.

    Raises:
        VerificationError: Its ``statements.json`` does not follow the schema.
    """
    path = release / STATEMENTS_NAME
    if path.is_symlink() or not path.is_file():
        return ()
    if path.stat().st_size > _MAX_BYTES:
        raise UnsafeInputError("larger than any of ours", subject=path)
    try:
        document = json.loads(path.read_bytes())
        check(document, "statements_read", subject=path)
    except (ValueError, RecursionError, UsageError) as error:
        raise VerificationError("these are no statements of ours", subject=path) from error
    return tuple(_reading(each) for each in document["readings"])


def _reading(stated: Mapping[str, Any]) -> Reading:
    facts = {name: value for name, value in stated.items() if name != "kept"}
    return Reading(reader=stated["claims_to_be"], kept=stated["kept"], facts=facts)


def _question(question: Question, shown: Mapping[str, DatedImage]) -> dict[str, Any]:
    return {
        "site": question.site,
        "outcome": question.outcome.value,
        "gap": None if question.gap is None else question.gap.value,
        "dates": list(question.dates),
        "evidence": [
            evidence_path(question.site, shown[date]) for date in question.dates if date in shown
        ],
        "answers": [
            {"reader": each.reader, "answer": each.answer.value, "reason": each.reason}
            for each in question.published
        ],
    }
