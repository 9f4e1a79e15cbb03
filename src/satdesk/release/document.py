"""``release.json``: every fact of a release, and every artifact but itself and SHA256SUMS."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from satdesk.bundles.report import acquisition_facts
from satdesk.core.lineage import plain
from satdesk.core.place import District, Name, Site, Source
from satdesk.core.scene import Acquisition, Angles
from satdesk.files.digests import sha256
from satdesk.geometry.areas import area_km2
from satdesk.release.acceptance import Accepted
from satdesk.release.captions import alt_text, caption
from satdesk.release.content import Artifact, Content, DatedImage, Licence
from satdesk.release.descriptions import accuracy_facts
from satdesk.release.language import language
from satdesk.release.plain_facts import grid_facts, notice_facts
from satdesk.release.schema import check

__all__ = ["grid_facts", "notice_facts", "release_document", "scene_facts", "write_release_json"]

FORMAT = "satdesk-release/1"


def write_release_json(document: Mapping[str, Any], folder: Path) -> Path:
    """Write ``release.json``, sorted and UTF-8, after checking it against its schema."""
    check(document, "release")
    path = folder / "release.json"
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, indent=1, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")
    return path


def release_document(  # noqa: PLR0913 - the parts of one document, keyword-only
    content: Content,
    folder: Path,
    *,
    artifacts: Sequence[Artifact],
    scenes: Mapping[str, Sequence[Mapping[str, Any]]],
    inputs: Sequence[Mapping[str, Any]],
    accepted: Sequence[Accepted],
    recipe_sha256: str,
    sites_inside: Mapping[str, bool],
    subject_sha256: str,
    signing: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The whole document; artifacts are measured where they lie in `folder`.

    Args:
        content: The release.
        folder: Where it is being written.
        artifacts: Every file but ``release.json`` itself, ``SHA256SUMS`` and its signature.
        scenes: `scene_facts` of the scenes of each date, by date id.
        inputs: Files beside the scenes: terrain, geoid, boundary, register.
        accepted: Rules that were broken and accepted.
        recipe_sha256: Of ``recipe.json``, hex.
        subject_sha256: What is signed off; see `satdesk.release.clearance`.
        sites_inside: For each site that is drawn, whether it lies inside this polygon.
        signing: Who signs, and how; None = nobody.
    """
    return {
        "format": FORMAT,
        "id": content.id,
        "revision": content.revision,
        "title": content.title,
        "language": content.language,
        "languages": [_language(tag) for tag in content.tags],
        "status": content.status.value,
        "draft_reasons": list(content.draft_reasons),
        "simulated": content.simulated,
        "publisher": content.publisher,
        "contact": content.contact,
        "assertion": content.assertion,
        "satdesk_version": content.version,
        "district": _district(content.district),
        "sites": [_site(site, sites_inside.get(site.id)) for site in content.sites],
        "grid": grid_facts(content.grid),
        "event": _event(content),
        "notices": notice_facts(content.notices),
        "accepted": [_accepted(each) for each in accepted],
        "recipe_sha256": recipe_sha256,
        "subject_sha256": subject_sha256,
        "signing": None if signing is None else dict(signing),
        "inputs": list(inputs),
        "dates": [_date(content, image, scenes[image.id]) for image in content.dates],
        "artifacts": [_artifact(each, folder) for each in sorted(artifacts, key=lambda a: a.path)],
    }


def scene_facts(
    scene_id: str,
    *,
    mission: str | None,
    instrument: str | None,
    acquisition: Acquisition,
    licence: Licence,
    credit: str | None,
    inputs: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """One scene of a date, JSON-ready."""
    return {
        "id": scene_id,
        "mission": mission,
        "instrument": instrument,
        "acquisition": acquisition_facts(acquisition),
        "licence": plain(licence),
        "credit": credit,
        "inputs": list(inputs),
    }


def _language(tag: str) -> dict[str, Any]:
    found = language(tag)
    return {"tag": found.tag, "name": found.name, "reviewers": list(found.reviewers)}


def _district(district: District) -> dict[str, Any]:
    return {
        "id": district.id,
        "title": district.title,
        "names": [_name(name) for name in district.names],
        "codes": [list(code) for code in district.codes],
        "source": _source(district.source),
        "contested": district.contested,
        "country": district.country,
        "time_zone": district.time_zone,
        "bbox": list(district.geometry.bounds),
        "area_km2": round(area_km2(district.geometry), 2),
    }


def _site(site: Site, inside: bool | None) -> dict[str, Any]:  # noqa: FBT001 - a JSON value
    where = None if site.geometry is None else site.geometry.centroid
    return {
        "id": site.id,
        "title": site.title,
        "names": [_name(name) for name in site.names],
        "kind": site.kind,
        "lonlat": None if where is None else [where.x, where.y],
        "uncertainty_m": site.uncertainty_m,
        "sources": [_source(source) for source in site.sources],
        "inside_district": inside,
        "notes": site.notes,
    }


def _name(name: Name) -> dict[str, Any]:
    return {"text": name.text, "language": name.language, "source": name.source}


def _source(source: Source) -> dict[str, Any]:
    facts: dict[str, Any] = plain(source)
    return facts


def _event(content: Content) -> dict[str, Any] | None:
    event = content.event
    if event is None:
        return None
    at = acquisition_facts(event.at)
    return {"name": event.name, "at": at, "time_zone": event.time_zone, "source": event.source}


def _accepted(accepted: Accepted) -> dict[str, Any]:
    return {
        "rule": accepted.rule,
        "reason": accepted.reason,
        "measured": accepted.measured,
        "limit": accepted.limit,
        "unit": accepted.unit,
    }


def _date(
    content: Content, image: DatedImage, scenes: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    return {
        "id": image.id,
        "acquisition": acquisition_facts(image.acquisition),
        "relation": None if image.relation is None else image.relation.value,
        "scenes": list(scenes),
        "credit": image.credit,
        "simulated": image.simulated,
        "product": image.product,
        "quantity": image.quantity.value,
        "bands": [
            {"name": b.name, "common_name": b.common_name, "provider_id": b.provider_id}
            for b in image.bands
        ],
        "gsd_m": image.gsd_m,
        "native_gsd_m": image.native_gsd_m,
        "seen_share": round(image.seen_share, 6),
        "cloud_percent": image.cloud_percent,
        "angles": None if image.angles is None else _angles(image.angles),
        "accuracy": accuracy_facts(image),
        "facts": {name: plain(value) for name, value in image.facts if name != "accuracy"},
        "notices": notice_facts(image.notices),
        "caption": caption(content, image),
        "alt_text": alt_text(content, image),
        "captions": {tag: caption(content, image, language(tag)) for tag in content.tags},
        "alt_texts": {tag: alt_text(content, image, language(tag)) for tag in content.tags},
        "lineage": image.lineage.to_dict(),
        "lineage_digest": image.lineage.digest,
    }


def _angles(angles: Angles) -> dict[str, float | None]:
    return {
        "incidence_deg": angles.incidence_deg,
        "view_azimuth_deg": angles.view_azimuth_deg,
        "viewing_deg": angles.viewing_deg,
        "sun_elevation_deg": angles.sun_elevation_deg,
        "sun_azimuth_deg": angles.sun_azimuth_deg,
    }


def _artifact(artifact: Artifact, folder: Path) -> dict[str, Any]:
    path = folder / artifact.path
    return {
        "path": artifact.path,
        "role": artifact.role,
        "media_type": artifact.media_type,
        "bytes": path.stat().st_size,
        "sha256": sha256(path),
        "date": artifact.date_id,
        "title": artifact.title,
    }
