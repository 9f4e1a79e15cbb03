"""The reference says what the code says: neither less nor more."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import inspect
import json
import re
import subprocess
import sys
import tomllib
from dataclasses import fields, is_dataclass
from pathlib import Path

import click
import pytest

import satdesk
from docs.pages import PAGES, REFERENCE, ROOT, blocks, section
from satdesk.cli.app import COMMANDS, app
from satdesk.core.place import Publication
from satdesk.errors import EXIT_CODES, SatdeskError, exit_code
from satdesk.release.acceptance import RULES
from satdesk.release.content import Relation
from satdesk.release.schema import SCHEMAS, check, schema

SOURCES = ROOT / "src" / "satdesk"


def text_of(name):
    return (REFERENCE / f"{name}.md").read_text(encoding="utf-8")


def rows_of(text):
    """First cell of each table row, without backquotes, and the others."""
    found = {}
    for line in text.splitlines():
        if line.startswith("| ") and not line.startswith("|---"):
            first, *others = [cell.strip() for cell in line.strip("|").split(" | ")]
            for name in first.split(", "):
                found[name.strip().strip("`")] = others
    return found


# the command line


def test_the_page_of_the_command_line_is_what_the_program_says():
    path = ROOT / "tools" / "make_cli_reference.py"
    spec = importlib.util.spec_from_file_location("make_cli_reference", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert text_of("cli") == module.reference(), "run: python tools/make_cli_reference.py"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_of_every_command_is_documented(name):
    command = app.get_command(click.Context(app), name)
    documented = section(REFERENCE / "cli.md", name)
    options = [p for p in command.params if isinstance(p, click.Option)]
    assert options
    for option in options:
        assert f"| `{option.opts[0]}` |" in documented


# Python


@pytest.mark.parametrize("name", satdesk.__all__)
def test_every_public_name_is_described(name):
    described = section(REFERENCE / "python.md", name)
    assert len(described.split()) >= 5
    if name == "__version__" or not (signature := parameters(getattr(satdesk, name))):
        return
    shown = "".join(re.findall(r"```text\n(.*?)```", described, re.DOTALL))
    position = -1
    for parameter in signature:
        found = re.search(rf"\b{parameter}\b", shown[position + 1 :])
        assert found, f"{name}: {parameter} is missing or out of order"
        position += 1 + found.start()


def parameters(thing):
    if inspect.isclass(thing):
        return [f.name for f in fields(thing)] if is_dataclass(thing) else []
    return list(inspect.signature(thing).parameters)


def test_no_other_name_is_described_as_public():
    named = re.findall(r"^### `(\w+)`$", text_of("python"), re.MULTILINE)
    assert sorted(named) == sorted(satdesk.__all__)


def test_public_names_stay_what_they_are_once_everything_is_imported():
    code = (
        "import satdesk, satdesk.desk, types\n"
        "for name in satdesk.__all__ * 2:\n"
        "    assert not isinstance(getattr(satdesk, name), types.ModuleType), name\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# JSON


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_schema_is_linked_and_every_answer_has_a_true_example(name):
    page = REFERENCE / "json.md"
    assert f"{name}.schema.json" in page.read_text(encoding="utf-8")
    if name in {"house_style", "public_recipe", "recipe", "release"}:
        return
    examples = re.findall(r"```json\n(.*?)```", section(page, name), re.DOTALL)
    assert examples
    for example in examples:
        document = json.loads(example)
        check(document, name)
        wanted = schema(name)["properties"]
        assert set(document) == set(wanted), "an example shows every key"


def keys_in(name, *path):
    part = schema(name)
    for step in path:
        part = part["items"] if step == "items" else part["properties"][step]
    return set(part["properties"])


def documented_keys(heading):
    return set(rows_of(section(REFERENCE / "release.md", heading))) - {"key", "role", "file"}


def test_every_key_of_a_release_is_documented_and_no_other():
    top = section(REFERENCE / "release.md", "release\\.json").split("\n### ")[0]
    assert set(rows_of(top)) - {"key"} == keys_in("release")
    assert documented_keys("A date") == keys_in("release", "dates", "items")


def test_every_relation_is_named():
    for relation in Relation:
        assert f"`{relation.value}`" in text_of("release")
    for state in Publication:
        assert f"`{state.value}`" in text_of("places")


# errors


def test_every_exit_code_and_every_error_is_documented():
    page = text_of("errors")
    codes = rows_of(section(REFERENCE / "errors.md", "Exit codes"))
    signals = {"129", "130", "143"}
    assert set(codes) - {"code"} == {"0", "1", *signals, *map(str, EXIT_CODES.values())}
    readme = rows_of((ROOT / "README.md").read_text(encoding="utf-8"))
    assert set(codes) - {"code"} <= set(readme)
    tree = section(REFERENCE / "errors.md", "The tree")
    for kind in errors():
        line = next(x for x in tree.splitlines() if re.search(rf"\b{kind.__name__}\b", x))
        if kind in EXIT_CODES:
            assert f" {exit_code(kind.__new__(kind))} " in line
    assert page.count("Error") > len(list(errors()))


def errors(kind=SatdeskError):
    yield kind
    for child in kind.__subclasses__():
        if child.__module__ == "satdesk.errors":
            yield from errors(child)


@pytest.mark.parametrize("page", ["errors", "recipe"])
def test_every_rule_is_documented_and_no_other(page):
    heading = "Rules" if page == "errors" else "Rules that .*"
    rules = rows_of(section(REFERENCE / f"{page}.md", heading))
    assert {name: words[-1].strip("| ") for name, words in rules.items() if name != "rule"} == RULES


def test_every_problem_is_documented_and_no_other():
    documented = set(rows_of(section(REFERENCE / "errors.md", "Problems of a delivery"))) - {"code"}
    assert documented == codes_in("bundles")
    assert set(rows_of(section(REFERENCE / "formats.md", "Problems"))) - {"code"} == documented


def test_every_notice_is_documented_and_no_other():
    documented = set(rows_of(section(REFERENCE / "errors.md", "Notices on a product")))
    assert documented - {"code", "accepted:RULE"} == codes_in("release")


def codes_in(package):
    """Strings given as `code`, by keyword or to a function that calls its parameter so."""
    trees = [ast.parse(p.read_text(encoding="utf-8")) for p in (SOURCES / package).glob("*.py")]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    takers = {
        n.name: [a.arg for a in n.args.args].index("code")
        for n in nodes
        if isinstance(n, ast.FunctionDef) and "code" in [a.arg for a in n.args.args]
    }
    found = set()
    for call in nodes:
        if not isinstance(call, ast.Call):
            continue
        given = [k.value for k in call.keywords if k.arg == "code"]
        if isinstance(call.func, ast.Name) and call.func.id in takers:
            given += call.args[takers[call.func.id] :][:1]
        parts = [part for g in given for part in (g, *branches(g))]
        found |= {part.value for part in parts if isinstance(part, ast.Constant)}
    return found


def branches(node):
    return (node.body, node.orelse) if isinstance(node, ast.IfExp) else ()


# the recipe


def test_the_recipe_page_names_every_key_and_no_other():
    documented = recipe_keys(blocks(REFERENCE / "recipe.md", "toml")[0].text)
    properties = schema("recipe")["properties"]
    scene = properties["scenes"]["items"]["properties"]
    wanted = {
        name: set(part.get("items", part).get("properties", {}))
        for name, part in properties.items()
    }
    wanted["scenes"] -= {"licence"}
    wanted["scenes.licence"] = set(scene["licence"]["properties"])
    wanted["accept"] = {"pan-ms-residual"}
    assert documented == wanted


def recipe_keys(text):
    """Keys by table, those in comments too: ``# a = 1``, ``# a, b: words``, ``# a, b   # words``."""
    found, table = {}, ""
    for line in text.splitlines():
        if opened := re.match(r"\[+([a-z_.]+)\]+", line):
            table = opened.group(1)
            found[table] = set()
            continue
        said = line.removeprefix("# ").split("#")[0].strip()
        keys = re.findall(r'(?:^|; )"?([a-z0-9_-]+)"? =', said)
        if not keys and said:
            keys = [k.strip() for k in said.split(":")[0].split(",")]
        found[table] |= set(keys)
    return found


