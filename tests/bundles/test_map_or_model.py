"""Images that carry a map and an RPC, as Maxar's Ortho Ready Standard and many NITF do."""

from __future__ import annotations

from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np
import pytest
import rasterio
from affine import Affine

from corpus import deliveries, rpc_dialects
from satdesk.bundles.formats import open_bundle, open_images
from satdesk.errors import BrokenInputError
from satdesk.files.rasters import require_pixels
from satdesk.release.aim import aim

NUMBERS = rpc_dialects.NUMBERS | {
    "LINE_OFF": 29.5, "SAMP_OFF": 39.5, "LINE_SCALE": 30.0, "SAMP_SCALE": 40.0,
    "LAT_SCALE": 0.003, "LONG_SCALE": 0.005,
}  # fmt: skip
SHAPE = (60, 80)
LEAN = 5.0
"""Columns that a place moves by from HEIGHT_OFF to HEIGHT_OFF + HEIGHT_SCALE."""


def rpc_tags(lon: float = NUMBERS["LONG_OFF"]) -> dict[str, str]:
    """A camera whose columns follow longitude and height, whose rows follow latitude."""
    one = rpc_dialects.cubic(1.0)
    lines = rpc_dialects.cubic(0.0, 0.0, -1.0)
    samples = rpc_dialects.cubic(0.0, 1.0, 0.0, -LEAN / NUMBERS["SAMP_SCALE"])
    cubics = {
        "LINE_NUM_COEFF": lines, "LINE_DEN_COEFF": one,
        "SAMP_NUM_COEFF": samples, "SAMP_DEN_COEFF": one,
    }  # fmt: skip
    numbers = NUMBERS | {"LONG_OFF": lon}
    return {key: repr(value) for key, value in numbers.items()} | {
        key: " ".join(map(repr, cubic)) for key, cubic in cubics.items()
    }


def rpc_text() -> str:
    told = rpc_tags()
    lines = [f"{k}: {v}" for k, v in told.items() if "COEFF" not in k]
    cubics = [(k, v.split()) for k, v in told.items() if "COEFF" in k]
    lines += [f"{k}_{i}: {c}" for k, cs in cubics for i, c in enumerate(cs, 1)]
    return "\n".join(lines)


def map_at(height: float, *, moved_px: float = 0.0) -> Affine:
    """The map on which that camera's picture lies where all ground has one height."""
    lon_px = NUMBERS["LONG_SCALE"] / NUMBERS["SAMP_SCALE"]
    lat_px = NUMBERS["LAT_SCALE"] / NUMBERS["LINE_SCALE"]
    lean = LEAN * (height - NUMBERS["HEIGHT_OFF"]) / NUMBERS["HEIGHT_SCALE"]
    west = NUMBERS["LONG_OFF"] - (40.0 - lean - moved_px) * lon_px
    return Affine(lon_px, 0, west, 0, -lat_px, NUMBERS["LAT_OFF"] + 30.0 * lat_px)


def picture(path: Path, transform: Affine, tags: dict[str, str] | None = None) -> Path:
    values = np.ones((1, *SHAPE), "uint16")
    deliveries.raster(path, values, crs="EPSG:4326", transform=transform)
    if tags is not None:
        with rasterio.open(path, "r+") as sink:
            sink.update_tags(ns="RPC", **tags)
    return path


def test_a_picture_that_lies_on_one_height_is_no_orthoimage(tmp_path):
    path = picture(tmp_path / "p.tif", map_at(1700.0), rpc_tags())
    scene = open_bundle(path)
    image = scene.images[0]
    assert image.grid.crs is None
    assert image.grid.affine == Affine.identity()
    assert image.model is not None
    assert dict(scene.facts)[f"{image.id}.map_left_aside"] == (
        "EPSG:4326 at 1700 m above the ellipsoid"
    )
    assert scene.problems == ()
    require_pixels(scene)


