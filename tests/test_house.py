"""The house's own rules, counted: lengths, public names, loose ends, paths of one machine."""

from __future__ import annotations

import ast
import re
import statistics
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted((ROOT / "src").rglob("*.py"))
CONSUMED = {"el", "say", "entered"}
"""Functions whose keywords are their own data (of an element, of a sentence, of a verb's door)."""
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def functions(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, FUNCTIONS):
            yield node, node.end_lineno - node.lineno + 1


def body_lines(node):
    """Lines of a function without its docstring."""
    documented = ast.get_docstring(node) is not None
    first = node.body[1] if documented and len(node.body) > 1 else node.body[0]
    return node.end_lineno - first.lineno + 1


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT / "src")))
def test_no_function_is_above_sixty_lines_and_no_module_above_five_hundred(path):
    long = [f"{node.name} {lines}" for node, lines in functions(path) if lines > 60]
    assert not long
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 500


def test_half_of_the_functions_have_at_most_seven_lines():
    lengths = [body_lines(node) for path in SOURCES for node, _ in functions(path)]
    assert statistics.median(lengths) <= 7


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT / "src")))
def test_every_module_says_what_it_is_and_offers(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree)
    if path.name in {"__init__.py", "__main__.py"}:
        return
    name = ".".join(path.relative_to(ROOT / "src").with_suffix("").parts)
    module = import_module(name)
    assert module.__all__, "a module names what it offers"
    for public in module.__all__:
        assert hasattr(module, public), public


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT / "src")))
def test_nothing_passes_keywords_through_and_nothing_is_left_loose(path):
    text = path.read_text(encoding="utf-8")
    assert not [n.name for n, _ in functions(path) if n.args.kwarg and n.name not in CONSUMED]
    assert not re.search(r"#.*\b(TODO|FIXME|XXX)\b", text)


def test_no_path_of_one_machine_stands_in_the_tree():
    kinds = {".py", ".md", ".toml", ".sh", ".json"}
    tracked = [
        p
        for p in ROOT.rglob("*")
        if p.suffix in kinds and not set(p.parts) & {".venv", ".git", "node_modules"}
    ]
    found = [
        str(p.relative_to(ROOT))
        for p in tracked
        if re.search(
            r"(^|[^A-Za-z0-9_.])/(tmp|work|root)/", p.read_text(encoding="utf-8", errors="replace")
        )
    ]
    assert found in ([], ["tests/test_house.py"])
