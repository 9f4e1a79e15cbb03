"""A catalogue of releases by the pictures that they hold: one SQLite file.

It holds fingerprints and small grey copies of what was published, and where each picture lies on
the ground if its file says so; nothing that a release keeps back.
"""

from __future__ import annotations

import io
import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from PIL import Image

from satdesk.errors import BrokenInputError, MachineError, MissingInputError, UnreadableInputError
from satdesk.files.digests import sha256
from satdesk.files.photographs import Photograph, pixels_digest, read_photograph
from satdesk.release.fingerprint import Described, fingerprint, grey
from satdesk.release.index import ENTRY, entries
from satdesk.release.views import views

__all__ = [
    "Catalogue",
    "KnownPicture",
    "KnownView",
    "add_release",
    "opened_catalogue",
    "release_facts",
]

_FORMAT = "satdesk-catalogue/3"
_ROLES = ("visual", "press", "plate")
_MEDIA = ("image/tiff", "image/jpeg", "image/png", "image/webp")
_TABLES = """
CREATE TABLE about (format TEXT NOT NULL);
CREATE TABLE release (
  digest TEXT PRIMARY KEY, id TEXT NOT NULL, title TEXT NOT NULL, publisher TEXT NOT NULL,
  status TEXT NOT NULL, simulated INTEGER NOT NULL
);
CREATE TABLE picture (
  key INTEGER PRIMARY KEY, release TEXT NOT NULL REFERENCES release(digest), path TEXT NOT NULL,
  role TEXT NOT NULL, date TEXT, sha256 TEXT NOT NULL, pixels_sha256 TEXT NOT NULL,
  rows INTEGER NOT NULL, cols INTEGER NOT NULL, affine TEXT, crs TEXT
);
CREATE TABLE view (
  picture INTEGER NOT NULL REFERENCES picture(key), col INTEGER NOT NULL, row INTEGER NOT NULL,
  shrink INTEGER NOT NULL, grey BLOB NOT NULL, points BLOB NOT NULL, descriptors BLOB NOT NULL,
  shapes BLOB NOT NULL
);
CREATE TABLE word (word INTEGER PRIMARY KEY, points BLOB NOT NULL);
CREATE INDEX picture_of_file ON picture(sha256);
CREATE INDEX picture_of_pixels ON picture(pixels_sha256);
"""
_PICTURES = """
SELECT p.key, r.id, r.digest, r.title, r.publisher, r.status, r.simulated, p.path, p.role, p.date,
  p.rows, p.cols, p.affine, p.crs
FROM picture p JOIN release r ON p.release = r.digest WHERE {where} ORDER BY p.key
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPicture:
    """A published picture.

    Attributes:
        key: Of the picture in its catalogue.
        release: Id of the release.
        release_digest: SHA-256 of its ``release.json``.
        title: Of the release.
        publisher: As the release states it; the catalogue checks no signature.
        status: ``draft`` or ``issued``, when it was added.
        simulated: Whether no camera took it.
        path: Within the release.
        role: ``visual``, ``press`` or ``plate``.
        date: Id of the date; None where it shows several.
        shape: ``rows, cols``.
        affine: Pixel to `crs`; None where its file has no place on the ground.
        crs: WKT; None likewise.
    """

    key: int
    release: str
    release_digest: str
    title: str
    publisher: str
    status: str
    simulated: bool
    path: str
    role: str
    date: str | None
    shape: tuple[int, int]
    affine: Affine | None
    crs: str | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class KnownView:
    """A described piece of a published picture; see `release.views.View`.

    Attributes:
        key: Of the piece in its catalogue; `Catalogue.grey` gives its grey copy.
    """

    key: int
    picture: int
    col: int
    row: int
    shrink: int
    described: Described


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Catalogue:
    """An open catalogue.

    Attributes:
        connection: To the SQLite file.
        path: The file, for messages.
    """

    connection: sqlite3.Connection
    path: Path

    def pictures(self, where: str = "1", value: str | None = None) -> tuple[KnownPicture, ...]:
        """Pictures for which the SQL condition `where` holds, in the order they were added."""
        rows = self.connection.execute(
            _PICTURES.format(where=where), () if value is None else (value,)
        )
        return tuple(_picture(row) for row in rows)

    def word(self, word: int) -> NDArray[np.void]:
        """The listed points (`index.ENTRY`) of a visual word."""
        row = self.connection.execute("SELECT points FROM word WHERE word = ?", (word,)).fetchone()
        return np.frombuffer(b"" if row is None else row[0], ENTRY)

    def pictures_of(self, keys: Sequence[int]) -> dict[int, int]:
        """The picture's key of each piece's key."""
        marks = ",".join("?" * len(keys))
        query = f"SELECT rowid, picture FROM view WHERE rowid IN ({marks})"  # noqa: S608 - marks
        return dict(self.connection.execute(query, tuple(keys)))

    def view(self, key: int) -> KnownView:
        """One described piece."""
        picture, col, row, shrink, points, descriptors, shapes = self.connection.execute(
            "SELECT picture, col, row, shrink, points, descriptors, shapes FROM view"
            " WHERE rowid = ?",
            (key,),
        ).fetchone()
        return KnownView(
            key=key,
            picture=picture,
            col=col,
            row=row,
            shrink=shrink,
            described=Described(
                points=np.frombuffer(points, np.float32).reshape(-1, 2),
                descriptors=np.frombuffer(descriptors, np.uint8).reshape(-1, 128),
                shapes=np.frombuffer(shapes, np.float32).reshape(-1, 2),
            ),
        )

    def grey(self, key: int) -> NDArray[np.uint8]:
        """The grey copy ``(y, x)`` of a piece."""
        (packed,) = self.connection.execute(
            "SELECT grey FROM view WHERE rowid = ?", (key,)
        ).fetchone()
        return _unpacked(packed)


@contextmanager
def opened_catalogue(path: Path, *, create: bool = False) -> Iterator[Catalogue]:
    """Open a catalogue; what is added within the ``with`` block is kept only if it ends well.

    Args:
        path: The file.
        create: Make it where it is not there.

    Raises:
        MissingInputError: Not there, and not to be made.
        UnreadableInputError: No catalogue of ours.
        MachineError: It cannot be written.
    """
    if path.is_dir():
        raise UnreadableInputError(
            "not a catalogue",
            subject=path,
            found="a folder",
            expected="a file",
            remedy="name the file of the catalogue first, then the folders of releases",
        )
    fresh = not path.is_file()
    if fresh and not create:
        raise MissingInputError(
            "no such catalogue", subject=path, remedy="make one with satdesk catalogue"
        )
    try:
        with _whole_or_gone(path, fresh=fresh), _connected(path) as connection:
            if fresh:
                connection.executescript(_TABLES)
                connection.execute("INSERT INTO about VALUES (?)", (_FORMAT,))
            _require_ours(connection, path)
            yield Catalogue(connection=connection, path=path)
    except sqlite3.OperationalError as error:
        raise MachineError("the catalogue failed", subject=path, found=str(error)) from error
    except sqlite3.DatabaseError as error:
        raise UnreadableInputError(
            "not a catalogue", subject=path, found=str(error), expected=_FORMAT
        ) from error


@contextmanager
def _connected(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path)) as connection, connection:
        yield connection


@contextmanager
def _whole_or_gone(path: Path, *, fresh: bool) -> Iterator[None]:
    try:
        yield
    except BaseException:
        if fresh:
            path.unlink(missing_ok=True)
        raise


def add_release(catalogue: Catalogue, folder: Path) -> int:
    """Add the pictures of the release in `folder`; returns their number, 0 if it is there already.

    Each file must be the one that ``release.json`` lists.

    Raises:
        MissingInputError: No ``release.json``, or a listed file is absent.
        BrokenInputError: A file is not the one that was listed, or the list is no list of ours.
    """
    listing = folder / "release.json"
    digest = sha256(listing)
    if catalogue.connection.execute("SELECT 1 FROM release WHERE digest = ?", (digest,)).fetchone():
        return 0
    document = _document(listing)
    catalogue.connection.execute(
        "INSERT INTO release VALUES (?, ?, ?, ?, ?, ?)",
        (digest, *(document[k] for k in ("id", "title", "publisher", "status", "simulated"))),
    )
    wanted = [
        a
        for a in document["artifacts"]
        if a["role"] in _ROLES and a["media_type"].split(";")[0] in _MEDIA
    ]
    listed: dict[int, bytearray] = {}
    for artifact in wanted:
        _add_picture(catalogue, folder, digest, artifact, listed)
    catalogue.connection.executemany(
        "INSERT OR REPLACE INTO word VALUES (?, ?)",
        [(word, catalogue.word(word).tobytes() + points) for word, points in listed.items()],
    )
    return len(wanted)


def release_facts(catalogue: Catalogue) -> Iterator[dict[str, Any]]:
    """Every release of a catalogue, JSON-ready, in the order they were added."""
    rows = catalogue.connection.execute(
        "SELECT r.id, r.digest, r.title, r.publisher, r.status, r.simulated, COUNT(p.key)"
        " FROM release r LEFT JOIN picture p ON p.release = r.digest"
        " GROUP BY r.digest ORDER BY r.rowid"
    )
    for name, digest, title, publisher, status, simulated, pictures in rows:
        yield {
            "release": name,
            "release_sha256": digest,
            "title": title,
            "publisher": publisher,
            "status": status,
            "simulated": bool(simulated),
            "pictures": pictures,
        }


def _add_picture(
    catalogue: Catalogue,
    folder: Path,
    digest: str,
    artifact: Mapping[str, Any],
    listed: dict[int, bytearray],
) -> None:
    """Describe one picture; its points are added to the lists of their words."""
    path = _inside(folder, artifact["path"])
    found = sha256(path)
    if found != artifact["sha256"]:
        raise BrokenInputError(
            "the file is not the one that release.json lists",
            subject=path,
            found=f"SHA-256 {found}",
            expected=artifact["sha256"],
            remedy="take the release as it was issued",
        )
    photograph = read_photograph(path)
    key = _insert_picture(catalogue, digest, artifact, photograph)
    for view in views(grey(photograph.rgb)):
        made = fingerprint(view.grey)
        cursor = catalogue.connection.execute(
            "INSERT INTO view VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                key, view.col, view.row, view.shrink, _packed(view.grey),
                made.points.tobytes(), made.descriptors.tobytes(), made.shapes.tobytes(),
            ),
        )  # fmt: skip
        for word, points in entries(made, int(cursor.lastrowid or 0)):
            listed.setdefault(word, bytearray()).extend(points)


def _insert_picture(
    catalogue: Catalogue, digest: str, artifact: Mapping[str, Any], photograph: Photograph
) -> int:
    rows, cols = photograph.rgb.shape[:2]
    affine = None if photograph.affine is None else json.dumps(list(photograph.affine)[:6])
    cursor = catalogue.connection.execute(
        "INSERT INTO picture VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            digest, artifact["path"], artifact["role"], artifact["date"], artifact["sha256"],
            pixels_digest(photograph.rgb), rows, cols, affine, photograph.crs,
        ),
    )  # fmt: skip
    return int(cursor.lastrowid or 0)


def _document(listing: Path) -> dict[str, Any]:
    try:
        document: dict[str, Any] = json.loads(listing.read_text(encoding="utf-8"))
        needed = ("id", "title", "publisher", "status", "simulated", "artifacts")
        if all(key in document for key in needed):
            return document
    except (ValueError, TypeError):
        pass
    raise BrokenInputError("not the list of a release", subject=listing, expected="release.json")


def _inside(folder: Path, name: str) -> Path:
    """A listed path, which must not leave the release."""
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise BrokenInputError("a listed file lies outside the release", subject=folder, found=name)
    return path


def _require_ours(connection: sqlite3.Connection, path: Path) -> None:
    try:
        row = connection.execute("SELECT format FROM about").fetchone()
    except sqlite3.OperationalError:
        row = None
    if row != (_FORMAT,):
        raise UnreadableInputError(
            "not a catalogue",
            subject=path,
            found="another SQLite file" if row is None else str(row[0]),
            expected=_FORMAT,
        )


def _picture(row: tuple[Any, ...]) -> KnownPicture:
    return KnownPicture(
        key=row[0],
        release=row[1],
        release_digest=row[2],
        title=row[3],
        publisher=row[4],
        status=row[5],
        simulated=bool(row[6]),
        path=row[7],
        role=row[8],
        date=row[9],
        shape=(row[10], row[11]),
        affine=None if row[12] is None else Affine(*json.loads(row[12])),
        crs=row[13],
    )


def _packed(plane: NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(plane).save(file, "JPEG", quality=85)
    return file.getvalue()


def _unpacked(data: bytes) -> NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(data)))