def test_places_follow_the_height_of_the_ground(tmp_path):
    looking = aim(picture(tmp_path / "p.tif", map_at(1700.0), rpc_tags()))
    low, high = looking.locate(np.array([[40.0, 30.0, 1500.0], [40.0, 30.0, 2500.0]]))
    lon_px = NUMBERS["LONG_SCALE"] / NUMBERS["SAMP_SCALE"]
    assert high[0] - low[0] == pytest.approx(LEAN * lon_px, rel=1e-6)


def test_an_rpc_beside_the_image_is_looked_at_too(tmp_path):
    path = picture(tmp_path / "p.tif", map_at(1700.0))
    told = rpc_tags()
    lines = [f"{k}: {v}" for k, v in told.items() if "COEFF" not in k]
    lines += [
        f"{k}_{i}: {c}" for k, v in told.items() if "COEFF" in k for i, c in enumerate(v.split(), 1)
    ]
    (tmp_path / "p_RPC.TXT").write_text("\n".join(lines))
    assert open_bundle(path).images[0].model_source.name == "p_RPC.TXT"


def test_a_map_and_an_rpc_that_do_not_fit_are_a_question(tmp_path):
    path = picture(tmp_path / "p.tif", map_at(1700.0, moved_px=12.0), rpc_tags())
    shown = open_bundle(path)
    (problem,) = shown.problems
    assert (problem.code, problem.blocks) == ("map-and-rpc", True)
    assert "--rpc" in problem.remedy
    with pytest.raises(BrokenInputError, match="map-and-rpc"):
        require_pixels(shown)
    with pytest.raises(BrokenInputError, match="contradict"):
        aim(path)


def test_the_user_answers_it_with_the_rpc(tmp_path):
    # the map leans by more than the heights that the RPC knows can explain
    path = picture(tmp_path / "p.tif", map_at(1700.0, moved_px=12.0), rpc_tags())
    scene = open_images(image=path, rpc=path)
    assert scene.problems == ()
    assert scene.images[0].grid.crs is None
    assert aim(path, rpc=path).affine == Affine.identity()


def test_a_named_rpc_of_other_ground_is_refused(tmp_path):
    path = picture(tmp_path / "p.tif", map_at(1700.0))
    other = picture(tmp_path / "q.tif", map_at(1700.0), rpc_tags(lon=NUMBERS["LONG_OFF"] + 3))
    with pytest.raises(BrokenInputError, match="other ground"):
        open_images(image=path, rpc=other)


def test_an_image_on_a_map_without_an_rpc_stays_there(tmp_path):
    scene = open_bundle(picture(tmp_path / "p.tif", map_at(1700.0)))
    assert str(scene.images[0].grid.crs) == "EPSG:4326"
    assert scene.problems == ()


def test_axes_that_lie_nowhere_on_earth_are_no_map(tmp_path):
    values = np.ones((1, *SHAPE), "uint16")
    axes = 'AXIS["(E)",east],AXIS["(N)",north],LENGTHUNIT["metre",1]'
    nowhere = f'ENGCRS["unnamed",EDATUM[""],CS[Cartesian,2],{axes}]'
    deliveries.raster(tmp_path / "pixels.tif", values)
    cut = tmp_path / "p.vrt"
    cut.write_text(
        f'<VRTDataset rasterXSize="80" rasterYSize="60"><SRS>{escape(nowhere)}</SRS>'
        '<VRTRasterBand dataType="UInt16" band="1"><SimpleSource><SourceFilename '
        'relativeToVRT="1">pixels.tif</SourceFilename><SourceBand>1</SourceBand></SimpleSource>'
        "</VRTRasterBand></VRTDataset>"
    )
    (tmp_path / "p_RPC.TXT").write_text(rpc_text())
    scene = open_bundle(cut)
    assert scene.images[0].grid.crs is None
    assert scene.images[0].model_source.name == "p_RPC.TXT"
    assert scene.problems == ()


def test_hidden_files_of_macos_are_no_second_image(tmp_path):
    picture(tmp_path / "p.tif", map_at(1700.0))
    (tmp_path / "._p.tif").write_bytes(b"\0\5\x16\7")
    assert open_bundle(tmp_path).images[0].tiles[0].path.name == "p.tif"
