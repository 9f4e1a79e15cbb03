"""What a signer says of a file: a value, and the words that C2PA has for it.

C2PA Technical Specification 2.2: actions in chapter 18.15, ingredients in 18.16, labels in 6.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["ASSERTION", "CREDENTIALS_SUFFIX", "EKUS", "Action", "Claim", "Ingredient"]

ASSERTION = "org.satdesk.release"
"""Label of our own assertion."""
CREDENTIALS_SUFFIX = ".c2pa"
"""Of a sidecar, after the whole name of its file."""

EKUS = {
    "1.3.6.1.5.5.7.3.36": "document signing (RFC 9336)",
    "1.3.6.1.4.1.62558.2.1": "C2PA claim signing",
    "1.3.6.1.5.5.7.3.4": "e-mail protection",
}
"""Uses of a certificate, any of which lets it sign claims."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One step of the work.

    Attributes:
        name: C2PA's own (``c2pa.created``) or a reverse-domain one.
        description: For people.
        source_type: IPTC's DigitalSourceType; for the first action.
        parameters: JSON-ready.
    """

    name: str
    description: str
    source_type: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingredient:
    """One source.

    Attributes:
        title: Its name.
        instance: Unique for its content (``uuid:…``).
        description: For people.
    """

    title: str
    instance: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """All that is signed with one file.

    Attributes:
        title: Of the file.
        generator: Name and version of the program.
        actions: In order; the first is ``c2pa.created``.
        ingredients: The sources.
        assertion: Content of our own assertion, JSON-ready.
    """

    title: str
    generator: tuple[str, str]
    actions: tuple[Action, ...]
    ingredients: tuple[Ingredient, ...]
    assertion: Mapping[str, Any]
