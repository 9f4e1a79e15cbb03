"""XML that a stranger wrote, read with limits: no entities, no DTD, no depth, no size without end.

defusedxml refuses entities, DTDs and external references; the builder below also counts depth and
elements, which defusedxml does not.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError, TreeBuilder

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from satdesk.errors import (
    BrokenInputError,
    MissingInputError,
    UnreadableInputError,
    UnsafeInputError,
)

__all__ = ["MAX_BYTES", "Node", "read_bounded", "read_xml"]

MAX_BYTES = 64 * 1024 * 1024
"""Largest XML that is read; the largest real ones (Pléiades Neo ephemerides) have some 10 MB."""

_MAX_DEPTH = 100
_MAX_ELEMENTS = 2_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One element and the file that it stands in, so that every error can name the file.

    Attributes:
        element: The element; its tags carry no namespace.
        path: The file.
    """

    element: Element
    path: Path

    @property
    def tag(self) -> str:
        """Name of the element without its namespace."""
        return _local(self.element.tag)

    def find(self, path: str) -> Node | None:
        """First element at `path` (ElementTree's syntax), or None."""
        found = self.element.find(path)
        return None if found is None else Node(element=found, path=self.path)

    def all(self, path: str) -> Iterator[Node]:
        """Every element at `path`, in document order."""
        for found in self.element.iterfind(path):
            yield Node(element=found, path=self.path)

    def text(self, path: str = ".") -> str | None:
        """Text at `path` without outer blanks; None where it is absent or blank."""
        found = self.element if path == "." else self.element.find(path)
        if found is None or found.text is None:
            return None
        return found.text.strip() or None

    def required(self, path: str = ".") -> str:
        """Text at `path`; BrokenInputError where it is absent or blank."""
        text = self.text(path)
        if text is None:
            raise BrokenInputError(
                f"the element {self._name(path)} is missing or empty",
                subject=self.path,
                expected="a value",
                remedy="ask the provider for a complete delivery",
            )
        return text

    def number(self, path: str = ".") -> float | None:
        """Finite number at `path`; None where it is absent; BrokenInputError where it is none."""
        text = self.text(path)
        return None if text is None else self._finite(path, text)

    def measured(self, path: str = ".") -> float | None:
        """Like `number`, but ``NaN`` counts as absent: processors write it for what they lack."""
        text = self.text(path)
        return None if text is None or text.lower() == "nan" else self._finite(path, text)

    def required_number(self, path: str = ".") -> float:
        """Finite number at `path`; BrokenInputError where it is absent or none."""
        return self._finite(path, self.required(path))

    def count(self, path: str, *, least: int = 0, most: int = 10_000_000) -> int | None:
        """Whole number at `path` between `least` and `most`; None where it is absent."""
        number = self.number(path)
        if number is None:
            return None
        if number != int(number) or not least <= number <= most:
            raise BrokenInputError(
                f"the element {self._name(path)} is out of range",
                subject=self.path,
                found=f"{number:g}",
                expected=f"a whole number from {least} to {most}",
            )
        return int(number)

    def attribute(self, name: str) -> str | None:
        """Attribute without outer blanks, whatever its namespace; None where absent or blank."""
        for key, value in self.element.attrib.items():
            if _local(key) == name:
                return value.strip() or None
        return None

    def _finite(self, path: str, text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise BrokenInputError(
                f"the element {self._name(path)} is not a number",
                subject=self.path,
                found=repr(text[:80]),
                expected="a finite number",
            )
        return number

    def _name(self, path: str) -> str:
        return self.tag if path == "." else f"{self.tag}/{path}"


def read_bounded(path: Path, max_bytes: int) -> bytes:
    """Bytes of a small file.

    Raises:
        MissingInputError: No such file.
        UnreadableInputError: It cannot be read, or is empty.
        UnsafeInputError: It is larger than `max_bytes`.
    """
    try:
        with path.open("rb") as file:
            data = file.read(max_bytes + 1)
    except FileNotFoundError:
        raise MissingInputError("the file does not exist", subject=path) from None
    except OSError as error:
        raise UnreadableInputError(
            "the file cannot be read", subject=path, found=str(error.strerror)
        ) from error
    if len(data) > max_bytes:
        raise UnsafeInputError(
            "the file is larger than any of its kind",
            subject=path,
            found=f"more than {max_bytes} bytes",
            expected=f"at most {max_bytes} bytes",
        )
    if not data.strip():
        raise UnreadableInputError("the file is empty", subject=path, found=f"{len(data)} bytes")
    return data


def read_xml(path: Path, *, max_bytes: int = MAX_BYTES) -> Node:
    """Root element of an XML file, namespaces stripped from the tags.

    Raises:
        MissingInputError: No such file.
        UnreadableInputError: Empty, malformed, or in an unknown encoding.
        UnsafeInputError: Larger than `max_bytes`, deeper than 100, or with a DTD, an entity or an
            external reference.
    """
    parser = DefusedXMLParser(
        target=_Builder(path), forbid_dtd=True, forbid_entities=True, forbid_external=True
    )
    try:
        parser.feed(read_bounded(path, max_bytes))
        root = parser.close()
    except DefusedXmlException as error:
        raise UnsafeInputError(
            "the XML declares a DTD, entities or external references",
            subject=path,
            found=type(error).__name__,
            expected="plain XML",
            remedy="do not trust this delivery; ask the provider for the original",
        ) from error
    except (ParseError, ValueError, LookupError) as error:
        raise UnreadableInputError(
            "the XML is malformed",
            subject=path,
            found=str(error)[:200],
            expected="well-formed XML",
            remedy="copy the delivery again from its source",
        ) from error
    return Node(element=root, path=path)


class _Builder(TreeBuilder):
    """Builds the tree without namespaces and refuses what has no honest reason to be there."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self._depth = 0
        self._elements = 0

    def start(self, tag: str, attrs: dict[str, str], /) -> Element:
        self._depth += 1
        self._elements += 1
        if self._depth > _MAX_DEPTH or self._elements > _MAX_ELEMENTS:
            raise UnsafeInputError(
                "the XML is deeper or longer than any of its kind",
                subject=self._path,
                found=f"depth {self._depth}, {self._elements} elements",
                expected=f"at most depth {_MAX_DEPTH} and {_MAX_ELEMENTS} elements",
            )
        return super().start(_local(tag), attrs)

    def end(self, tag: str, /) -> Element:
        self._depth -= 1
        return super().end(_local(tag))


def _local(name: str) -> str:
    return name.rpartition("}")[2]
