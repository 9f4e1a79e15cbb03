"""The district report on the page: areas seen, scene by scene, and the map of what gave what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from satdesk.core.sighting import State
from satdesk.release.content import DatedImage
from satdesk.release.page_html import Html, el
from satdesk.release.sighted_names import MAP_NAME

__all__ = ["coverage_html"]

_WORDS = {
    "clear": "seen clear",
    "cloud": "under cloud, not seen",
    "shadow": "in the shadow of a cloud",
    "not_imaged": "not imaged",
    "not_told": "imaged, not told whether hidden",
}


def coverage_html(image: DatedImage) -> Html | None:
    """Map and table of a date; None where it is one scene and nobody looked for clouds."""
    facts: Any = dict(image.facts).get("coverage")
    if not isinstance(facts, Mapping):
        return None
    words = "; ".join(_lines(facts["states"]))
    rows = [
        el("tr", el("th", f"{scene['number']}", scope="row"), el("td", scene["id"]),
           el("td", "; ".join(_lines(scene["states"])) or "nothing"))
        for scene in facts["scenes"]
    ]  # fmt: skip
    head = el("tr", *(el("th", word, scope="col") for word in ("No.", "Scene", "Of the district")))
    return el(
        "details",
        el("summary", "What was seen, and by which scene"),
        el("p", f"Of {facts['district_ha']:,.1f} ha: {words}."),
        _map(image, words),
        el("table", el("thead", head), el("tbody", *rows), class_="coverage"),
        *(_site(site) for site in facts.get("sites", ())),
    )


def _map(image: DatedImage, words: str) -> Html | None:
    if image.source is None or image.licence.tiles is False:
        return None
    text = f"Map of the district: which of {len(image.scene_ids)} scenes shows what; {words}."
    return el("img", src=f"{image.id}/{MAP_NAME}", alt=text, class_="source-map")


def _lines(states: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
    for state in State:
        share = states.get(state.name.lower())
        if share is not None and share["ha"] > 0:
            word = _WORDS[state.name.lower()]
            yield f"{word} {share['ha']:,.1f} ha ({share['percent']:.1f} %)"


def _site(site: Mapping[str, Any]) -> Html:
    seen = "; ".join(f"{_WORDS[name]} {percent:g} %" for name, percent in site["states"].items())
    return el("p", f"{site['title']}, within {site['radius_m']:g} m: {seen or 'not imaged'}.")
