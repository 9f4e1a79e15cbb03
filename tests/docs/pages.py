"""Markdown pages as blocks, and what it takes to run them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
REFERENCE = DOCS / "reference"
PAGES = sorted(
    [*DOCS.rglob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "changes/README.md"]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One fenced block.

    Attributes:
        title: The file that the reader saves it as; None = none.
        skip: Why it is not run; None = it is.
    """

    page: Path
    line: int
    language: str
    text: str
    title: str | None
    skip: str | None

    @property
    def where(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(page: Path, *languages: str) -> list[Block]:
    """The fenced blocks of a page, in order; of `languages` where any are named."""
    found: list[Block] = []
    opened: tuple[int, str] | None = None
    inside: list[str] = []
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), start=1):
        if opened is None and line.startswith("```"):
            opened, inside = (number, line[3:]), []
        elif opened is not None and line.startswith("```"):
            found.append(_block(page, *opened, "\n".join(inside) + "\n"))
            opened = None
        elif opened is not None:
            inside.append(line)
    assert opened is None, f"{page}: a block is never closed"
    return [b for b in found if not languages or b.language in languages]


def _block(page: Path, line: int, info: str, text: str) -> Block:
    named = dict(re.findall(r'(\w+)="([^"]*)"', info))
    assert set(named) <= {"title", "skip"}, f"{page}:{line}: {info}"
    return Block(
        page=page,
        line=line,
        language=info.split(maxsplit=1)[0] if info.strip() else "",
        text=text,
        title=named.get("title"),
        skip=named.get("skip"),
    )


def commands(block: Block) -> list[tuple[str, str]]:
    """``(command, expected output)`` of a console block; a backslash continues a line."""
    found: list[tuple[str, str]] = []
    for line in block.text.replace("\\\n", " ").splitlines():
        if line.startswith("$ "):
            found.append((line[2:], ""))
        else:
            assert found, f"{block.where}: output before any command"
            found[-1] = (found[-1][0], found[-1][1] + line + "\n")
    return found


def section(page: Path, heading: str) -> str:
    """The text below the heading (any level) up to the next of the same level or above."""
    level, kept, fenced = 0, [], False
    for line in page.read_text(encoding="utf-8").splitlines():
        fenced ^= line.startswith("```")
        marks = re.match(r"#+(?= )", line) if not fenced else None
        if level and marks and len(marks[0]) <= level:
            break
        if level:
            kept.append(line)
        elif marks and re.fullmatch(rf"#+ `?{heading}`?", line):
            level = len(marks[0])
    assert level, f"{page}: no heading {heading}"
    return "\n".join(kept)
