"""The page of a release: a map with a before/after swipe that needs no server and no network.

``index.html`` and the folder ``page/`` beside it work from ``file://``, from any static web server
and offline: every byte that the page loads lies in the release, all words of the release stand in
the HTML itself, and the script draws nothing but the map.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib.resources import files
from pathlib import Path
from string import Template

from PIL import Image

from satdesk.errors import UsageError
from satdesk.files.pictures import Picture
from satdesk.release.captions import alt_text, comparison_alt_text
from satdesk.release.content import Artifact, Content, DatedImage, Status
from satdesk.release.facts import Phrase
from satdesk.release.language import language
from satdesk.release.page_data import page_data
from satdesk.release.page_html import Html, el, embed_json, join
from satdesk.release.page_marks import tile_mark
from satdesk.release.page_panel import (
    LOGO_PATH,
    Download,
    banners,
    date_lines,
    date_title,
    heading,
    panel,
)
from satdesk.release.page_sharing import social
from satdesk.release.tile_files import write_tiles
from satdesk.release.tiles import Pyramid, TileIndex, plan_pyramid

__all__ = ["ASSETS", "CONTENT_SECURITY_POLICY", "write_page"]

ASSETS = {
    "page.css": "text/css",
    "compare.js": "text/javascript",
    "page.js": "text/javascript",
    "leaflet/leaflet.css": "text/css",
    "leaflet/leaflet.js": "text/javascript",
    "leaflet/LICENSE.txt": "text/plain",
}
"""What is copied into ``page/``, with its media type."""

# A page opened from a disk has no origin of its own: 'self' is not enough in every browser.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; "
    "script-src 'self' file:; "
    "style-src 'self' file:; "
    "img-src 'self' file: data:; "
    "base-uri 'none'; "
    "form-action 'none'"
)
"""Nothing inline runs, nothing is fetched, nothing comes from elsewhere."""

_LATER = (
    Artifact(
        path="release.json",
        role="release",
        media_type="application/json",
        title="Every fact of this release",
    ),
    Artifact(
        path="SHA256SUMS", role="checksums", media_type="text/plain", title="Checksums of the files"
    ),
)
_SAFE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_COMPARED = 2
_LOGO_PX = (480, 80)


def write_page(
    content: Content,
    folder: Path,
    artifacts: Sequence[Artifact] = (),
    *,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Artifact, ...]:
    """Write ``index.html`` and ``page/`` into a release.

    A date whose licence forbids tiles gets none, and the page says so; one whose licence is not
    stated gets them in a DRAFT alone, where every tile says that (`permission.kept_back`).

    Args:
        content: The release.
        folder: Its folder, which exists.
        artifacts: What the other parts wrote into it, offered as downloads; sizes are read here.
        progress: Told the rows of tiles done and of all rows, over all dates.

    Returns:
        The page, what it loads, and every tile.

    Raises:
        UsageError: A date whose id cannot be the name of a folder.
    """
    pyramid = plan_pyramid(content.grid, min(image.gsd_m for image in content.dates))
    shown = [image for image in content.dates if image.licence.tiles is not False]
    indexes = {
        image.id: _write_date(content, image, folder, pyramid, _nth(progress, number, len(shown)))
        for number, image in enumerate(shown)
    }
    data = page_data(content, pyramid, indexes)
    html = _html(content, _downloads(folder, artifacts), data, artifacts)
    (folder / "index.html").write_text(html, encoding="utf-8", newline="\n")
    return (
        Artifact(path="index.html", role="page", media_type="text/html", title="The page"),
        *_copy_assets(folder),
        *_write_logo(content, folder),
        *(tile for date_id, index in indexes.items() for tile in _tiles(date_id, index)),
    )


def _write_date(
    content: Content,
    image: DatedImage,
    folder: Path,
    pyramid: Pyramid,
    progress: Callable[[int, int], None] | None,
) -> TileIndex:
    if not _SAFE_ID.fullmatch(image.id):
        raise UsageError(
            "a date's id must be able to name a folder",
            found=repr(image.id),
            expected="letters, digits, dots, hyphens, underscores",
        )
    return write_tiles(
        partial(Picture, image.visual),
        folder / "page" / "tiles" / image.id,
        pyramid,
        mark=tile_mark(content, image, pyramid),
        progress=progress,
    )


def _nth(
    progress: Callable[[int, int], None] | None, number: int, count: int
) -> Callable[[int, int], None] | None:
    """Progress of the `number`-th of `count` equally long jobs."""
    if progress is None:
        return None
    return lambda done, total: progress(number * total + done, count * total)


def _copy_assets(folder: Path) -> list[Artifact]:
    source = files("satdesk").joinpath("data", "page")
    artifacts = []
    for name, media_type in ASSETS.items():
        target = folder / "page" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(source.joinpath(*name.split("/")).read_bytes())
        artifacts.append(Artifact(path=f"page/{name}", role="page-asset", media_type=media_type))
    return artifacts


def _write_logo(content: Content, folder: Path) -> list[Artifact]:
    """The publisher's logo, small: the page must come quickly."""
    logo = content.style.logo
    if logo is None:
        return []
    with Image.open(io.BytesIO(logo.png)) as picture:
        picture.thumbnail(_LOGO_PX, Image.Resampling.LANCZOS)
        picture.save(folder / LOGO_PATH, format="PNG", optimize=True)
    return [Artifact(path=LOGO_PATH, role="page-asset", media_type="image/png")]


