"""Making a release again from its public recipe and the scenes, and saying what differs.

The fresh release is issued by the same code under a seal that compares instead of signing: where
the pixels and our assertion of a signed file are those of the fresh one, the signed file takes its
place, so that everything which speaks of sizes and digests must come out equal byte for byte.
"""

from __future__ import annotations

import copy
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from satdesk._version import __version__
from satdesk.errors import (
    MissingInputError,
    UnsafeInputError,
    UsageError,
    VerificationError,
)
from satdesk.files.digests import sha256
from satdesk.files.pixels import same_pixels
from satdesk.provenance.claim import CREDENTIALS_SUFFIX
from satdesk.provenance.manifest import read_credentials
from satdesk.provenance.trust import Trust
from satdesk.release.claims import Claims
from satdesk.release.clearance import Cleared, Reading, Subject
from satdesk.release.content import Artifact
from satdesk.release.holds import Hold
from satdesk.release.issue import issue_release
from satdesk.release.pictures import Progress
from satdesk.release.public_recipe import RECIPE_NAME, SCENE_PATHS, SITES_NAME
from satdesk.release.recipe import Recipe, recipe_of
from satdesk.release.schema import check
from satdesk.release.seal import SEALED_ROLES, SIGNATURE_NAME, STAMP_NAME, sealed_inside
from satdesk.release.statement_file import stated_readings
from satdesk.release.status_file import STATUS_FILES
from satdesk.scale.run import Executor

__all__ = ["Compared", "Reproduction", "reproduce_release"]

_MAX_DOCUMENT = 100_000_000
_MAX_FILES = 1_000_000
_REGISTERS = {None, SITES_NAME}
_BY_NATURE = "signature, ids and time stamp of its credentials differ each time that it is signed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One file of the release beside the fresh one.

    Attributes:
        path: POSIX, in the release.
        equal: ``bytes``, ``pixels-and-assertion``, ``by-nature`` (a signature), ``different``,
            ``missing`` (not in the release) or ``extra`` (in the release alone).
        words: For people.
    """

    path: str
    equal: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reproduction:
    """The whole answer."""

    release: str
    version: str
    files: tuple[Compared, ...]

    @property
    def reproduced(self) -> bool:
        """Whether nothing differs but what differs by nature."""
        return not {each.equal for each in self.files} & {"different", "missing", "extra"}

    @property
    def words(self) -> str:
        """One sentence."""
        differing = [f for f in self.files if f.equal in {"different", "missing", "extra"}]
        if self.reproduced:
            return f"REPRODUCED: all {len(self.files)} files of {self.release} come out the same."
        other = (
            ""
            if self.version == __version__
            else (f" It was made by satdesk {self.version}, this is {__version__}.")
        )
        return f"NOT REPRODUCED: {len(differing)} of {len(self.files)} files differ.{other}"

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; follows ``reproduce.schema.json``."""
        return {
            "format": "satdesk-reproduction/1",
            "release": self.release,
            "reproduced": self.reproduced,
            "words": self.words,
            "satdesk_version": {"release": self.version, "here": __version__},
            "files": [{"path": f.path, "equal": f.equal, "words": f.words} for f in self.files],
        }


