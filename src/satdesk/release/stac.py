"""A release as a static STAC catalogue: ``stac/catalog.json``, one collection, one item a date.

All links are relative, so that the folder can lie anywhere. The JSON is written by plain
dictionaries with sorted keys: the same content gives the same bytes.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

from shapely.geometry import mapping

from satdesk.core.place import Site
from satdesk.errors import UsageError
from satdesk.files.store import machine_errors
from satdesk.release.content import Artifact, Content
from satdesk.release.stac_item import (
    EXTENSIONS,
    STAC_VERSION,
    interval,
    item,
    item_id,
    notices,
    providers,
    titled,
)

__all__ = ["write_stac"]

STATUS_LINK = {
    "rel": "status",
    "href": "../status.json",
    "type": "application/json",
    "title": "What holds of this release today",
}
"""Whoever shows an item reads there whether it was corrected or withdrawn."""
_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def write_stac(content: Content, folder: Path) -> tuple[Artifact, ...]:
    """Write the catalogue into ``folder/stac``.

    Assets are those files of the dates that lie in `folder`; their sizes and digests are taken now,
    so nothing may change them later.

    Args:
        content: The release; its rasters are written already.
        folder: The release's folder.

    Returns:
        The catalogue, the collection and the items, in this order.

    Raises:
        UsageError: An id that no file name can hold, or that repeats.
        MachineError: The disk refuses.
    """
    _check_ids(content)
    home = folder / "stac"
    items = [item(content, image, folder, home / "items") for image in content.dates]
    with machine_errors(home):
        (home / "items").mkdir(parents=True, exist_ok=True)
        _write(home / "catalog.json", _catalogue(content))
        _write(home / "collection.json", _collection(content, items))
        for document in items:
            _write(home / "items" / f"{document['id']}.json", document)
    return _artifacts(content)


def _check_ids(content: Content) -> None:
    ids = [content.id, *(image.id for image in content.dates)]
    for name in ids:
        if not _SAFE.fullmatch(name):
            raise UsageError(
                "an id must do as a file name",
                found=repr(name),
                expected="letters, digits, dot, hyphen, underscore",
            )
    if len(set(ids[1:])) != len(ids) - 1:
        raise UsageError("the ids of a release's dates repeat", found=", ".join(ids[1:]))


def _artifacts(content: Content) -> tuple[Artifact, ...]:
    items = (
        Artifact(
            path=f"stac/items/{item_id(content, image)}.json",
            role="stac-item",
            media_type="application/geo+json",
            date_id=image.id,
            title=f"STAC item ({image.id})",
        )
        for image in content.dates
    )
    return (
        Artifact(
            path="stac/catalog.json",
            role="stac-catalog",
            media_type="application/json",
            title="STAC catalogue",
        ),
        Artifact(
            path="stac/collection.json",
            role="stac-collection",
            media_type="application/json",
            title="STAC collection",
        ),
        *items,
    )


_STATEMENTS_LINK = {
    "rel": "about",
    "href": "../statements.json",
    "type": "application/json",
    "title": "Statements, what readers answered, and the evidence",
}


def _write(path: Path, document: dict[str, Any]) -> None:
    text = json.dumps(document, ensure_ascii=False, indent=2, sort_keys=True, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")


def _catalogue(content: Content) -> dict[str, Any]:
    return {
        "type": "Catalog",
        "stac_version": STAC_VERSION,
        "id": f"{content.id}-catalogue",
        "title": titled(content, content.title, simulated=content.simulated),
        "description": _description(content),
        "links": [
            {"rel": "root", "href": "./catalog.json", "type": "application/json"},
            {"rel": "child", "href": "./collection.json", "type": "application/json"},
            STATUS_LINK,
        ],
    }


def _collection(content: Content, items: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "type": "Collection",
        "stac_version": STAC_VERSION,
        "stac_extensions": [EXTENSIONS["projection"]],
        "id": content.id,
        "title": titled(content, content.title, simulated=content.simulated),
        "description": _description(content),
        "keywords": _keywords(content),
        "license": "other",
        "providers": providers(content),
        "extent": _extent(content, items),
        "summaries": _summaries(content, items),
        "links": [
            {"rel": "root", "href": "./catalog.json", "type": "application/json"},
            {"rel": "parent", "href": "./catalog.json", "type": "application/json"},
            *(_item_link(document) for document in items),
            STATUS_LINK,
            *([_STATEMENTS_LINK] if content.statements else []),
        ],
        **_own(content),
    }


def _item_link(document: dict[str, Any]) -> dict[str, str]:
    return {
        "rel": "item",
        "href": f"./items/{document['id']}.json",
        "type": "application/geo+json",
        "title": document["properties"]["title"],
    }


def _description(content: Content) -> str:
    """Plain sentences: what it is, and what nobody may overlook."""
    simulated = "SIMULATED: no camera took these pictures. " if content.simulated else ""
    draft = f"DRAFT: {'; '.join(content.draft_reasons)}. " if content.draft_reasons else ""
    return f"{simulated}{draft}{content.title}. Issued by {content.publisher}."


def _keywords(content: Content) -> list[str]:
    names = (*(name.text for name in content.district.names), *(s.title for s in content.sites))
    return list(dict.fromkeys((*names, *(["SIMULATED"] if content.simulated else []))))


def _extent(content: Content, items: list[dict[str, Any]]) -> dict[str, Any]:
    boxes = [document["bbox"] for document in items]
    west, south, east, north = zip(*boxes, strict=True)
    whole = [min(west), min(south), max(east), max(north)]
    times = [interval(image.acquisition) for image in content.dates]
    span = [min(start for start, _ in times), max(end for _, end in times)]
    # STAC: the first box is the whole, the others its parts; one part alone would say nothing
    return {
        "spatial": {"bbox": [whole, *boxes] if len(boxes) > 1 else [whole]},
        "temporal": {"interval": [span]},
    }


def _summaries(content: Content, items: list[dict[str, Any]]) -> dict[str, Any]:
    properties = [document["properties"] for document in items]
    summaries: dict[str, Any] = {
        "gsd": sorted({image.gsd_m for image in content.dates}),
        "proj:code": [properties[0]["proj:code"]],
        "satdesk:simulated": sorted({image.simulated for image in content.dates}),
        "satdesk:status": [content.status.value],
    }
    platforms = sorted({image.mission for image in content.dates if image.mission})
    return summaries | ({"platform": platforms} if platforms else {})


def _own(content: Content) -> dict[str, Any]:
    district, event = content.district, content.event
    return {
        "satdesk:version": content.version,
        "satdesk:language": content.language,
        "satdesk:contact": content.contact,
        "satdesk:assertion": content.assertion,
        "satdesk:draft_reasons": list(content.draft_reasons),
        "satdesk:notices": notices(content.notices),
        "satdesk:district": {
            "id": district.id,
            "names": [asdict(name) for name in district.names],
            "codes": [{"scheme": scheme, "code": code} for scheme, code in district.codes],
            "contested": district.contested,
            "source": {k: v or "unknown" for k, v in asdict(district.source).items()},
        },
        "satdesk:event": None
        if event is None
        else {
            "name": event.name,
            "interval": list(interval(event.at)),
            "precision": event.at.precision.value,
            "time_zone": event.time_zone,
            "source": event.source,
        },
        "satdesk:sites": [_site(site) for site in content.sites],
    }


def _site(site: Site) -> dict[str, Any]:
    return {
        "id": site.id,
        "kind": site.kind,
        "names": [asdict(name) for name in site.names],
        "geometry": None if site.geometry is None else mapping(site.geometry),
        "uncertainty_m": site.uncertainty_m,
        "sources": [asdict(source) for source in site.sources],
    }