def recipes():
    for page in PAGES:
        for block in blocks(page, "toml"):
            yield pytest.param(block, id=block.where)


@pytest.mark.parametrize("block", list(recipes()))
def test_every_recipe_follows_the_schema(block):
    document = tomllib.loads(block.text)
    for key, name in (("statement", "statements"), ("answer", "answers")):
        if key in document:
            check(as_json(document), name, subject=block.where)
            return
    if document.keys() <= keys_in("house_style"):
        check(document, "house_style", subject=block.where)
        return
    whole = {
        "release": {"id": "x", "title": "X", "publisher": "X"},
        "district": {"name": "kalbajar"},
        "scenes": [{"bundle": "x"}],
    }
    if isinstance(document.get("scenes"), dict):  # a fragment: [scenes.licence]
        document["scenes"] = [{**whole["scenes"][0], **document["scenes"]}]
    check(as_json(whole | document), "recipe", subject=block.where)


def as_json(value):
    return json.loads(json.dumps(value, default=lambda moment: moment.isoformat()))


# links and the README


def slug(heading):
    words = re.sub(r"[^\w\- ]", "", heading.lower().replace("`", ""))
    return words.strip().replace(" ", "-")


def anchors(page):
    lines = page.read_text(encoding="utf-8").splitlines()
    return {slug(line.lstrip("#")) for line in lines if re.match(r"#+ ", line)}


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_link_leads_somewhere(page):
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        assert not re.match(r"[a-z]+:", target), f"{target}: links stay inside"
        name, _, anchor = target.partition("#")
        there = (page.parent / name).resolve() if name else page
        assert there.exists(), target
        assert ROOT in [there, *there.parents]
        assert not anchor or anchor in anchors(there), target


