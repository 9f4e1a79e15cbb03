"""The desk's log: who did what to which release and why; appended to, never changed.

One SQLite file. Every entry holds the SHA-256 of the one before it and its own, over a canonical
JSON text: an entry that is changed, taken out or put in breaks the chain, and `DeskLog.entries`
says where. Cutting off the newest entries leaves a whole chain, but the head that the
``status.json`` of a release names is then missing.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from satdesk.errors import (
    MachineError,
    MissingInputError,
    UnreadableInputError,
    VerificationError,
)
from satdesk.release.status_file import instant_text

__all__ = ["DeskLog", "Entry"]

START = "0" * 64
"""What the first entry holds in place of an earlier one's digest."""
_APPLICATION_ID = 0x5344_4C31  # "SDL1"
_SCHEMA = f"""
PRAGMA application_id = {_APPLICATION_ID};
CREATE TABLE entry (
  number INTEGER PRIMARY KEY,
  at TEXT NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL,
  release TEXT NOT NULL, revision INTEGER NOT NULL, detail TEXT NOT NULL,
  previous TEXT NOT NULL, digest TEXT NOT NULL
) STRICT;
CREATE TRIGGER entry_is_never_changed BEFORE UPDATE ON entry
  BEGIN SELECT RAISE(ABORT, 'the log is appended to, never changed'); END;
CREATE TRIGGER entry_is_never_deleted BEFORE DELETE ON entry
  BEGIN SELECT RAISE(ABORT, 'the log is appended to, never changed'); END;
"""
_COLUMNS = "number, at, actor, action, release, revision, detail, previous, digest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the log.

    Attributes:
        number: 1, 2, …
        at: When, UTC.
        actor: Who: the name in a certificate, or what the person at the desk is called.
        action: ``draft``, ``review``, ``sign-off``, ``accept``, ``issue``, ``correct``,
            ``withdraw``; ``answer`` (sealed) and ``open`` for statements.
        release: Id.
        revision: Of the release.
        detail: Reasons, signatures, digests.
        previous: Digest of the entry before.
        digest: Of this one.
    """

    number: int
    at: str
    actor: str
    action: str
    release: str
    revision: int
    detail: Mapping[str, Any]
    previous: str
    digest: str

    def computed(self) -> str:
        """The digest that it must have."""
        stated = [self.number, self.at, self.actor, self.action, self.release, self.revision]
        return hashlib.sha256(_canonical([*stated, self.detail, self.previous])).hexdigest()

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "number": self.number,
            "at": self.at,
            "actor": self.actor,
            "action": self.action,
            "release": self.release,
            "revision": self.revision,
            "detail": dict(self.detail),
            "digest": self.digest,
        }


@dataclass(frozen=True, slots=True)
class DeskLog:
    """The log in one file.

    Attributes:
        path: The file; `append` makes it where it does not exist.
    """

    path: Path

    def append(
        self,
        *,
        at: datetime,
        actor: str,
        action: str,
        release: str,
        revision: int,
        detail: Mapping[str, Any],
    ) -> Entry:
        """Write one entry behind the last; two desks at once wait for each other.

        Raises:
            VerificationError: The log is broken; nothing is put on top of that.
            MachineError: The disk failed.
        """
        with self._opened(create=True) as store:
            store.execute("BEGIN IMMEDIATE")
            last = self._checked(store)
            number, previous = (1, START) if last is None else (last.number + 1, last.digest)
            bare = Entry(
                number=number,
                at=instant_text(at),
                actor=actor,
                action=action,
                release=release,
                revision=revision,
                detail=json.loads(_canonical(detail)),
                previous=previous,
                digest="",
            )
            row = (
                *(bare.number, bare.at, bare.actor, bare.action, bare.release, bare.revision),
                *(_canonical(bare.detail).decode(), bare.previous, bare.computed()),
            )
            store.execute(f"INSERT INTO entry ({_COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?)", row)  # noqa: S608 - a constant
            store.execute("COMMIT")
        return _entry(row)

    def entries(self) -> tuple[Entry, ...]:
        """All entries, in order, the chain checked.

        Raises:
            MissingInputError: There is no log.
            UnreadableInputError: The file is none.
            VerificationError: The chain is broken; the message says where.
        """
        with self._opened(create=False) as store:
            self._checked(store)
            return tuple(map(_entry, store.execute(_ALL)))

    def _checked(self, store: sqlite3.Connection) -> Entry | None:
        """The last entry of a whole chain."""
        last: Entry | None = None
        for row in store.execute(_ALL):
            entry = _entry(row)
            number, previous = (1, START) if last is None else (last.number + 1, last.digest)
            if entry.number != number or entry.previous != previous:
                raise self._broken(number, "an entry is missing, or one was put in")
            if entry.computed() != entry.digest:
                raise self._broken(number, "the entry is not as it was written")
            last = entry
        return last

    def _broken(self, number: int, found: str) -> VerificationError:
        return VerificationError(
            f"the log is broken at entry {number}",
            subject=self.path,
            found=found,
            remedy="take a copy from before, and find out who changed this one",
        )

    @contextmanager
    def _opened(self, *, create: bool) -> Iterator[sqlite3.Connection]:
        if self.path.is_dir():
            raise UnreadableInputError(
                "the log is no file",
                subject=self.path,
                found="a folder",
                expected="the file of a desk's log",
                remedy="name the file in it",
            )
        if not create and not self.path.is_file():
            raise MissingInputError(
                "there is no such log",
                subject=self.path,
                remedy="check the path; satdesk review makes one at the first review",
            )
        fresh = not self.path.is_file()
        try:
            with closing(sqlite3.connect(self.path, isolation_level=None, timeout=30)) as store:
                if fresh:
                    store.executescript(_SCHEMA)
                elif store.execute("PRAGMA application_id").fetchone()[0] != _APPLICATION_ID:
                    raise UnreadableInputError("the file is no log of a desk", subject=self.path)
                yield store
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError) and "malformed" not in str(error):
                raise MachineError(
                    "the log cannot be used", subject=self.path, found=str(error)
                ) from error
            raise UnreadableInputError(
                "the file is no log of a desk", subject=self.path, found=str(error)
            ) from error


_ALL = f"SELECT {_COLUMNS} FROM entry ORDER BY number"  # noqa: S608 - a constant


def _entry(row: tuple[Any, ...]) -> Entry:
    number, at, actor, action, release, revision, detail, previous, digest = row
    try:
        parsed = json.loads(detail)
    except ValueError:
        parsed = {"": detail}  # not what was written: its digest will not fit
    return Entry(
        number=number,
        at=at,
        actor=actor,
        action=action,
        release=release,
        revision=revision,
        detail=parsed,
        previous=previous,
        digest=digest,
    )


def _canonical(value: object) -> bytes:
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode()
