"""Reading statements: sentences of somebody's text about the district.

They come from ``statements.toml``; ``schemas/statements.schema.json`` fixes its shape. There is no
key for an actor, and a key that is not known is refused: pictures show what changed, never who
did it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from satdesk.core.place import Site
from satdesk.core.scene import Acquisition
from satdesk.core.statement import Statement
from satdesk.errors import BrokenInputError, MissingInputError, UsageError
from satdesk.files.toml import parsed_toml
from satdesk.release.schema import check, stringified
from satdesk.release.times import parse_acquisition

__all__ = [
    "load_statements",
    "read_toml",
    "require_sites",
    "statement_facts",
    "statements_of",
    "when_text",
]

_MAX_BYTES = 1_000_000


def load_statements(path: Path) -> tuple[Statement, ...]:
    """The statements in the file at `path`.

    Raises:
        MissingInputError: There is no such file.
        BrokenInputError: It is not TOML, or too large.
        UsageError: A key that is not known or missing, or a value that cannot be.
    """
    document = read_toml(path, "list of statements")
    check(document, "statements", subject=path)
    return statements_of(document["statement"])


def statements_of(listed: Sequence[Mapping[str, Any]]) -> tuple[Statement, ...]:
    """Statements from documents that follow the schema; UsageError where two bear one id."""
    made = tuple(_statement(each) for each in listed)
    ids = [each.id for each in made]
    twice = sorted({name for name in ids if ids.count(name) > 1})
    if twice:
        raise UsageError("two statements bear one id", found=", ".join(twice))
    return made


def require_sites(statements: Sequence[Statement], shown: Sequence[Site]) -> None:
    """UsageError where a statement speaks of a site that the release does not show."""
    known = {site.id for site in shown}
    for statement in statements:
        unknown = [name for name in statement.sites if name not in known]
        if unknown:
            raise UsageError(
                f"statement {statement.id} speaks of a site that the release does not show",
                found=", ".join(unknown),
                expected=", ".join(sorted(known)) or "a release that shows sites",
                remedy="name sites of the release; one that is kept back may not be spoken of",
            )


def statement_facts(statement: Statement) -> dict[str, Any]:
    """The statement as it stands in ``statements.toml``, JSON-ready."""
    return {
        "id": statement.id,
        "text": statement.text,
        "language": statement.language,
        "source": {
            "publisher": statement.publisher,
            "address": statement.address,
            "date": statement.published.isoformat(),
        },
        "period": {"start": when_text(statement.start), "end": when_text(statement.end)},
        "sites": list(statement.sites),
    }


def when_text(at: Acquisition) -> str:
    """The day, or the instant, in ISO 8601."""
    return at.day.isoformat() if at.instant is None else at.instant.isoformat()


def read_toml(path: Path, what: str) -> dict[str, Any]:
    """A TOML document with its dates as text; `what` names it in messages."""
    if not path.is_file():
        raise MissingInputError(f"there is no such {what}", subject=path, expected="a TOML file")
    if path.stat().st_size > _MAX_BYTES:
        raise BrokenInputError(
            f"too large to be a {what}", subject=path, expected=f"at most {_MAX_BYTES} bytes"
        )
    read: dict[str, Any] = stringified(parsed_toml(path.read_bytes(), what=what, subject=path))
    return read


def _statement(table: Mapping[str, Any]) -> Statement:
    name, source, period = table["id"], table["source"], table["period"]
    published = parse_acquisition(source["date"], what=f"source.date of {name}")
    return Statement(
        id=name,
        text=table["text"],
        language=table["language"],
        publisher=source["publisher"],
        address=source["address"],
        published=published.day,
        start=parse_acquisition(period["start"], what=f"period.start of {name}"),
        end=parse_acquisition(period["end"], what=f"period.end of {name}"),
        sites=tuple(table["sites"]),
    )
