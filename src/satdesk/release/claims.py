"""What a release says of each of its files when it is signed: steps, sources, our own assertion.

All of it is public already: it stands in ``release.json`` and ``recipe.json``.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from satdesk.bundles.report import acquisition_facts
from satdesk.core.lineage import Lineage
from satdesk.provenance.claim import Action, Claim, Ingredient
from satdesk.release.content import Artifact, Content, DatedImage, Status
from satdesk.release.descriptions import is_dehazed, step_words
from satdesk.release.press_facts import source_type

__all__ = ["ASSERTION_FORMAT", "Claims"]

ASSERTION_FORMAT = "satdesk-assertion/1"
_ACTIONS = {
    "calibrated": "c2pa.adjustedColor",
    "clipped": "c2pa.cropped",
    "displayed": "c2pa.adjustedColor",
    "masked": "c2pa.edited",
    "sharpened": "c2pa.enhanced",
}
"""Steps for which C2PA has a word of its own; every other one is ``org.satdesk.STEP``."""
_LAID_OUT = frozenset({"plate", "press", "sequence", "video", "press-kit"})
_MAX_PARAMETER = 200
"""Characters of JSON: a longer one (a polygon, the numbers of a camera) is in release.json."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """Makes the claim of every file of one release.

    Attributes:
        content: The release.
        scenes: `scene_facts` of the scenes of each date, by date id.
        inputs: Files beside the scenes.
        recipe: The text of ``recipe.json``; as text, because C2PA's library rewrites lists of
            numbers below some names.
        recipe_sha256: Of ``recipe.json``, hex.
    """

    content: Content
    scenes: Mapping[str, Sequence[Mapping[str, Any]]]
    inputs: Sequence[Mapping[str, Any]]
    recipe: str
    recipe_sha256: str

    def of(self, artifact: Artifact) -> Claim:
        """The claim that is signed with `artifact`."""
        images = self._shown(artifact)
        sources = tuple(self._ingredients(images))
        return Claim(
            title=self._title(artifact, images),
            generator=("satdesk", self.content.version),
            actions=tuple(self._actions(artifact, images, sources)),
            ingredients=sources,
            assertion=self.assertion(artifact),
        )

    def assertion(self, artifact: Artifact) -> dict[str, Any]:
        """Our own assertion: equal for equal scenes, recipe and version, whoever signs and when."""
        images = self._shown(artifact)
        whole = {} if artifact.role == "tile" else {"recipe": self.recipe}
        return {
            "format": ASSERTION_FORMAT,
            "artifact": artifact.path,
            "release": self.content.id,
            "revision": self.content.revision,
            "title": self.content.title,
            "publisher": self.content.publisher,
            "contact": self.content.contact,
            "status": self.content.status.value,
            "simulated": any(image.simulated for image in images),
            "satdesk_version": self.content.version,
            "dates": [self._date(image) for image in images],
            "inputs": list(self.inputs),
            "recipe_sha256": self.recipe_sha256,
            **whole,
        }

    def _shown(self, artifact: Artifact) -> tuple[DatedImage, ...]:
        wanted = artifact.date_id
        return tuple(i for i in self.content.dates if wanted is None or i.id == wanted)

    def _title(self, artifact: Artifact, images: Sequence[DatedImage]) -> str:
        simulated = any(image.simulated for image in images)
        draft = self.content.status is Status.DRAFT
        title = artifact.title or artifact.path
        marks = [w for w, on in (("DRAFT", draft), ("SIMULATED", simulated)) if on]
        return ": ".join([*(mark for mark in marks if mark not in title), title])

    def _date(self, image: DatedImage) -> dict[str, Any]:
        return {
            "id": image.id,
            "acquisition": acquisition_facts(image.acquisition),
            "credit": image.credit,
            "simulated": image.simulated,
            "lineage_sha256": image.lineage.digest,
            "scenes": [
                {"id": scene["id"], "mission": scene["mission"], "files": list(scene["inputs"])}
                for scene in self.scenes[image.id]
            ],
        }

    def _ingredients(self, images: Sequence[DatedImage]) -> Iterator[Ingredient]:
        for image in images:
            for scene in self.scenes[image.id]:
                digests = ",".join(sorted(file["sha256"] for file in scene["inputs"]))
                simulated = "SIMULATED: no camera took it. " if image.simulated else ""
                yield Ingredient(
                    title=str(scene["id"]),
                    instance=f"uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'sha256:{digests}')}",
                    description=f"{simulated}Scene of {len(scene['inputs'])} files; the SHA-256 "
                    "of each stands in the assertion org.satdesk.release",
                )

    def _actions(
        self, artifact: Artifact, images: Sequence[DatedImage], sources: Sequence[Ingredient]
    ) -> Iterator[Action]:
        made = "Drawn by an algorithm" if all(i.simulated for i in images) else "Made from scenes"
        yield Action(
            name="c2pa.created",
            description=f"{made}: {artifact.path}",
            source_type=source_type(tuple(images)),
        )
        for source in sources:
            yield Action(
                name="c2pa.placed",
                description=f"Source: {source.title}",
                parameters={"ingredientIds": [source.instance]},
            )
        for image in images:
            yield from _steps(image, whole=artifact.role != "tile")
        if artifact.role != "image":
            if any(is_dehazed(image) for image in images):
                yield Action(name="c2pa.adjustedColor", description=step_words("dehazed"))
            yield Action(name="c2pa.adjustedColor", description="One display tone for every date")
        if artifact.role in _LAID_OUT:
            yield Action(name="c2pa.edited", description="Laid out with or without words and marks")
        if self.content.status is Status.ISSUED:
            yield Action(name="c2pa.published", description=f"Issued by {self.content.publisher}")


def _steps(image: DatedImage, *, whole: bool) -> Iterator[Action]:
    for step in _in_order(image.lineage):
        facts: dict[str, Any] = {"step": step.step, "date": image.id}
        if whole:
            facts["parameters"] = {n: v for n, v in step.parameters if _is_short(v)}
        yield Action(
            name=_ACTIONS.get(step.step, f"org.satdesk.{step.step}"),
            description=f"{image.id}: {step_words(step.step)}",
            parameters={"org.satdesk.step": facts},
        )


def _in_order(lineage: Lineage) -> Iterator[Lineage]:
    """Inputs before what was made of them."""
    for given in lineage.inputs:
        yield from _in_order(given)
    yield lineage


def _is_short(value: Any) -> bool:  # noqa: ANN401 - any JSON value
    return len(json.dumps(value, ensure_ascii=False)) <= _MAX_PARAMETER
