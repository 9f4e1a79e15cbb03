"""A small, plausible release content with real rasters, for tests of everything that draws it.

`make_content(folder)` writes ``<date>/visual.tif`` and ``<date>/image.tif`` into `folder`
(EPSG:32638, 600 × 400 pixels of 10 m, clipped to a small polygon around Kalbajar town) and returns
the `Content` that describes them.
The pictures are textured noise with a river, fields and a few bright blocks; the second date has
more blocks than the first, so that a before/after swipe shows something.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from odc.geo.geobox import GeoBox
from pyproj import Transformer
from rasterio.enums import ColorInterp
from rasterio.features import geometry_mask
from scipy.ndimage import gaussian_filter
from shapely import Point, Polygon, transform
from shapely.geometry.base import BaseGeometry

from satdesk.core.bands import BLUE, GREEN, NIR, RED
from satdesk.core.lineage import Lineage
from satdesk.core.place import District, Name, Publication, Site, Source
from satdesk.core.scene import Acquisition, Angles
from satdesk.core.units import Quantity
from satdesk.release.content import (
    Content,
    DatedImage,
    Event,
    Licence,
    Notice,
    Relation,
    Status,
)
from satdesk.release.marks import PICTURE_LETTER_PX, SIMULATED, spread_pattern
from satdesk.release.stamps import stamp_rgba

__all__ = ["CRS", "GRID", "make_content", "make_district", "make_sites"]

CRS = "EPSG:32638"
GRID = GeoBox((400, 600), Affine(10.0, 0.0, 586_000.0, 0.0, -10.0, 4_442_500.0), CRS)
"""6 km × 4 km around Kalbajar town."""

SIMULATED_MISSION = "SIMULATED Azersky-class camera"


def make_content(
    folder: Path,
    *,
    simulated: bool = False,
    draft: bool = False,
    day_only: bool = False,
    dates: int = 2,
) -> Content:
    """Write the rasters of `dates` (1 or 2) dates below `folder` and describe them.

    `simulated` marks every date; `draft` makes the licence of the dates unknown; `day_only` leaves
    the second date without a time of day, hence without a sun.
    """
    district = make_district()
    sites = make_sites()
    images = (
        _image(folder, district, "before", simulated=simulated, draft=draft, day_only=False),
        _image(folder, district, "after", simulated=simulated, draft=draft, day_only=day_only),
    )[:dates]
    return Content(
        id="kalbajar-test",
        title="Kalbajar town, before and after",
        language="en",
        district=district,
        sites=sites,
        unpublished_sites=(("Museum", "not identified in the source"),),
        grid=GRID,
        dates=images,
        event=_event() if dates == 2 else None,
        publisher="The Test Desk",
        contact="corrections@example.org",
        time_zone="Asia/Baku",
        status=Status.DRAFT if draft else Status.ISSUED,
        draft_reasons=("before: the licence for the press is not stated",) if draft else (),
        notices=(
            Notice(
                code="geoid-stand-in",
                text="EGM96 stands in for EGM2008; they differ by 0.4 m here.",
            ),
        ),
        version="0.1.0",
        assertion="“The town can be seen in full.”",
    )


def make_district() -> District:
    """A contested seven-cornered polygon inside the grid, with names in four languages."""
    corners = [
        (300, 400),
        (3000, 150),
        (5650, 500),
        (5500, 2600),
        (4100, 3800),
        (900, 3500),
        (1300, 2000),
    ]
    return District(
        id="test:kalbajar",
        names=(
            Name(text="Kəlbəcər", language="az"),
            Name(text="Kalbajar", language="en"),
            Name(text="Քարվաճառ", language="hy"),
            Name(text="Кельбаджар", language="ru"),
        ),
        geometry=_lonlat(Polygon([(586_000 + x, 4_442_500 - y) for x, y in corners])),
        source=Source(
            title="A polygon drawn for tests",
            licence="CC0-1.0",
            date="2020",
            viewpoint=None,
            reference="test:kalbajar",
        ),
        codes=(("ISO 3166-2", "AZ-KAL"),),
        contested=True,
        country="AZ",
        time_zone="Asia/Baku",
    )


def make_sites() -> tuple[Site, ...]:
    """A town and an invented monastery, the second coarsened; both inside the district."""
    sources = (
        Source(title="Gazetteer one", licence="CC-BY-4.0", reference="one:1"),
        Source(title="Gazetteer two", licence="CC0-1.0", reference="two:2"),
    )
    town = Site(
        id="town",
        names=(Name(text="Kalbajar", language="en"), Name(text="Kəlbəcər", language="az")),
        kind="town",
        geometry=_lonlat(Point(588_950, 4_440_400)),
        uncertainty_m=500.0,
        sources=sources,
        publication=Publication.PUBLISHED,
    )
    monastery = Site(
        id="monastery",
        names=(
            Name(text="Invented monastery", language="en"),
            Name(text="Uydurma monastır", language="az"),
            Name(text="Հորինված վանք", language="hy"),
            Name(text="Вымышленный монастырь", language="ru"),
        ),
        kind="monastery",
        geometry=_lonlat(Point(590_400, 4_441_300)),
        uncertainty_m=200.0,
        sources=sources,
        publication=Publication.PUBLISHED,
        sensitivity="coarse",
        coarse_m=500.0,
    )
    return (town, monastery)


def _event() -> Event:
    return Event(
        name="An event invented for tests",
        at=Acquisition.on(date(2020, 11, 25)),
        time_zone="Asia/Baku",
        source="The test suite",
    )


def _image(
    folder: Path,
    district: District,
    name: str,
    *,
    simulated: bool,
    draft: bool,
    day_only: bool,
) -> DatedImage:
    after = name == "after"
    inside = _inside(district)
    reflectance = _reflectance(blocks=40 if after else 15)
    (folder / name).mkdir(parents=True, exist_ok=True)
    visual = _write_visual(folder / name / "visual.tif", reflectance, inside, simulated=simulated)
    image = _write_image(folder / name / "image.tif", reflectance, inside)
    instant = (
        datetime(2021, 6, 5, 7, 41, 9, tzinfo=UTC)
        if after
        else datetime(2020, 9, 14, 7, 33, 20, 827000, tzinfo=UTC)
    )
    dated = DatedImage(
        id=name,
        scene_ids=(f"SCENE_{name.upper()}_1",),
        acquisition=Acquisition.at(instant),
        relation=Relation.AFTER if after else Relation.BEFORE,
        mission=SIMULATED_MISSION if simulated else "SPOT 7",
        instrument="SIMULATED" if simulated else "NAOMI",
        angles=_angles(instant, after=after),
        credit="SIMULATED by satdesk" if simulated else "© Test Provider 2020",
        simulated=simulated,
        visual=visual,
        image=image,
        bands=(BLUE, GREEN, RED, NIR),
        quantity=Quantity.TOA,
        product="sharpened",
        gsd_m=10.0,
        native_gsd_m=12.0,
        seen_share=0.97,
        cloud_percent=3.5,
        licence=Licence()
        if draft
        else Licence(name="Test licence", press=True, tiles=True, analysis=True),
        lineage=_lineage(name),
        facts=(
            ("alignment", {"dx_px": 1.4, "dy_px": 1.2, "residual_px": 0.04}),
            ("terrain", "a terrain invented for tests"),
        ),
        notices=(Notice(code="terrain-coarse", text="The terrain model has a spacing of 930 m."),),
        footprint_wkt=district.geometry.wkt,
    )
    return (
        replace(dated, acquisition=Acquisition.on(instant.date()), angles=None)
        if day_only
        else dated
    )


def _angles(instant: datetime, *, after: bool) -> Angles:
    return Angles(
        where="center",
        incidence_deg=18.4 if after else 7.9,
        view_azimuth_deg=101.5,
        viewing_deg=16.2 if after else 7.0,
        sun_elevation_deg=68.2 if after else 50.1,
        sun_azimuth_deg=141.0,
        time=instant,
    )


def _lineage(name: str) -> Lineage:
    source = Lineage(step="image-layer", parameters=(("image", f"SCENE_{name.upper()}_1.TIF"),))
    ortho = Lineage(step="ortho", parameters=(("kernel", "cubic"),), inputs=(source,))
    return Lineage(step="clipped", parameters=(("polygon", "test:kalbajar"),), inputs=(ortho,))


def _reflectance(*, blocks: int) -> np.ndarray:
    """``(4, y, x)`` reflectance B G R NIR of relief, fields, a river and `blocks` bright blocks."""
    rng = np.random.default_rng(7)
    shape = tuple(GRID.shape)
    relief = sum(
        _noise(rng, shape, sigma) * weight for sigma, weight in ((30, 1), (8, 0.5), (1.5, 0.3))
    )
    shade = 1 + 0.5 * np.gradient(gaussian_filter(relief, 2))[1]
    green = np.clip(0.5 + 0.3 * _noise(rng, shape, 12), 0, 1)
    brown = 1 - green
    planes = np.stack(
        [
            0.05 * green + 0.10 * brown,
            0.09 * green + 0.14 * brown,
            0.06 * green + 0.19 * brown,
            0.38 * green + 0.25 * brown,
        ]
    )
    planes *= np.clip(shade + 0.08 * relief, 0.4, 1.8)
    y, x = np.mgrid[: shape[0], : shape[1]]
    river = np.abs(y - 220 - 45 * np.sin(x / 90)) < 5
    planes[:, river] = np.array([0.10, 0.09, 0.06, 0.03])[:, None]
    for corner_y, corner_x in rng.integers((100, 180), (280, 420), size=(blocks, 2)):
        planes[:, corner_y : corner_y + 7, corner_x : corner_x + 9] = 0.42
    return np.clip(planes, 0.001, 1.2)


def _noise(rng: np.random.Generator, shape: tuple[int, ...], sigma: float) -> np.ndarray:
    field = gaussian_filter(rng.normal(size=shape), sigma)
    return field / field.std()


def _write_visual(
    path: Path, reflectance: np.ndarray, inside: np.ndarray, *, simulated: bool
) -> Path:
    rgb = np.clip((reflectance[[2, 1, 0]] / 0.35) ** (1 / 2.2), 0, 1) * 255
    pixels = np.concatenate([rgb * inside, 255 * inside[None]]).round().astype(np.uint8)
    if simulated:
        pattern = spread_pattern(SIMULATED, PICTURE_LETTER_PX)
        pixels = np.moveaxis(stamp_rgba(np.moveaxis(pixels, 0, -1), pattern), -1, 0)
    with _create(path, "uint8", nodata=None, photometric="RGB", ALPHA="YES") as target:
        target.write(pixels)
        target.colorinterp = (
            ColorInterp.red,
            ColorInterp.green,
            ColorInterp.blue,
            ColorInterp.alpha,
        )
    return path


def _write_image(path: Path, reflectance: np.ndarray, inside: np.ndarray) -> Path:
    stored = np.where(inside, np.maximum((reflectance * 10_000).round(), 1), 0).astype(np.uint16)
    with _create(path, "uint16", nodata=0, photometric="MINISBLACK", ALPHA="NO") as target:
        target.write(stored)
        target.descriptions = ("B", "G", "R", "NIR")
        target.scales = (1e-4,) * 4
    return path


def _create(
    path: Path, dtype: str, *, nodata: int | None, photometric: str, ALPHA: str
) -> rasterio.io.DatasetWriter:
    return rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=GRID.shape[1],
        height=GRID.shape[0],
        count=4,
        dtype=dtype,
        crs=CRS,
        transform=GRID.affine,
        nodata=nodata,
        tiled=True,
        blockxsize=256,
        blockysize=256,
        compress="deflate",
        photometric=photometric,
        ALPHA=ALPHA,
    )


def _inside(district: District) -> np.ndarray:
    forward = Transformer.from_crs("EPSG:4326", CRS, always_xy=True)
    polygon = transform(district.geometry, forward.transform, interleaved=False)
    return geometry_mask([polygon], tuple(GRID.shape), GRID.affine, invert=True)


def _lonlat(geometry: BaseGeometry) -> BaseGeometry:
    back = Transformer.from_crs(CRS, "EPSG:4326", always_xy=True)
    return transform(geometry, back.transform, interleaved=False)
