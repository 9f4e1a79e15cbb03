"""How a layer came to be: a fold over the frozen tree of layers, so it cannot drift from the work.

A layer that only evaluates another (``definition``) is not a step: its lineage is that one's.
A step is a frozen dataclass that has ``read``; its parameters are its fields. Fields that are
layers (or tuples of layers) become inputs. A value that should appear in a lineage by a short form
of its own (a geoid grid, a terrain of a million heights) has a method ``lineage_digest() -> str``.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, fields, is_dataclass
from datetime import date
from enum import Enum
from functools import singledispatch
from pathlib import PurePath
from typing import Any

import numpy as np
from affine import Affine
from odc.geo.geobox import GeoBox
from shapely.geometry.base import BaseGeometry

from satdesk.core.layer import Layer

__all__ = ["Lineage", "lineage"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    """One step and all before it.

    Attributes:
        step: Hyphenated name of the layer's class (``ortho``, ``image-layer``).
        parameters: JSON-ready ``(name, value)`` pairs in the order of the fields.
        inputs: The lineages of the layers that it wraps.
    """

    step: str
    parameters: tuple[tuple[str, Any], ...]
    inputs: tuple[Lineage, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form, nested."""
        return {
            "step": self.step,
            "parameters": dict(self.parameters),
            "inputs": [step.to_dict() for step in self.inputs],
        }

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the canonical JSON; equal in every process for equal work."""
        text = json.dumps(self.to_dict(), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()


def lineage(layer: Layer) -> Lineage:
    """Fold the tree of `layer` into its lineage."""
    layer = getattr(layer, "definition", layer)
    parameters: list[tuple[str, Any]] = []
    inputs: list[Lineage] = []
    for field in fields(layer):  # type: ignore[arg-type]  # every layer is a dataclass
        if not field.compare:  # what is no part of a layer's meaning
            continue
        value = getattr(layer, field.name)
        if _is_layer(value):
            inputs.append(lineage(value))
        elif isinstance(value, tuple) and value and all(_is_layer(v) for v in value):
            inputs.extend(lineage(v) for v in value)
        else:
            parameters.append((field.name, plain(value)))
    return Lineage(
        step=_hyphenated(type(layer).__name__), parameters=tuple(parameters), inputs=tuple(inputs)
    )


@singledispatch
def plain(value: Any) -> Any:  # noqa: ANN401 - any parameter of any layer
    """JSON-ready form of a parameter; files appear by name, never by a path of one machine."""
    if hasattr(value, "lineage_digest"):
        return value.lineage_digest()
    if is_dataclass(value):
        return {f.name: plain(getattr(value, f.name)) for f in fields(value)}
    raise TypeError(f"no lineage form for {type(value).__name__}: give it lineage_digest()")


@plain.register(type(None))
@plain.register(bool)
@plain.register(int)
@plain.register(float)
@plain.register(str)
def _same(value: Any) -> Any:  # noqa: ANN401 - the JSON scalars
    return value


@plain.register
def _enum(value: Enum) -> Any:  # noqa: ANN401 - an enum's value is a scalar
    return value.value


@plain.register
def _path(value: PurePath) -> str:
    return value.name


@plain.register
def _day(value: date) -> str:
    return value.isoformat()


@plain.register
def _geobox(value: GeoBox) -> dict[str, Any]:
    crs = None if value.crs is None else str(value.crs)
    return {"shape": list(value.shape), "affine": list(value.affine)[:6], "crs": crs}


@plain.register
def _affine(value: Affine) -> list[float]:
    return list(value)[:6]


@plain.register
def _geometry(value: BaseGeometry) -> str:
    return str(value.normalize().wkb_hex)


@plain.register
def _array(value: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()


@plain.register
def _scalar(value: np.generic) -> Any:  # noqa: ANN401 - whatever scalar it holds
    return value.item()


@plain.register
def _mapping(value: dict) -> dict[str, Any]:  # type: ignore[type-arg]  # dispatch, as above
    return {str(k): plain(v) for k, v in value.items()}


@plain.register(tuple)
@plain.register(list)
@plain.register(frozenset)
def _sequence(value: Any) -> list[Any]:  # noqa: ANN401 - the three sequences
    return [plain(v) for v in value]


def _is_layer(value: object) -> bool:
    return is_dataclass(value) and isinstance(value, Layer)


def _hyphenated(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()