def test_every_page_of_the_documentation_is_in_the_index():
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    for page in (ROOT / "docs").rglob("*.md"):
        if page.name != "index.md":
            assert f"({page.relative_to(ROOT / 'docs').as_posix()})" in index


def test_the_commands_of_the_readme_are_targets_of_the_makefile():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for page in ("README.md", "CONTRIBUTING.md"):
        named = re.findall(r"\$ make (\w+)", (ROOT / page).read_text(encoding="utf-8"))
        assert named
        for target in named:
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_the_picture_is_small_and_from_the_simulated_sample():
    pictures = [p for p in (ROOT / "docs" / "images").iterdir() if p.suffix != ".md"]
    assert [p.name for p in pictures] == ["release.jpg"]
    assert all(p.stat().st_size <= 250_000 for p in pictures)
    assert "SIMULATED" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_table_of_modules_names_every_package_and_nothing_that_is_gone():
    page = ROOT / "docs" / "explanation" / "architecture.md"
    named = set()
    for cell in rows_of(section(page, "Who owns what")):
        named.add(cell.split("/")[0])
    packages = {p.name for p in SOURCES.iterdir() if (p / "__init__.py").is_file()}
    assert packages <= named | {"data", "schemas"}


def modules_of_table():
    page = ROOT / "docs" / "explanation" / "architecture.md"
    for line in section(page, "Who owns what").splitlines():
        if not line.startswith("| `"):
            continue
        package = ""
        for name in re.findall(r"[\w/]+", line.split("|")[1]):
            package = name.rsplit("/", 1)[0] if "/" in name else package
            yield f"{package}/{name.rsplit('/', 1)[-1]}" if package else name


@pytest.mark.parametrize("module", list(modules_of_table()))
def test_every_module_of_the_architecture_is_there(module):
    path = SOURCES / module
    assert path.with_suffix(".py").is_file() or Path(path).is_dir()


def signatures():
    page = ROOT / "docs" / "explanation" / "architecture.md"
    text = section(page, "Signatures that modules agree on")
    text = re.sub(r"#.*", "", text)
    return re.findall(r"^(?:.*;  )?(\w+)\(((?:[^()]|\([^()]*\))*)\)", text, re.MULTILINE)


def homes():
    for path in SOURCES.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in tree.body:
            if isinstance(node, ast.ClassDef | ast.FunctionDef):
                yield node.name, ".".join(path.relative_to(SOURCES.parent).with_suffix("").parts)


@pytest.mark.parametrize(("name", "arguments"), signatures())
def test_the_signatures_of_the_architecture_are_those_of_the_code(name, arguments):
    candidates = [module for found, module in homes() if found == name]
    wanted = [re.split(r"[=:]", part)[0].strip() for part in split_arguments(arguments)]
    shortened = "…" in wanted
    wanted = [part for part in wanted if part not in {"*", "…", ""}]
    real = [parameters(getattr(importlib.import_module(m), name)) for m in candidates]
    assert any(r[: len(wanted)] == wanted and (shortened or len(r) == len(wanted)) for r in real), (
        f"{name}: {wanted} is none of {real}"
    )


def split_arguments(text):
    return re.split(r",(?![^()]*\))", " ".join(text.split()))
