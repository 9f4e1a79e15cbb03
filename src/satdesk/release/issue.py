"""To issue: scenes and a recipe become a release, whole or not at all."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from satdesk._version import __version__
from satdesk.core.scene import Scene
from satdesk.core.statement import AskedStatement
from satdesk.files.digests import sha256, write_sha256sums
from satdesk.files.store import new_folder
from satdesk.places.register import write_sites
from satdesk.release.answers import with_answers
from satdesk.release.assembly import Assembly, put_together
from satdesk.release.claims import Claims
from satdesk.release.clearance import Clearance, Cleared, Reading, Subject, subject_digest
from satdesk.release.cog import write_visual
from satdesk.release.content import Artifact, Content, DatedImage, Notice, Status
from satdesk.release.dated import Dated, acquired
from satdesk.release.dated_files import date_folder, for_eyes, image_tags, write_date
from satdesk.release.dated_image import dated_image
from satdesk.release.dehaze import FACT, dehazed
from satdesk.release.display import dates_balanced
from satdesk.release.document import release_document, scene_facts, write_release_json
from satdesk.release.earth import write_kmz
from satdesk.release.evidence import write_evidence
from satdesk.release.holds import holds_of
from satdesk.release.house_style import HouseStyle
from satdesk.release.house_style_files import load_house_style
from satdesk.release.inputs import choice_paths, input_facts, scene_files, side_files
from satdesk.release.issued import Issued
from satdesk.release.outputs import require_packages
from satdesk.release.page import write_page
from satdesk.release.page_sharing import address_of_page
from satdesk.release.permission import kept_back
from satdesk.release.pictures import (
    Progress,
    displayed,
    shared_tone,
    tone_facts,
)
from satdesk.release.plan import Plan, planned
from satdesk.release.plate import write_plates
from satdesk.release.plate_code import code_modules
from satdesk.release.plate_format import plate_formats
from satdesk.release.press import write_press
from satdesk.release.press_kit import write_press_kits
from satdesk.release.public_recipe import (
    RECIPE_NAME,
    SITES_NAME,
    public_recipe,
    write_public_recipe,
)
from satdesk.release.recipe import Recipe
from satdesk.release.scenes import open_scene
from satdesk.release.seal import SIGNATURE_NAME, Seal
from satdesk.release.sequence import write_sequence
from satdesk.release.sighted import write_sighted
from satdesk.release.stac import write_stac
from satdesk.release.statement_cover import asked
from satdesk.release.statement_file import write_statements
from satdesk.release.statements import require_sites
from satdesk.release.status_file import STATUS_FILES, first_status, read_status, write_status
from satdesk.release.video import write_videos
from satdesk.scale.run import Executor

__all__ = ["issue_release"]

_RECIPE = Artifact(
    path=RECIPE_NAME,
    role="recipe",
    media_type="application/json",
    title="The recipe, to make this release again",
)
_SITES = Artifact(
    path=SITES_NAME,
    role="sites",
    media_type="application/geo+json",
    title="The sites that are shown",
)
_SIGNATURE = Artifact(
    path=SIGNATURE_NAME,
    role="signature",
    media_type="application/pkcs7-signature",
    title="Signature of the checksums",
)


def issue_release(
    recipe: Recipe,
    out: Path,
    *,
    executor: Executor,
    overwrite: bool = False,
    progress: Progress | None = None,
    seal: Seal | None = None,
    clearance: Clearance,
) -> Issued:
    """Issue the release of `recipe` into the folder `out`.

    Args:
        recipe: What to issue.
        out: Must not exist, unless `overwrite` swaps it whole by rename.
        executor: How layers are evaluated.
        overwrite: Replace what is there.
        progress: Told each step.
        seal: Signs what is written; None = the release is not signed.
        clearance: Answers whether it may be issued, or must stay a draft.

    Raises:
        UsageError: `out` exists, or the recipe wants what the scenes cannot give.
        InputError: An input cannot be used.
        LimitError: A measured value breaks a limit that the recipe does not accept.
        MachineError: The disk failed; nothing is left at `out`.
    """
    told = progress or (lambda _step, _done, _total: None)
    style = _looks(recipe)
    scenes = [open_scene(choice) for choice in recipe.scenes]
    inputs = [path for choice in recipe.scenes for path in choice_paths(choice)]
    inputs += [path for scene in scenes for path in scene_files(scene)]
    inputs += [*side_files(recipe), *filter(None, (recipe.path, recipe.statements.file))]
    with new_folder(out, overwrite, inputs=inputs) as folder, _scratch(folder) as scratch:
        plan, assemblies = put_together(_planned(recipe, scenes, told), executor, told)
        images, sighted = _written(plan, assemblies, folder, scratch, executor, told)
        subject, readings, statements, cleared = _cleared(plan, images, scenes, clearance)
        content = replace(_content(plan, images, cleared.reasons, style), statements=statements)
        content = kept_back(content, folder, Path(scratch))
        written = (*_image_artifacts(content, folder), *sighted)
        job = _Job(plan, content, scenes, seal, folder, told, subject, cleared, readings)
        artifacts = _published(job, written)
        status = read_status(folder)
    return Issued(
        path=out,
        content=content,
        artifacts=artifacts,
        status=status,
        accepted=tuple(plan.acceptance.used),
    )


def _planned(recipe: Recipe, scenes: Sequence[Scene], told: Progress) -> Plan:
    """The plan; refused before a pixel is written where a statement names no site of it."""
    plan = planned(recipe, scenes, told)
    require_sites(recipe.statements.listed, plan.sites.shown)
    return plan


def _cleared(
    plan: Plan,
    images: Sequence[DatedImage],
    scenes: Sequence[Scene],
    clearance: Clearance,
) -> tuple[Subject, tuple[Reading, ...], tuple[AskedStatement, ...], Cleared]:
    """What may be signed off, what readers answered about it, and whether it was signed off."""
    digest = subject_digest(
        _public_recipe(plan, scenes), [(image.id, image.visual) for image in images]
    )
    subject = Subject(release=plan.recipe.id, revision=plan.recipe.revision, digest=digest)
    questions = _asked(plan, images)
    readings = clearance.readings(subject) if questions else ()
    statements = with_answers(questions, readings, subject)
    holds = holds_of(
        plan.dates,
        plan.recipe.holds,
        sensitive=plan.sites.sensitive,
        now=clearance.now,
        statements=statements,
    )
    return subject, readings, statements, clearance.settle(subject, holds)


def _asked(plan: Plan, images: Sequence[DatedImage]) -> tuple[AskedStatement, ...]:
    """The statements of the recipe, answered first where the pictures do not cover them."""
    return asked(
        plan.recipe.statements.listed,
        plan.sites.shown,
        images,
        crs=str(plan.grid.crs),
        time_zone=plan.recipe.time_zone or plan.district.time_zone,
    )


def _scratch(folder: Path) -> tempfile.TemporaryDirectory[str]:
    """A folder beside the release for images that the public may not have."""
    return tempfile.TemporaryDirectory(dir=folder.parent, prefix=f"{folder.name}.")


def _written(
    plan: Plan,
    assemblies: Sequence[Assembly | None],
    folder: Path,
    scratch: str,
    executor: Executor,
    told: Progress,
) -> tuple[tuple[DatedImage, ...], tuple[Artifact, ...]]:
    """Write the images of every date, and where there are several scenes which gave what."""
    stored = [
        write_date(plan, index, assembly, folder, Path(scratch), executor, told)
        for index, assembly in enumerate(assemblies)
    ]
    clear = dehazed([for_eyes(plan, each) for each in stored], wished=plan.recipe.display.dehaze)
    balanced = dates_balanced(clear.layers, wished=plan.recipe.mosaic.dates)
    layers = balanced.layers
    tone = shared_tone(layers)
    images: list[DatedImage] = []
    artifacts: list[Artifact] = []
    for index, each in enumerate(stored):
        date = plan.dates[index]
        home = folder if date.licence.tiles is not False else Path(scratch)
        visual = date_folder(home, date.id) / "visual.tif"
        picture = displayed(layers[index], tone, simulated=date.simulated)
        write_visual(
            picture,
            visual,
            executor,
            tags=image_tags(plan, date),
            simulated=date.simulated,
            progress=lambda done, total, name=date.id: told(f"visual {name}", done, total),  # type: ignore[misc]  # a default binds the name
        )
        image = dated_image(plan, index, each, visual, layers[index])
        image = replace(image, facts=(*image.facts, ("display", tone_facts(tone, layers[index]))))
        done = ((FACT, clear.facts[index]), ("dates_balance", balanced.facts[index]))
        image = replace(image, facts=(*image.facts, *(f for f in done if f[1] is not None)))
        said = (*clear.notices[index], *balanced.notices[index])
        images.append(replace(image, notices=(*image.notices, *said)))
        if each.sightings is not None:
            where = each.sightings.path.parent
            artifacts += write_sighted(plan, date, each.sightings, folder, where)
    return tuple(images), tuple(artifacts)


def _looks(recipe: Recipe) -> HouseStyle:
    """The house style, and the refusal of what cannot be drawn, before anything is computed."""
    require_packages(recipe.outputs)
    if recipe.address is not None:
        code_modules(address_of_page(recipe.address))
    folder = recipe.outputs.style
    return HouseStyle() if folder is None else load_house_style(folder)


def _content(
    plan: Plan, images: tuple[DatedImage, ...], reasons: tuple[str, ...], style: HouseStyle
) -> Content:
    recipe = plan.recipe
    return Content(
        id=recipe.id,
        title=recipe.title,
        language=recipe.language,
        languages=recipe.languages,
        embargo=recipe.embargo,
        district=plan.district,
        sites=plan.sites.shown,
        unpublished_sites=plan.sites.kept_back,
        grid=plan.grid,
        dates=images,
        event=recipe.event,
        publisher=recipe.publisher,
        contact=recipe.contact,
        time_zone=recipe.time_zone or plan.district.time_zone,
        status=Status.DRAFT if reasons else Status.ISSUED,
        draft_reasons=reasons,
        notices=tuple(dict.fromkeys(_shared_notices(plan))),
        version=__version__,
        assertion=recipe.assertion,
        revision=recipe.revision,
        copyright=recipe.copyright,
        usage_terms=recipe.usage_terms,
        instructions=recipe.instructions,
        address=recipe.address,
        keywords=recipe.keywords,
        style=style,
    )


def _shared_notices(plan: Plan) -> list[Notice]:
    return [accepted.notice for accepted in plan.acceptance.used]


def _image_artifacts(content: Content, folder: Path) -> list[Artifact]:
    found = []
    for image in content.dates:
        for path, role in ((image.image, "image"), (image.visual, "visual")):
            if path is not None and path.is_relative_to(folder):
                found.append(
                    Artifact(
                        path=path.relative_to(folder).as_posix(),
                        role=role,
                        media_type="image/tiff; application=geotiff; profile=cloud-optimized",
                        date_id=image.id,
                        title=f"{role}.tif, {image.id}",
                    )
                )
    return found


@dataclass(frozen=True, slots=True)
class _Job:
    """What is left to do once the images are written."""

    plan: Plan
    content: Content
    scenes: Sequence[Scene]
    seal: Seal | None
    folder: Path
    told: Progress
    subject: Subject
    cleared: Cleared
    readings: tuple[Reading, ...]

    def sealed(self, artifacts: Sequence[Artifact], claims: Claims) -> tuple[Artifact, ...]:
        """The sidecars of `artifacts`, which now bear their credentials."""
        return () if self.seal is None else self.seal.files(self.folder, artifacts, claims)


def _published(job: _Job, images: tuple[Artifact, ...]) -> tuple[Artifact, ...]:
    """Write everything that is drawn from the images, then the document and the checksums.

    Credentials go into a picture before its size is printed anywhere.
    """
    content, folder, told = job.content, job.folder, job.told
    claims = _claims(job, write_public_recipe(_public_recipe(job.plan, job.scenes), folder))
    artifacts = [*images, *_drawn(job), *write_kmz(content, folder)]
    artifacts += [_RECIPE, *_site_list(job), *job.sealed(artifacts, claims)]
    artifacts += write_statements(content, job.readings, folder)
    artifacts += write_stac(content, folder)
    offered = artifacts if job.seal is None else [*artifacts, _SIGNATURE]
    page = write_page(
        content, folder, offered, progress=lambda done, total: told("page", done, total)
    )
    artifacts += [*page, *job.sealed(page, claims)]
    document = release_document(
        content,
        folder,
        artifacts=artifacts,
        scenes=claims.scenes,
        inputs=claims.inputs,
        accepted=job.plan.acceptance.used,
        recipe_sha256=claims.recipe_sha256,
        sites_inside=job.plan.sites.inside,
        signing=None if job.seal is None else job.seal.facts(),
        subject_sha256=job.subject.digest,
    )
    write_release_json(document, folder)
    write_sha256sums(folder, apart=(SIGNATURE_NAME, *STATUS_FILES))
    if job.seal is not None:
        job.seal.sums(folder)
    write_status(first_status(content, job.cleared, folder), folder)
    if job.seal is not None:
        job.seal.status(folder)
    return tuple(artifacts)


def _site_list(job: _Job) -> tuple[Artifact, ...]:
    """The public sites, by which the release can be made again without the register."""
    if not job.content.sites:
        return ()
    write_sites(job.folder / SITES_NAME, job.content.sites)
    return (_SITES,)


def _drawn(job: _Job) -> list[Artifact]:
    pressed = _for_press(job.content)
    if pressed is None:
        return []
    job.told("plates and press", 0, 2)
    wished = job.plan.recipe.outputs
    plates = write_plates(pressed, job.folder, plate_formats(wished.plates))
    job.told("plates and press", 1, 2)
    press = [*write_press(pressed, job.folder), *write_sequence(pressed, job.folder)]
    press += write_videos(pressed, job.folder, wished.video)
    press += write_press_kits(pressed, job.folder, wished.press_kit)
    evidence = write_evidence(pressed, job.folder)
    job.told("plates and press", 2, 2)
    return [*plates, *press, *evidence]


def _public_recipe(plan: Plan, scenes: Sequence[Scene]) -> dict[str, Any]:
    return public_recipe(
        plan.recipe,
        scenes,
        shown_sites=plan.sites.shown,
        accepted=[(each.rule, each.reason) for each in plan.acceptance.used],
        version=__version__,
    )


def _claims(job: _Job, recipe: Path) -> Claims:
    return Claims(
        content=job.content,
        scenes={date.id: _scenes_of(date) for date in job.plan.dates},
        inputs=input_facts(side_files(job.plan.recipe)),
        recipe=recipe.read_text(encoding="utf-8"),
        recipe_sha256=sha256(recipe),
    )


def _for_press(content: Content) -> Content | None:
    """The content without the dates whose licence forbids press pictures; None if none is left."""
    allowed = tuple(image for image in content.dates if image.licence.press is not False)
    return replace(content, dates=allowed) if allowed else None


def _scenes_of(date: Dated) -> list[dict[str, Any]]:
    return [
        scene_facts(
            scene.id,
            mission=scene.mission,
            instrument=scene.instrument,
            acquisition=acquired(scene),
            licence=choice.licence,
            credit=scene.credit,
            inputs=input_facts(scene_files(scene)),
        )
        for scene, choice in zip(date.scenes, date.choices, strict=True)
    ]
