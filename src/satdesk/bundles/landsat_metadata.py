"""The metadata of a Landsat product: ``MTL.txt`` (ODL), ``MTL.xml`` or ``MTL.json``, one value.

All three say the same in groups of names. Source: USGS, Landsat Collection 2 Level-1 and Level-2
Data Format Control Books (LSDS-1822, LSDS-1328).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from satdesk.errors import BrokenInputError
from satdesk.files.xml import read_bounded, read_xml

__all__ = ["Metadata", "metadata_file", "read_metadata"]

_ROOTS = ("LANDSAT_METADATA_FILE", "L1_METADATA_FILE")
_MAX_BYTES = 1 << 20
"""A real file has some 35 kB."""
_LINE = re.compile(r"\s*(\w+)\s*=\s*(.*?)\s*$")
_SUFFIXES = (".txt", ".xml", ".json")

Groups = dict[str, dict[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """Names and texts by group.

    Attributes:
        path: The file.
        groups: In the file's order.
    """

    path: Path
    groups: Mapping[str, Mapping[str, str]]

    def text(self, group: str, name: str) -> str | None:
        """The text of a name, or None; empty counts as none."""
        return self.groups.get(group, {}).get(name) or None

    def required(self, group: str, name: str) -> str:
        """The text of a name that must be there."""
        text = self.text(group, name)
        if text is None:
            raise BrokenInputError(
                "the metadata lack a value", subject=self.path, expected=f"{group}/{name}"
            )
        return text

    def number(self, group: str, name: str) -> float | None:
        """A finite number, or None where nothing is stated."""
        text = self.text(group, name)
        if text is None:
            return None
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise BrokenInputError(f"{name} is no number", subject=self.path, found=repr(text[:60]))
        return value

    def required_number(self, group: str, name: str) -> float:
        """A finite number that must be there."""
        self.required(group, name)
        value = self.number(group, name)
        if value is None:
            raise AssertionError("required above")
        return value


def metadata_file(path: Path) -> Path | None:
    """The metadata file that `path` is or holds: text before XML before JSON; None = no product."""
    files = [path] if path.is_file() else sorted(path.glob("*_MTL.*"))
    known = [f for f in files if f.suffix.lower() in _SUFFIXES and _is_metadata(f)]
    return min(known, key=lambda f: (_SUFFIXES.index(f.suffix.lower()), f.name), default=None)


def _is_metadata(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            head = file.read(1024)
    except OSError:
        return False
    return any(root.encode() in head for root in _ROOTS)


def read_metadata(path: Path) -> Metadata:
    """The metadata of one product.

    Raises:
        BrokenInputError: The file is none of the three, or a Collection 1 product.
    """
    read = {".xml": _xml, ".json": _json}.get(path.suffix.lower(), _odl)
    groups = read(path)
    if "PRODUCT_CONTENTS" not in groups:
        raise BrokenInputError(
            "no Collection 2 product",
            subject=path,
            found=", ".join(list(groups)[:4]) or "no group",
            expected="PRODUCT_CONTENTS, as in every product since December 2020",
            remedy="take the scene from Collection 2",
        )
    return Metadata(path=path, groups=groups)


def _odl(path: Path) -> Groups:
    """``GROUP = A``, ``NAME = "text"``, ``END_GROUP = A``; groups below the root, none deeper."""
    groups: Groups = {}
    inner: dict[str, str] = {}
    for line in _decoded(path).splitlines():
        match = _LINE.fullmatch(line)
        if match is None:
            continue
        name, text = match[1], match[2].strip('"')
        if name == "GROUP":
            inner = {} if text in _ROOTS else groups.setdefault(text, {})
        elif name != "END_GROUP":
            inner.setdefault(name, text)
    return groups


def _xml(path: Path) -> Groups:
    root = read_xml(path, max_bytes=_MAX_BYTES)
    return {
        group.tag: {node.tag: node.text() or "" for node in group.all("*")}
        for group in root.all("*")
    }


def _json(path: Path) -> Groups:
    try:
        document: Any = json.loads(_decoded(path))
    except (json.JSONDecodeError, RecursionError) as error:
        raise BrokenInputError("the metadata are no JSON", subject=path, found=str(error)) from None
    found = document.get(_ROOTS[0]) if isinstance(document, dict) else None
    if not isinstance(found, dict):
        raise BrokenInputError("the metadata are of no product", subject=path, expected=_ROOTS[0])
    return {
        str(group): {str(name): str(value) for name, value in inner.items()}
        for group, inner in found.items()
        if isinstance(inner, dict)
    }


def _decoded(path: Path) -> str:
    return read_bounded(path, _MAX_BYTES).decode("utf-8", errors="replace")