def reproduce_release(
    release: Path,
    scenes: Path,
    work: Path,
    *,
    executor: Executor,
    progress: Progress | None = None,
) -> Reproduction:
    """Make `release` again and compare.

    Args:
        release: Its folder.
        scenes: A folder below which the scenes and whatever else the recipe names are found, by
            their SHA-256.
        work: An empty folder to work in; the fresh release becomes ``work/release``.
        executor: How layers are evaluated.
        progress: Told each step.

    Raises:
        MissingInputError: The release has no recipe, or a file that it names is not in `scenes`.
        VerificationError: Recipe and release contradict each other or their schemas.
    """
    document, recipe = _documents(release)
    staged = _staged(recipe, scenes, work)
    if "register" in staged.get("sites", {}):
        if not _is_plain(release, SITES_NAME):
            raise MissingInputError("the release has no list of sites", subject=release)
        staged["sites"]["register"] = str(release / SITES_NAME)
    seal = None if document["signing"] is None else _Comparing(release, document["signing"])
    fresh = work / "release"
    issue_release(
        _recipe(staged, document),
        fresh,
        executor=executor,
        progress=progress,
        seal=seal,
        clearance=_Stated(
            reasons=tuple(document["draft_reasons"]), answered=stated_readings(release)
        ),
    )
    known = {} if seal is None else seal.found
    return Reproduction(
        release=str(release),
        version=str(document["satdesk_version"]),
        files=tuple(_compared(release, fresh, known)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stated:
    """A `Clearance` that answers as the release says that it was answered."""

    reasons: tuple[str, ...]
    answered: tuple[Reading, ...]

    @property
    def now(self) -> datetime:
        """No clock: who cleared it looked at theirs."""
        return datetime.max.replace(tzinfo=UTC)

    def readings(self, subject: Subject) -> tuple[Reading, ...]:  # noqa: ARG002 - the contract
        return self.answered

    def settle(self, subject: Subject, holds: Sequence[Hold]) -> Cleared:  # noqa: ARG002 - the contract
        return Cleared(reasons=self.reasons)


@dataclass(frozen=True, slots=True)
class _Comparing:
    """A `Seal` that puts the signed file in the place of the fresh one if both say the same."""

    release: Path
    signing: Mapping[str, Any]
    found: dict[str, Compared] = field(default_factory=dict)

    def files(
        self, folder: Path, artifacts: Sequence[Artifact], claims: Claims
    ) -> tuple[Artifact, ...]:
        sealed = [each for each in artifacts if each.role in SEALED_ROLES]
        made = [self._file(folder, each, claims) for each in sealed]
        return tuple(each for each in made if each is not None)

    def facts(self) -> dict[str, Any]:
        return dict(self.signing)

    def sums(self, folder: Path) -> None:
        if _is_plain(self.release, SIGNATURE_NAME):
            shutil.copyfile(self.release / SIGNATURE_NAME, folder / SIGNATURE_NAME)
        self._settle(SIGNATURE_NAME, "by-nature", "a signature differs each time that it is made")
        if _is_plain(self.release, STAMP_NAME):
            shutil.copyfile(self.release / STAMP_NAME, folder / STAMP_NAME)
            self._settle(STAMP_NAME, "by-nature", "a time stamp is of its own time")

    def status(self, folder: Path) -> None:
        """What holds today is no part of what is made again."""

    def _file(self, folder: Path, artifact: Artifact, claims: Claims) -> Artifact | None:
        embedded = set(self.signing.get("embedded") or [])
        inside = sealed_inside(artifact.role, artifact.media_type, embedded)
        beside = artifact.path + CREDENTIALS_SUFFIX
        self._compare(folder, artifact, claims, None if inside else beside)
        if inside:
            return None
        if _is_plain(self.release, beside):
            shutil.copyfile(self.release / beside, folder / beside)
        else:
            (folder / beside).write_bytes(b"")
        return Artifact(
            path=beside,
            role="credentials",
            media_type="application/c2pa",
            date_id=artifact.date_id,
            title=f"Credentials of {artifact.path}",
        )

    def _compare(
        self, folder: Path, artifact: Artifact, claims: Claims, beside: str | None
    ) -> None:
        path = artifact.path
        if not _is_plain(self.release, path):
            return
        sidecar = None if beside is None else self.release / beside
        if beside is not None and not _is_plain(self.release, beside):
            self._settle(beside, "missing", "the release has no credentials of this file")
            return
        signed = read_credentials(self.release / path, Trust(), sidecar=sidecar)
        if signed.assertion != _as_json(claims.assertion(artifact)):
            self._settle(beside or path, "different", "its assertion is not that of the fresh one")
        elif beside is not None:
            self._settle(beside, "by-nature", _BY_NATURE)
        elif not same_pixels(self.release / path, folder / path):
            self._settle(path, "different", "its pixels are not those of the fresh one")
        else:
            shutil.copyfile(self.release / path, folder / path)
            words = f"pixels and assertion are equal; {_BY_NATURE}"
            self._settle(path, "pixels-and-assertion", words)

    def _settle(self, path: str, equal: str, words: str) -> None:
        self.found[path] = Compared(path=path, equal=equal, words=words)


def _as_json(value: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any JSON value
    return json.loads(json.dumps(value))


def _is_plain(folder: Path, path: str) -> bool:
    """A file within `folder`; nothing that a link leads to."""
    whole = folder / path
    return whole.is_file() and whole.resolve().is_relative_to(folder.resolve())


def _compared(release: Path, fresh: Path, known: Mapping[str, Compared]) -> Iterator[Compared]:
    apart = set(STATUS_FILES)
    old, new = _paths(release) - apart, _paths(fresh) - apart
    for path in sorted(old | new):
        if path in known:
            yield known[path]
        elif path not in old:
            yield Compared(path=path, equal="missing", words="the release does not have it")
        elif path not in new:
            yield Compared(path=path, equal="extra", words="the recipe does not make it")
        elif _is_plain(release, path) and sha256(release / path) == sha256(fresh / path):
            yield Compared(path=path, equal="bytes", words="equal byte for byte")
        else:
            yield Compared(path=path, equal="different", words="not equal")


def _paths(folder: Path) -> set[str]:
    found: set[str] = set()
    for root, _, names in os.walk(folder):
        found |= {(Path(root) / name).relative_to(folder).as_posix() for name in names}
        if len(found) > _MAX_FILES:
            raise UnsafeInputError("more files than any release has", subject=folder)
    return found


def _documents(release: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    document, recipe = (_document(release / name) for name in ("release.json", RECIPE_NAME))
    try:
        check(document, "release")
        check(recipe, "public_recipe")
        check(recipe["recipe"], "recipe")
    except UsageError as error:
        raise VerificationError(
            f"the release cannot be made again: {error.what}", subject=release, found=error.found
        ) from error
    if sha256(release / RECIPE_NAME) != document["recipe_sha256"]:
        raise VerificationError(
            "the recipe is not the one that release.json names", subject=release / RECIPE_NAME
        )
    return document, recipe


def _document(path: Path) -> dict[str, Any]:
    if not path.is_file() or path.is_symlink():
        raise MissingInputError(
            "the release cannot be made again",
            subject=path,
            found="no such file",
            expected="the folder of a release, with release.json and recipe.json",
            remedy="check the path, or take the whole release from its publisher",
        )
    if path.stat().st_size > _MAX_DOCUMENT:
        raise UnsafeInputError("larger than any of ours", subject=path)
    try:
        document = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise VerificationError("it is not JSON", subject=path) from error
    if not isinstance(document, dict):
        raise VerificationError("it is no JSON object", subject=path)
    return document


def _recipe(staged: Mapping[str, Any], document: Mapping[str, Any]) -> Recipe:
    return recipe_of(staged, folder=Path(), sha256=str(document["recipe_sha256"]))


def _staged(recipe: Mapping[str, Any], scenes: Path, work: Path) -> dict[str, Any]:
    """The recipe with real paths: every file under its own name in a folder of its own."""
    _require_named(recipe)
    made: dict[str, Any] = copy.deepcopy(recipe["recipe"])
    wanted = {file["bytes"] for entry in recipe["files"] for file in entry["files"]}
    by_size = _by_size(scenes, wanted)
    digests: dict[Path, str] = {}
    for number, entry in enumerate(recipe["files"]):
        home = work / "inputs" / str(number) / _name(entry["name"])
        base = home if entry["value"] == "." else home.parent
        for file in entry["files"]:
            _place(_source(file, entry, by_size, digests), base / _relative(file["path"]))
        base.mkdir(parents=True, exist_ok=True)
        _put(made, entry["key"], str(base / _relative(entry["value"])))
    return made


def _name(name: str) -> str:
    if "/" in name or name in {"", ".", ".."} or "\x00" in name:
        raise UnsafeInputError("a name in the recipe leads out of its folder", found=repr(name))
    return name


def _relative(path: str) -> Path:
    """A path that stays where it is put."""
    parts = path.split("/")
    if path != "." and ("\x00" in path or not all(parts) or {".", ".."} & set(parts)):
        raise UnsafeInputError("a path in the recipe leads out of its folder", found=repr(path))
    return Path(path)


def _by_size(scenes: Path, wanted: set[int]) -> dict[int, list[Path]]:
    if not scenes.is_dir():
        raise MissingInputError(
            "no such folder of scenes",
            subject=scenes,
            found="a file" if scenes.exists() else "nothing",
            expected="a folder below which the scenes and the terrain lie",
            remedy="check the path of --scenes",
        )
    found: dict[int, list[Path]] = {}
    for root, _, names in os.walk(scenes):
        for name in sorted(names):
            path = Path(root) / name
            if path.is_file() and path.stat().st_size in wanted:
                found.setdefault(path.stat().st_size, []).append(path)
    return found


def _source(
    file: Mapping[str, Any],
    entry: Mapping[str, Any],
    by_size: Mapping[int, list[Path]],
    digests: dict[Path, str],
) -> Path:
    for path in by_size.get(file["bytes"], []):
        if path not in digests:
            digests[path] = sha256(path)
        if digests[path] == file["sha256"]:
            return path
    raise MissingInputError(
        "a file that the release was made from is not among the scenes",
        subject=f"{entry['key']}: {entry['name']}/{file['path']}",
        expected=f"a file of {file['bytes']} bytes with SHA-256 {file['sha256']}",
        remedy="put it below the folder of scenes, under any name",
    )


def _place(source: Path, target: Path) -> None:
    """A second name for the same bytes where the disk allows one, else a copy."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists():
        return
    try:
        target.hardlink_to(source.resolve())
    except OSError:
        shutil.copyfile(source, target)


def _path_keys(recipe: Mapping[str, Any]) -> set[str]:
    """Every place of a recipe where a path stands, but that of the register."""
    terrain = recipe.get("terrain", {})
    keys = {f"terrain.dem.{number}" for number in range(len(terrain.get("dem", ())))}
    keys |= {"terrain.geoid"} if "geoid" in terrain else set()
    keys |= {"statements.file"} if "file" in recipe.get("statements", {}) else set()
    keys |= {"district.file"} if "file" in recipe["district"] else set()
    keys |= {"style.folder"} if "style" in recipe else set()
    for number, scene in enumerate(recipe["scenes"]):
        keys |= {f"scenes.{number}.{name}" for name in SCENE_PATHS if name in scene}
    return keys


def _require_named(recipe: Mapping[str, Any]) -> None:
    """A path that is not described by its files would be opened as the stranger wrote it."""
    wanted, named = _path_keys(recipe["recipe"]), {entry["key"] for entry in recipe["files"]}
    if wanted != named or recipe["recipe"].get("sites", {}).get("register") not in _REGISTERS:
        raise VerificationError(
            "the recipe does not describe the files that it names",
            found=", ".join(sorted(wanted ^ named)) or "a register of its own",
        )


def _put(document: Any, key: str, value: str) -> None:  # noqa: ANN401 - nested JSON
    """Put `value` where `key`, one of `_path_keys`, points."""
    *way, last = (int(part) if part.isdigit() else part for part in key.split("."))
    for part in way:
        document = document[part]
    document[last] = value
