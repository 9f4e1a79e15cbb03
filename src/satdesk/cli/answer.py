"""Answers on stdout: one JSON document, or lines for people."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import click

__all__ = ["print_json", "print_table"]


def print_json(document: Mapping[str, Any]) -> None:
    """One JSON document on stdout, UTF-8; NaN is not JSON and raises."""
    click.echo(json.dumps(document, ensure_ascii=False, allow_nan=False))


def print_table(rows: Iterable[tuple[str, object]]) -> None:
    """Aligned ``name  value`` lines; None prints as "not stated"."""
    listed = list(rows)
    width = max((len(name) for name, _ in listed), default=0)
    for name, value in listed:
        click.echo(f"{name:<{width}}  {'not stated' if value is None else value}")
