"""Checking documents against the JSON Schemas that ship with the package."""

from __future__ import annotations

import json
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from os import PathLike
from typing import TYPE_CHECKING, Any

from satdesk.errors import UsageError

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

__all__ = ["SCHEMAS", "check", "schema", "stringified"]

SCHEMAS = (
    "adjust", "answers", "area", "catalogue", "error", "house_style", "identify", "inspect",
    "issue", "keys", "locate", "log", "mask", "ortho", "places", "project", "public_recipe",
    "recipe", "refine", "release", "reproduce", "simulate", "standing", "statements",
    "statements_read", "statements_step", "status", "verify",
)  # fmt: skip
"""Names of the schemas that ship: what people write, files of a release, ``--json`` answers."""

_PAGES = {"recipe": "recipe", "house_style": "plates"}
"""Where a schema is described, if not with the JSON answers."""


@cache
def schema(name: str) -> dict[str, Any]:
    """The JSON Schema called `name`, one of `SCHEMAS`."""
    text = files("satdesk.schemas").joinpath(f"{name}.schema.json").read_text(encoding="utf-8")
    document: dict[str, Any] = json.loads(text)
    return document


def check(document: object, name: str, *, subject: str | PathLike[str] | None = None) -> None:
    """Raise UsageError, naming the key, where `document` does not follow the schema `name`."""
    from jsonschema import Draft202012Validator  # noqa: PLC0415 - slow to load
    from jsonschema.exceptions import best_match  # noqa: PLC0415 - as above

    error = best_match(Draft202012Validator(schema(name)).iter_errors(document))
    if error is not None:
        where = ".".join(str(part) for part in error.absolute_path) or "the document"
        raise UsageError(
            f"{where} does not follow the {name} schema",
            subject=subject,
            found=_short(error),
            expected=_expected(error),
            remedy=f"see docs/reference/{_PAGES.get(name, 'json')}.md",
        )


def stringified(value: Any) -> Any:  # noqa: ANN401 - any TOML value
    """TOML's dates as text, so that one schema serves TOML and JSON."""
    if isinstance(value, dict):
        return {key: stringified(item) for key, item in value.items()}
    if isinstance(value, list):
        return [stringified(item) for item in value]
    return value.isoformat() if isinstance(value, date | datetime) else value


def _short(error: ValidationError) -> str:
    return error.message if len(error.message) <= 200 else error.message[:197] + "..."


def _expected(error: ValidationError) -> str:
    if error.validator == "additionalProperties" and isinstance(error.schema, dict):
        return f"some of {', '.join(error.schema.get('properties', ()))}"
    described = error.schema.get("description") if isinstance(error.schema, dict) else None
    return str(described or f"{error.validator}: {json.dumps(error.validator_value)[:160]}")
