"""Write docs/reference/cli.md from the command line itself.

    python tools/make_cli_reference.py

A test holds the page equal to `reference()`.
"""

from __future__ import annotations

from pathlib import Path

import click

from satdesk.cli.app import COMMANDS, app

__all__ = ["reference"]

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "cli.md"

HEAD = """\
# Command line

This page is written from the program by `tools/make_cli_reference.py`; `satdesk COMMAND --help`
says the same.

`satdesk --version` prints the version, `-h` and `--help` print help.

* Without `--json`, the answer is lines for people on stdout. With `--json` it is one JSON document
  on stdout ([json.md](json.md)); where the command fails, that document is the error.
* Progress and messages go to stderr. Bars are drawn only where stderr is a terminal.
* A result appears whole, by rename, or not at all. What exists is replaced only with `--overwrite`.
* Exit codes, errors and the rules for `--accept` stand in [errors.md](errors.md).
* Pixel positions count from the outer corner of the first pixel (its centre is 0.5, 0.5),
  longitude comes before latitude, heights are metres above the WGS 84 ellipsoid
  ([conventions.md](conventions.md)).

A `BUNDLE` is a folder, a zip or a metadata file ([formats.md](formats.md)). A scene of loose files
is named by `--pan` and/or `--ms` instead.
"""


def reference() -> str:
    """The whole page."""
    return "\n".join([HEAD, *(_section(name) for name in COMMANDS)])


def _section(name: str) -> str:
    context = click.Context(app, info_name="satdesk")
    command = app.get_command(context, name)
    if command is None:
        raise LookupError(name)
    inner = click.Context(command, info_name=name, parent=context)
    usage = command.collect_usage_pieces(inner)
    lines = [f"## {name}", "", "```text", f"satdesk {name} {' '.join(usage)}", "```", ""]
    lines += [_paragraphs(command.help or ""), ""]
    lines += ["| option | takes | default | meaning |", "|---|---|---|---|"]
    options = [p for p in command.params if isinstance(p, click.Option) and not p.hidden]
    lines += [_row(option, inner) for option in options]
    return "\n".join([*lines, ""])


def _paragraphs(text: str) -> str:
    blocks = text.strip().split("\n\n")
    return "\n\n".join(" ".join(block.split()) for block in blocks)


def _row(option: click.Option, context: click.Context) -> str:
    names = ", ".join(f"`{name}`" for name in option.opts)
    words = option.help or ""
    if option.required:
        words = f"Required. {words}".strip()
    if option.multiple and "repeated" not in words:
        words += " May be repeated."
    cells = (names, _takes(option, context), _default(option), words)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _takes(option: click.Option, context: click.Context) -> str:
    if option.is_flag:
        return "nothing"
    if isinstance(option.type, click.Choice):
        return ", ".join(f"`{choice}`" for choice in option.type.choices)
    if option.metavar:
        return f"`{option.metavar}`"
    named = "text" if option.type is click.STRING else option.make_metavar(context).lower()
    named = {"integer": "whole number", "float": "number", "path": "file"}.get(named, named)
    return named if option.nargs == 1 else f"{option.nargs} numbers"


def _default(option: click.Option) -> str:
    shown = isinstance(option.default, str | int | float) and not option.is_flag
    return f"`{option.default}`" if shown else ""


if __name__ == "__main__":
    PAGE.write_text(reference(), encoding="utf-8")
    print(PAGE)