def _tiles(date_id: str, index: TileIndex) -> list[Artifact]:
    return [
        Artifact(
            path=f"page/tiles/{date_id}/{path}",
            role="tile",
            media_type="image/webp",
            date_id=date_id,
        )
        for path in index.paths()
    ]


def _downloads(folder: Path, artifacts: Sequence[Artifact]) -> list[Download]:
    known = {artifact.path for artifact in artifacts}
    later = [artifact for artifact in _LATER if artifact.path not in known]
    return [
        Download(artifact=artifact, size=_size(folder / artifact.path))
        for artifact in (*artifacts, *later)
    ]


def _size(path: Path) -> int | None:
    return path.stat().st_size if path.is_file() else None


def _html(
    content: Content,
    downloads: Sequence[Download],
    data: Mapping[str, object],
    artifacts: Sequence[Artifact],
) -> str:
    said = language(content.language)
    template = files("satdesk").joinpath("data", "page", "page.html").read_text(encoding="utf-8")
    return Template(template).substitute(
        language=join((said.tag,)),
        direction=join((said.direction,)),
        skip=join((said.say("page_skip"),)),
        facts=join((said.say("page_panel"),)),
        noscript=join((said.say("page_noscript"),)),
        footer=join((said.say("page_footer"),)),
        map=join((said.say("page_map", description=Phrase(_description(content))),)),
        policy=join((CONTENT_SECURITY_POLICY,)),
        title=join((_title(content),)),
        description=join((_description(content),)),
        robots=_robots(content),
        social=social(content, _title(content), _description(content), artifacts),
        banners=banners(content),
        heading=heading(content),
        compare=_compare(content),
        dates=date_lines(content),
        panel=panel(content, downloads),
        data=embed_json(data),
    )


def _title(content: Content) -> str:
    marks = ["SIMULATED"] if content.simulated else []
    marks += ["DRAFT"] if content.status is Status.DRAFT else []
    return " · ".join((*marks, content.title, content.publisher))


def _description(content: Content) -> str:
    if len(content.dates) == 1:
        return alt_text(content, content.dates[0], language(content.language))
    return comparison_alt_text(content, content.dates, language(content.language))


def _robots(content: Content) -> Html | None:
    """A draft that slipped out is at least not indexed."""
    if content.status is Status.DRAFT:
        return el("meta", name="robots", content="noindex")
    return Html("")


def _compare(content: Content) -> Html:
    """Two selects where there are more than two dates to compare."""
    if len(content.dates) <= _COMPARED:
        return Html("")
    said = language(content.language)
    chosen = {"left": content.dates[0].id, "right": content.dates[-1].id}
    selects = (
        el(
            "label",
            el("span", said.say(f"page_{side}")),
            el("select", *_options(content, chosen[side]), id=f"choose-{side}"),
        )
        for side in chosen
    )
    return el("div", *selects, class_="compare", role="group", aria_label=said.say("page_compared"))


def _options(content: Content, chosen: str) -> list[Html]:
    return [
        el(
            "option",
            date_title(content, image),
            value=image.id,
            selected=image.id == chosen,
        )
        for image in content.dates
    ]
